//! What a reader chose: the filters of the page, as they stand in its address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    error::FilterError,
    instant::{instant, parse},
};

/// Values of one filter.
pub(super) const VALUES_MAX: usize = 32;
/// Bytes of a value.
const BYTES_MAX: usize = 256;
/// Parameters of an address that say how a page looks, and leave out nothing.
const LOOKS: [&str; 4] = ["by", "tz", "theme", "paused"];
const NAMES: [&str; 10] = [
    "country", "city", "category", "topic", "response", "venue", "group", "event", "from", "to",
];

/// Which answers and events are counted. Several values of one filter mean "or", several filters mean "and"; an empty
/// list leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, FilterValues>",
    into = "BTreeMap<String, Vec<String>>"
)]
pub struct Filters {
    /// Of the group: ISO 3166 alpha-2 in lower case, or `unknown`.
    pub countries: Vec<String>,
    /// Of the group.
    pub cities: Vec<CityFilter>,
    /// Of the group: a category's word or its name.
    pub categories: Vec<String>,
    /// Of the group: a topic's `urlkey`.
    pub topics: Vec<String>,
    /// `yes`, `no` or `maybe`.
    pub responses: Vec<String>,
    /// Numbers of venues.
    pub venues: Vec<i64>,
    /// Numbers of groups.
    pub groups: Vec<i64>,
    /// Ids of events.
    pub events: Vec<String>,
    /// The first record time, ms since 1970.
    pub from: Option<i64>,
    /// The first record time that does not count any more.
    pub to: Option<i64>,
}

/// A city as an address has it: `London`, or `New York|NY|us` where its name alone would mean others too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CityFilter {
    /// Its name.
    pub name: String,
    /// Its state, which may be empty, and its country in lower case.
    pub place: Option<(String, String)>,
}

/// One value or several, as JSON has them.
#[derive(Deserialize)]
#[serde(untagged)]
enum FilterValues {
    Number(i64),
    Text(String),
    List(Vec<Value>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(i64),
    Text(String),
}

impl Filters {
    /// Reads the parameters of an address, decoded. Those that only say how a page looks mean nothing here.
    ///
    /// # Errors
    ///
    /// An unknown filter, a value that is none, too many values, or an end before the begin.
    pub fn of_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, FilterError> {
        let mut filters = Self::default();
        for (name, value) in pairs {
            if !LOOKS.contains(&name) && !value.is_empty() {
                filters.add(name, value)?;
            }
        }
        filters.check()?;
        Ok(filters)
    }

    /// The parameters of an address that says the same.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut add = |name, values: &mut dyn Iterator<Item = String>| {
            pairs.extend(values.map(|value| (name, value)));
        };
        add("country", &mut self.countries.iter().cloned());
        add("city", &mut self.cities.iter().map(CityFilter::key));
        add("category", &mut self.categories.iter().cloned());
        add("topic", &mut self.topics.iter().cloned());
        add("response", &mut self.responses.iter().cloned());
        add("venue", &mut self.venues.iter().map(i64::to_string));
        add("group", &mut self.groups.iter().map(i64::to_string));
        add("event", &mut self.events.iter().cloned());
        add("from", &mut self.from.into_iter().map(instant));
        add("to", &mut self.to.into_iter().map(instant));
        pairs
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether events are left out by what they are.
    pub(super) fn choose_events(&self) -> bool {
        !(self.countries.is_empty()
            && self.cities.is_empty()
            && self.categories.is_empty()
            && self.topics.is_empty()
            && self.venues.is_empty()
            && self.groups.is_empty()
            && self.events.is_empty())
    }

    /// Whether answers are left out by what they are.
    pub(super) fn choose_answers(&self) -> bool {
        !self.responses.is_empty() || self.from.is_some() || self.to.is_some()
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), FilterError> {
        let filter = NAMES
            .into_iter()
            .find(|known| *known == name)
            .ok_or_else(|| FilterError::Unknown(name.chars().take(64).collect()))?;
        let wrong = |wanted| FilterError::Value {
            filter,
            value: value.chars().take(64).collect(),
            wanted,
        };
        if value.len() > BYTES_MAX {
            return Err(wrong("a value has at most 256 bytes"));
        }
        if value.contains('\0') {
            return Err(wrong("no value has a zero character"));
        }
        let number = || {
            value
                .parse::<i64>()
                .map_err(|_| wrong("it is given by its number"))
        };
        let time = || {
            parse(value)
                .ok_or_else(|| wrong("a time is 2017-03-19, 2017-03-19T12:11:10Z or ms since 1970"))
        };
        match filter {
            "country" => {
                for code in value.split(',').filter(|code| !code.trim().is_empty()) {
                    let code = country(code).ok_or_else(|| {
                        wrong("a country is two letters of ISO 3166, or \"unknown\"")
                    })?;
                    push(&mut self.countries, code, filter)?;
                }
                Ok(())
            }
            "city" => push(&mut self.cities, CityFilter::of(value), filter),
            "category" => push(&mut self.categories, value.to_owned(), filter),
            "topic" => push(&mut self.topics, value.to_owned(), filter),
            "response" => {
                for answer in value.split(',') {
                    if !["yes", "no", "maybe"].contains(&answer) {
                        return Err(wrong("a response is yes, no or maybe"));
                    }
                    push(&mut self.responses, answer.to_owned(), filter)?;
                }
                Ok(())
            }
            "venue" => push(&mut self.venues, number()?, filter),
            "group" => push(&mut self.groups, number()?, filter),
            "event" => push(&mut self.events, value.to_owned(), filter),
            "from" => once(&mut self.from, time()?, filter),
            _ => once(&mut self.to, time()?, filter),
        }
    }

    fn check(&self) -> Result<(), FilterError> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if to <= from => Err(FilterError::Empty {
                from: instant(from),
                to: instant(to),
            }),
            _ => Ok(()),
        }
    }
}

fn push<T: PartialEq>(
    values: &mut Vec<T>,
    value: T,
    filter: &'static str,
) -> Result<(), FilterError> {
    if values.contains(&value) {
        return Ok(());
    }
    if values.len() == VALUES_MAX {
        return Err(FilterError::TooMany { filter });
    }
    values.push(value);
    Ok(())
}

fn once(place: &mut Option<i64>, time: i64, filter: &'static str) -> Result<(), FilterError> {
    match place.replace(time) {
        None => Ok(()),
        Some(_) => Err(FilterError::Value {
            filter,
            value: instant(time),
            wanted: "there can be only one",
        }),
    }
}

fn country(code: &str) -> Option<String> {
    let code = code.trim().to_lowercase();
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_code || code == "unknown").then_some(code)
}

impl CityFilter {
    fn of(value: &str) -> Self {
        let mut parts = value.rsplitn(3, '|');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(country), Some(state), Some(name)) => Self {
                name: name.to_owned(),
                place: Some((state.to_owned(), country.to_lowercase())),
            },
            _ => Self {
                name: value.to_owned(),
                place: None,
            },
        }
    }

    fn key(&self) -> String {
        match &self.place {
            Some((state, country)) => format!("{}|{state}|{country}", self.name),
            None => self.name.clone(),
        }
    }
}

impl TryFrom<BTreeMap<String, FilterValues>> for Filters {
    type Error = FilterError;

    fn try_from(given: BTreeMap<String, FilterValues>) -> Result<Self, FilterError> {
        let mut pairs = Vec::new();
        for (name, values) in given {
            match values {
                FilterValues::Number(number) => pairs.push((name, number.to_string())),
                FilterValues::Text(text) => pairs.push((name, text)),
                FilterValues::List(values) => pairs.extend(values.into_iter().map(|value| {
                    let text = match value {
                        Value::Number(number) => number.to_string(),
                        Value::Text(text) => text,
                    };
                    (name.clone(), text)
                })),
            }
        }
        Self::of_pairs(
            pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        )
    }
}

impl From<Filters> for BTreeMap<String, Vec<String>> {
    fn from(filters: Filters) -> Self {
        let mut values = Self::new();
        for (name, value) in filters.pairs() {
            values.entry(name.to_owned()).or_default().push(value);
        }
        values
    }
}
