//! Which events and which answers are counted.

use headcount_record::Response;
use serde::Serialize;

use crate::counts::Answers;

/// Which answers are counted. Several values of one dimension mean "or", several dimensions mean "and"; an empty list
/// leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Filter {
    /// Countries of the group, ISO 3166 alpha-2 in lower case as in the feed. `unknown` stands for events whose country
    /// is unknown.
    pub country: Vec<String>,
    /// Cities of the group: `London`, or `New York|NY|us` where the name alone would mean others too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub city: Vec<String>,
    /// Topics of the group, by their `urlkey`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topic: Vec<String>,
    /// What was answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response: Vec<Response>,
    /// Venues, by their numbers in tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue: Vec<i64>,
    /// Groups, by their numbers in tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<i64>,
    /// Events, by their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event: Vec<String>,
}

impl Filter {
    /// A filter of these countries in the one spelling that compares equal.
    #[must_use]
    pub fn of_countries<'a>(countries: impl IntoIterator<Item = &'a str>) -> Self {
        let country = countries.into_iter().map(str::to_owned).collect();
        Self {
            country,
            ..Self::default()
        }
        .normalized()
    }

    /// The same filter in the one spelling that compares equal: values in order, each once, countries in lower case.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        for code in &mut self.country {
            *code = code.trim().to_lowercase();
        }
        self.country.retain(|code| !code.is_empty());
        for city in &mut self.city {
            if let Some((place, country)) = city.rsplit_once('|') {
                *city = format!("{place}|{}", country.to_lowercase());
            }
        }
        once_each(&mut self.country);
        once_each(&mut self.city);
        once_each(&mut self.topic);
        once_each(&mut self.response);
        once_each(&mut self.venue);
        once_each(&mut self.group);
        once_each(&mut self.event);
        self
    }

    /// Whether it leaves nothing out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it looks at nothing but the country and what was answered.
    #[must_use]
    pub fn is_by_country_and_response(&self) -> bool {
        let Self {
            country, response, ..
        } = self;
        let as_much = Self {
            country: country.clone(),
            response: response.clone(),
            ..Self::default()
        };
        *self == as_much
    }

    /// Whether it lets an answer through.
    #[must_use]
    pub fn lets_response(&self, response: Response) -> bool {
        self.response.is_empty() || self.response.contains(&response)
    }

    /// What decides what is first in a list: people who come, or whoever answers where it lets no `yes` through.
    pub(crate) fn weight(&self, answers: Answers) -> u64 {
        if self.lets_response(Response::Yes) {
            answers.yes
        } else {
            answers.sum()
        }
    }
}

fn once_each<T: Ord>(values: &mut Vec<T>) {
    values.sort_unstable();
    values.dedup();
}
