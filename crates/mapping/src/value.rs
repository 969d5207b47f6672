//! Where a field's value comes from, and what it has to be.

use std::borrow::Cow;

use headcount_record::Reason;
use serde_json::Value;

use crate::{
    expression::Expression,
    path::{Path, RecordPlace},
    time::Moment,
};

/// Where a field's value comes from.
#[derive(Clone, Debug)]
pub(crate) struct FieldRule {
    pub(crate) origin: Origin,
    /// What a text stands for, as it is written in the mapping; letters of both cases are one.
    pub(crate) words: Option<Vec<(String, String)>>,
    /// What it is where the record does not say it.
    pub(crate) default: Option<String>,
    pub(crate) is_tid: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// The first of these that is there.
    Paths(Vec<Path>),
    /// Pieces of text and paths.
    Template(Vec<TemplatePart>),
    Expression(Expression),
    Constant(String),
}

#[derive(Clone, Debug)]
pub(crate) enum TemplatePart {
    Text(String),
    Path(Path),
}

impl FieldRule {
    /// The value of the field, before its words; none if the record does not say it.
    fn value<'a>(
        &'a self,
        place: RecordPlace<'a>,
        name: &'static str,
    ) -> Result<Option<Cow<'a, Value>>, Reason> {
        let value = match &self.origin {
            Origin::Paths(paths) => paths
                .iter()
                .find_map(|path| path.of(place))
                .map(Cow::Borrowed),
            Origin::Template(pieces) => template(pieces, place, name)?.map(owned),
            Origin::Expression(expression) => expression
                .first(place.item)
                .map_err(|refused| refused.reason(name))?
                .map(Cow::Owned),
            Origin::Constant(text) => Some(owned(text.clone())),
        };
        // An empty cell of a sheet says nothing.
        let says =
            |value: &Cow<'_, Value>| !value.as_str().is_some_and(|text| text.trim().is_empty());
        Ok(value.filter(says))
    }

    /// The field as a text, if it is there.
    pub(crate) fn text(
        &self,
        place: RecordPlace<'_>,
        name: &'static str,
    ) -> Result<Option<String>, Reason> {
        let Some(value) = self.value(place, name)? else {
            return Ok(self.default.clone());
        };
        let text = scalar(&value).ok_or(Reason::BadType(name))?;
        if text.contains('\0') {
            return Err(Reason::NulChar);
        }
        let Some(words) = &self.words else {
            return Ok(Some(text.into_owned()));
        };
        let known = words
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text.trim()));
        known
            .map(|(_, meaning)| Some(meaning.clone()))
            .ok_or(Reason::UnknownEnum(name))
    }

    /// The field as a text that has to be there.
    pub(crate) fn needed(
        &self,
        place: RecordPlace<'_>,
        name: &'static str,
    ) -> Result<String, Reason> {
        self.text(place, name)?.ok_or(Reason::MissingField(name))
    }

    /// The field as a whole number that is not negative, also one that is written as a text.
    pub(crate) fn whole(
        &self,
        place: RecordPlace<'_>,
        name: &'static str,
    ) -> Result<Option<u64>, Reason> {
        let Some(text) = self.text(place, name)? else {
            return Ok(None);
        };
        let text = text.trim();
        let fraction = || {
            let number: f64 = text.parse().ok()?;
            let is_whole = number.fract() == 0.0 && (0.0..9e15).contains(&number);
            is_whole.then_some(number as u64)
        };
        let whole = text.parse().ok().or_else(fraction);
        match whole {
            Some(whole) => Ok(Some(whole)),
            None if text.parse::<f64>().is_ok() => Err(Reason::Range(name)),
            None => Err(Reason::BadType(name)),
        }
    }

    /// The field as degrees.
    pub(crate) fn degrees(
        &self,
        place: RecordPlace<'_>,
        name: &'static str,
    ) -> Result<Option<f64>, Reason> {
        let Some(text) = self.text(place, name)? else {
            return Ok(None);
        };
        let degrees = text.trim().parse().ok().filter(|it: &f64| it.is_finite());
        degrees.map(Some).ok_or(Reason::BadType(name))
    }

    /// The field as a moment.
    pub(crate) fn moment(
        &self,
        place: RecordPlace<'_>,
        name: &'static str,
    ) -> Result<Option<Moment>, Reason> {
        let default = || self.default.clone().map(owned);
        let Some(value) = self.value(place, name)?.or_else(default) else {
            return Ok(None);
        };
        let moment = match self.is_tid {
            true => Moment::of_tid(&value),
            false => Moment::of(&value),
        };
        moment.map(Some).ok_or(Reason::BadTimestamp)
    }

    /// All values of a list: the items of an array, or all that an expression gives.
    pub(crate) fn list<'a>(
        &'a self,
        place: RecordPlace<'a>,
        name: &'static str,
    ) -> Result<Vec<Cow<'a, Value>>, Reason> {
        if let Origin::Expression(expression) = &self.origin {
            let all = expression.all(place.item);
            let all = all.map_err(|refused| refused.reason(name))?;
            return Ok(all.into_iter().map(Cow::Owned).collect());
        }
        Ok(match self.value(place, name)? {
            None => Vec::new(),
            Some(Cow::Borrowed(Value::Array(items))) => items.iter().map(Cow::Borrowed).collect(),
            Some(Cow::Owned(Value::Array(items))) => items.into_iter().map(Cow::Owned).collect(),
            Some(one) => vec![one],
        })
    }
}

fn owned<'a>(text: String) -> Cow<'a, Value> {
    Cow::Owned(Value::String(text))
}

fn template(
    pieces: &[TemplatePart],
    place: RecordPlace<'_>,
    name: &'static str,
) -> Result<Option<String>, Reason> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            TemplatePart::Text(piece) => text.push_str(piece),
            TemplatePart::Path(path) => match path.of(place) {
                Some(value) => text.push_str(&scalar(value).ok_or(Reason::BadType(name))?),
                None => return Ok(None),
            },
        }
    }
    Ok(Some(text))
}

/// A text, number or truth as a text.
pub(crate) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::String(text) => Cow::Borrowed(&**text),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        _ => return None,
    })
}
