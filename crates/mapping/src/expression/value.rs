//! The values of expressions, which count the steps.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    fmt,
    ops::{Add, Div, Mul, Neg, Rem, Sub},
    rc::Rc,
};

use jaq_core::{Error, ValR, ValT, ValX, box_iter::BoxIter, ops::Math, path::Opt, val::Range};
use serde_json::{Number, Value};

use super::steps::Steps;

/// How deep lists and objects that an expression makes may be.
const DEPTH_MAX: usize = 64;

/// A value. Copies of it share what it holds.
#[derive(Clone, Debug)]
pub(super) enum JaqItem {
    Null,
    Truth(bool),
    Number(Number),
    Text(Rc<str>),
    List(Rc<JaqList>),
    Object(Rc<JaqObject>),
}

/// Items, and how deep they are.
#[derive(Debug)]
pub(super) struct JaqList {
    pub(super) items: Vec<JaqItem>,
    depth: usize,
}

/// Members, and how deep they are.
#[derive(Debug)]
pub(super) struct JaqObject {
    pub(super) members: BTreeMap<Rc<str>, JaqItem>,
    depth: usize,
}

impl JaqItem {
    /// The value of a record.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Truth(*truth),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.as_str().into()),
            Value::Array(items) => Self::list(items.iter().map(Self::of).collect()),
            Value::Object(members) => Self::object(
                members
                    .iter()
                    .map(|(key, value)| (key.as_str().into(), Self::of(value)))
                    .collect(),
            ),
        }
    }

    /// The value as a record would have it; each part is a step. None when they are used up: shared parts are written out
    /// here, each time that they stand somewhere.
    pub(super) fn to_value(&self) -> Option<Value> {
        Steps::take(1).then_some(())?;
        Some(match self {
            Self::Null => Value::Null,
            Self::Truth(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.to_string()),
            Self::List(list) => Value::Array(
                list.items
                    .iter()
                    .map(Self::to_value)
                    .collect::<Option<_>>()?,
            ),
            Self::Object(object) => Value::Object(
                object
                    .members
                    .iter()
                    .map(|(key, item)| Some((key.to_string(), item.to_value()?)))
                    .collect::<Option<_>>()?,
            ),
        })
    }

    /// A list of these items. One that would be too deep is none, and uses up the steps.
    fn list(items: Vec<Self>) -> Self {
        let depth = 1 + items.iter().map(Self::depth).max().unwrap_or(0);
        Steps::take(items.len() / 16 + 1);
        if depth > DEPTH_MAX {
            Steps::use_up();
            return Self::Null;
        }
        Self::List(Rc::new(JaqList { items, depth }))
    }

    fn object(members: BTreeMap<Rc<str>, Self>) -> Self {
        let depth = 1 + members.values().map(Self::depth).max().unwrap_or(0);
        Steps::take(members.len() / 16 + 1);
        if depth > DEPTH_MAX {
            Steps::use_up();
            return Self::Null;
        }
        Self::Object(Rc::new(JaqObject { members, depth }))
    }

    fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            Self::Object(object) => object.depth,
            _ => 0,
        }
    }

    pub(super) fn map_text(self, change: fn(&str) -> String) -> ValR<Self> {
        match &self {
            Self::Text(text) => Ok(Self::from(change(text))),
            _ => Err(Error::typ(self, "a text")),
        }
    }

    fn number(number: f64) -> Self {
        let whole = number as i64;
        if number.fract() == 0.0 && number.abs() < 9e15 {
            return Self::Number(whole.into());
        }
        Number::from_f64(number).map_or(Self::Null, Self::Number)
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    fn math(self, other: Self, by: Math, of: fn(f64, f64) -> f64) -> ValR<Self> {
        Steps::take(1);
        match (self.as_f64(), other.as_f64()) {
            (Some(left), Some(right)) => Ok(Self::number(of(left, right))),
            _ => Err(Error::math(self, by, other)),
        }
    }

    /// The place of an index within so many.
    fn place(index: &Self, length: usize) -> Option<usize> {
        let at = index.as_f64()?.floor();
        let at = if at < 0.0 { at + length as f64 } else { at };
        (at >= 0.0 && at < length as f64).then_some(at as usize)
    }

    /// The ends of a range within so many.
    fn ends(range: &Range<&Self>, length: usize) -> (usize, usize) {
        let end = |end: Option<&Self>, default: usize| {
            let at = end.and_then(Self::as_f64).map_or(default as f64, |at| {
                if at < 0.0 { at + length as f64 } else { at }
            });
            at.clamp(0.0, length as f64) as usize
        };
        let (start, end) = (end(range.start, 0), end(range.end, length));
        (start.min(end), end)
    }

    fn order(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Truth(false) => 1,
            Self::Truth(true) => 2,
            Self::Number(_) => 3,
            Self::Text(_) => 4,
            Self::List(_) => 5,
            Self::Object(_) => 6,
        }
    }
}

/// Steps through items, and ends when the steps are used up.
fn counted<T: 'static>(items: impl Iterator<Item = T> + 'static) -> BoxIter<'static, T> {
    Box::new(items.take_while(|_| Steps::take(1)))
}

impl ValT for JaqItem {
    fn from_num(text: &str) -> ValR<Self> {
        if let Ok(whole) = text.parse::<i64>() {
            return Ok(Self::Number(whole.into()));
        }
        let number = text.parse::<f64>().ok().filter(|it| it.is_finite());
        number
            .map(Self::number)
            .ok_or_else(|| Error::str("it is no number"))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(members: I) -> ValR<Self> {
        let members = members.into_iter().map(|(key, item)| match key {
            Self::Text(key) => Ok((key, item)),
            key => Err(Error::typ(key, "a key")),
        });
        members.collect::<Result<_, _>>().map(Self::object)
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self), Self>> {
        match self {
            Self::List(list) => {
                let items = list.items.clone().into_iter().enumerate();
                counted(items.map(|(at, item)| Ok((Self::from(at.cast_signed()), item))))
            }
            Self::Object(object) => {
                let members = object.members.clone().into_iter();
                counted(members.map(|(key, item)| Ok((Self::Text(key), item))))
            }
            other => Box::new(std::iter::once(Err(Error::typ(other, "a list")))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        match self {
            Self::List(list) => {
                // A copy of the items would be a step for each, even if only the first is wanted.
                let mut at = 0;
                counted(std::iter::from_fn(move || {
                    at += 1;
                    list.items.get(at - 1).cloned().map(Ok)
                }))
            }
            Self::Object(object) => counted(object.members.clone().into_values().map(Ok)),
            other => Box::new(std::iter::once(Err(Error::typ(other, "a list")))),
        }
    }

    fn index(self, index: &Self) -> ValR<Self> {
        Steps::take(1);
        match (&self, index) {
            (Self::Null, _) => Ok(Self::Null),
            (Self::List(list), Self::Number(_)) => {
                let at = Self::place(index, list.items.len());
                Ok(at.map_or(Self::Null, |at| list.items[at].clone()))
            }
            (Self::Object(object), Self::Text(key)) => {
                Ok(object.members.get(key).cloned().unwrap_or(Self::Null))
            }
            _ => Err(Error::index(self, index.clone())),
        }
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        Steps::take(1);
        match &self {
            Self::Null => Ok(self),
            Self::List(list) => {
                let (start, end) = Self::ends(&range, list.items.len());
                Ok(Self::list(list.items[start..end].to_vec()))
            }
            Self::Text(text) => {
                let letters: Vec<char> = text.chars().collect();
                Steps::take(letters.len() / 16);
                let (start, end) = Self::ends(&range, letters.len());
                Ok(Self::from(letters[start..end].iter().collect::<String>()))
            }
            _ => Err(Error::typ(self, "a list")),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match self {
            Self::List(list) => {
                let items = list.items.iter().cloned().take_while(|_| Steps::take(1));
                let items: Vec<_> = items.flat_map(f).collect::<Result<_, _>>()?;
                Ok(Self::list(items))
            }
            Self::Object(object) => {
                let mut members = BTreeMap::new();
                for (key, item) in &object.members {
                    if !Steps::take(1) {
                        break;
                    }
                    if let Some(item) = f(item.clone()).next() {
                        members.insert(Rc::clone(key), item?);
                    }
                }
                Ok(Self::object(members))
            }
            other => opt.fail(other, |other| Error::typ(other, "a list").into()),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Steps::take(1);
        match (&self, index) {
            (Self::Object(object), Self::Text(key)) => {
                let mut members = object.members.clone();
                Steps::take(members.len());
                let before = members.get(key).cloned().unwrap_or(Self::Null);
                match f(before).next() {
                    Some(item) => members.insert(Rc::clone(key), item?),
                    None => members.remove(key),
                };
                Ok(Self::object(members))
            }
            (Self::List(list), Self::Number(_)) => {
                let Some(at) = Self::place(index, list.items.len()) else {
                    return opt.fail(self, |it| Error::typ(it, "a list that is as long").into());
                };
                let mut items = list.items.clone();
                Steps::take(items.len());
                match f(items[at].clone()).next() {
                    Some(item) => items[at] = item?,
                    None => drop(items.remove(at)),
                }
                Ok(Self::list(items))
            }
            _ => opt.fail(self, |it| Error::typ(it, "an object").into()),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let Self::List(list) = &self else {
            return opt.fail(self, |it| Error::typ(it, "a list").into());
        };
        Steps::take(list.items.len() + 1);
        let (start, end) = Self::ends(&range, list.items.len());
        let middle = f(Self::list(list.items[start..end].to_vec())).next();
        let middle = match middle.transpose()? {
            Some(Self::List(middle)) => middle.items.clone(),
            Some(other) => return Err(Error::typ(other, "a list").into()),
            None => Vec::new(),
        };
        let items = [&list.items[..start], &middle, &list.items[end..]].concat();
        Ok(Self::list(items))
    }

    fn as_bool(&self) -> bool {
        !matches!(self, Self::Null | Self::Truth(false))
    }

    fn into_string(self) -> Self {
        match self {
            Self::Text(_) => self,
            other => Self::from(other.to_string()),
        }
    }
}

impl From<bool> for JaqItem {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<isize> for JaqItem {
    fn from(number: isize) -> Self {
        Self::Number((number as i64).into())
    }
}

impl From<String> for JaqItem {
    fn from(text: String) -> Self {
        Steps::take(text.len() / 64 + 1);
        Self::Text(text.into())
    }
}

impl From<Range<Self>> for JaqItem {
    fn from(range: Range<Self>) -> Self {
        let end = |key: &str, end: Option<Self>| Some((key.into(), end?));
        let ends = [end("start", range.start), end("end", range.end)];
        Self::object(ends.into_iter().flatten().collect())
    }
}

impl FromIterator<Self> for JaqItem {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self::list(items.into_iter().take_while(|_| Steps::take(1)).collect())
    }
}

impl PartialEq for JaqItem {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for JaqItem {
    /// The order of jq: `null`, truths, numbers, texts, lists, objects. Each comparison is a step: two values that share
    /// their parts are compared as if they did not.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if !Steps::take(1) {
            return None;
        }
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => match (left.as_i64(), right.as_i64()) {
                (Some(left), Some(right)) => Some(left.cmp(&right)),
                _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
            },
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::List(left), Self::List(right)) => left.items.partial_cmp(&right.items),
            (Self::Object(left), Self::Object(right)) => left.members.partial_cmp(&right.members),
            _ => Some(self.order().cmp(&other.order())),
        }
    }
}

impl Add for JaqItem {
    type Output = ValR<Self>;

    fn add(self, other: Self) -> ValR<Self> {
        match (&self, &other) {
            (Self::Null, _) => Ok(other),
            (_, Self::Null) => Ok(self),
            (Self::Text(left), Self::Text(right)) => {
                // It may double each time.
                if !Steps::take((left.len() + right.len()) / 64 + 1) {
                    return Ok(Self::Null);
                }
                Ok(Self::Text([&**left, &**right].concat().into()))
            }
            (Self::List(left), Self::List(right)) => {
                if !Steps::take(left.items.len() + right.items.len()) {
                    return Ok(Self::Null);
                }
                Ok(Self::list([&*left.items, &*right.items].concat()))
            }
            (Self::Object(left), Self::Object(right)) => {
                if !Steps::take(left.members.len() + right.members.len()) {
                    return Ok(Self::Null);
                }
                let mut members = left.members.clone();
                members.extend(right.members.clone());
                Ok(Self::object(members))
            }
            (Self::Number(left), Self::Number(right)) => {
                let whole = left.as_i64().zip(right.as_i64());
                let sum = whole.and_then(|(left, right)| left.checked_add(right));
                match sum {
                    Some(sum) => Ok(Self::Number(sum.into())),
                    None => self.math(other, Math::Add, |left, right| left + right),
                }
            }
            _ => Err(Error::math(self, Math::Add, other)),
        }
    }
}

impl Sub for JaqItem {
    type Output = ValR<Self>;

    fn sub(self, other: Self) -> ValR<Self> {
        self.math(other, Math::Sub, |left, right| left - right)
    }
}

impl Mul for JaqItem {
    type Output = ValR<Self>;

    fn mul(self, other: Self) -> ValR<Self> {
        self.math(other, Math::Mul, |left, right| left * right)
    }
}

impl Div for JaqItem {
    type Output = ValR<Self>;

    fn div(self, other: Self) -> ValR<Self> {
        self.math(other, Math::Div, |left, right| left / right)
    }
}

impl Rem for JaqItem {
    type Output = ValR<Self>;

    fn rem(self, other: Self) -> ValR<Self> {
        self.math(other, Math::Rem, |left, right| left % right)
    }
}

impl Neg for JaqItem {
    type Output = ValR<Self>;

    fn neg(self) -> ValR<Self> {
        Self::from(0_isize) - self
    }
}

impl fmt::Display for JaqItem {
    /// As JSON, as far as the steps go.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_value() {
            Some(value) => value.fmt(out),
            None => Ok(()),
        }
    }
}
