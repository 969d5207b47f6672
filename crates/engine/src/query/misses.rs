//! Which dimensions of a filter an event does not match.
//!
//! A panel is filtered by every dimension but its own. One pass makes all panels at once: an event that misses nothing
//! counts in all of them, one that misses a single dimension only in the panel of that dimension, and one that misses
//! two nowhere.

use std::collections::HashSet;

use headcount_record::Response;

use crate::{
    catalog::{Catalog, GroupEntry, UNKNOWN},
    counts::{Answers, Counts},
    events::EventRow,
    query::filter::Filter,
};

/// A set of dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dimensions(u8);

impl Dimensions {
    pub(crate) const COUNTRY: Self = Self(1);
    pub(crate) const CITY: Self = Self(2);
    pub(crate) const TOPIC: Self = Self(4);
    pub(crate) const GROUP: Self = Self(8);
    pub(crate) const VENUE: Self = Self(16);
    pub(crate) const EVENT: Self = Self(32);

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there is nothing in it but perhaps `own`.
    pub(crate) fn only(self, own: Self) -> bool {
        self.0 & !own.0 == 0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn miss(&mut self, dimension: Self, misses: bool) {
        if misses {
            self.0 |= dimension.0;
        }
    }
}

/// What the events of a partition miss of a filter.
pub(crate) struct Misses<'a> {
    /// By group entry, and then of events without a group.
    groups: Vec<Dimensions>,
    /// By number of venue; nothing if the filter asks for no venue.
    venues: Option<Vec<bool>>,
    /// Empty if the filter asks for no event.
    events: HashSet<&'a str>,
    /// The answers that count; none of them if the filter leaves out none.
    responses: &'a [Response],
}

impl<'a> Misses<'a> {
    pub(crate) fn of(catalog: &Catalog, filter: &'a Filter) -> Self {
        let choice = GroupChoice::new(catalog, filter);
        let groups = catalog.groups().iter();
        let venues = catalog.venue_ids.keys().iter();
        Self {
            groups: groups
                .map(|group| choice.misses(group))
                .chain([choice.misses_without_group()])
                .collect(),
            venues: (!filter.venue.is_empty())
                .then(|| venues.map(|id| filter.venue.contains(&id.flat())).collect()),
            events: filter.event.iter().map(String::as_str).collect(),
            responses: &filter.response,
        }
    }

    /// Of a group by its index, or of no group, which comes after them all.
    pub(crate) fn of_group(&self, index: usize) -> Dimensions {
        self.groups[index]
    }

    /// Of an event alone, whatever its group is.
    pub(crate) fn of_event(&self, catalog: &Catalog, row: &EventRow) -> Dimensions {
        let mut misses = Dimensions::default();
        if let Some(venues) = &self.venues {
            let wanted = |venue: u32| venues[catalog.venue(venue).id as usize];
            misses.miss(Dimensions::VENUE, !row.venue.is_some_and(wanted));
        }
        if !self.events.is_empty() {
            let wanted = self.events.contains(&*row.content.id);
            misses.miss(Dimensions::EVENT, !wanted);
        }
        misses
    }

    /// Those of the answers that count.
    pub(crate) fn answers(&self, answers: Answers) -> Answers {
        if self.responses.is_empty() {
            return answers;
        }
        let of = |response| match self.responses.contains(&response) {
            true => answers.of(response),
            false => 0,
        };
        Answers {
            yes: of(Response::Yes),
            no: of(Response::No),
            maybe: of(Response::Maybe),
        }
    }

    /// What those of the answers that count come to.
    pub(crate) fn counts(&self, counts: Counts) -> Counts {
        if self.responses.is_empty() {
            return counts;
        }
        let answers = self.answers(counts.answers);
        Counts {
            events: counts.events.min(answers.sum()),
            answers,
            heads: if answers.yes > 0 { counts.heads } else { 0 },
        }
    }
}

/// The dimensions that a group decides, by the numbers of the catalog.
struct GroupChoice<'a> {
    countries: Option<Vec<bool>>,
    cities: Option<Vec<bool>>,
    topics: Option<Vec<bool>>,
    filter: &'a Filter,
}

impl<'a> GroupChoice<'a> {
    fn new(catalog: &Catalog, filter: &'a Filter) -> Self {
        let countries = catalog.countries.keys().iter();
        let cities = catalog.cities.keys().iter();
        let topics = catalog.topics.keys().iter();
        let is_wanted = |values: &[String], key: &str| values.iter().any(|value| value == key);
        Self {
            countries: wanted(&filter.country, countries, |values, country| {
                is_wanted(values, country)
            }),
            cities: wanted(&filter.city, cities, |values, city| {
                is_wanted(values, &city.name) || is_wanted(values, &city.key())
            }),
            topics: wanted(&filter.topic, topics, |values, topic| {
                is_wanted(values, topic)
            }),
            filter,
        }
    }

    fn misses(&self, group: &GroupEntry) -> Dimensions {
        let misses_number = |wanted: &Option<Vec<bool>>, numbers: &[u32]| {
            let is_wanted = |wanted: &Vec<bool>| numbers.iter().any(|at| wanted[*at as usize]);
            !wanted.as_ref().is_none_or(is_wanted)
        };
        let mut misses = Dimensions::default();
        misses.miss(
            Dimensions::COUNTRY,
            misses_number(&self.countries, &[group.country]),
        );
        misses.miss(Dimensions::CITY, misses_number(&self.cities, &[group.city]));
        misses.miss(
            Dimensions::TOPIC,
            misses_number(&self.topics, &group.topics),
        );
        let groups = &self.filter.group;
        let is_wanted = groups.is_empty() || groups.contains(&group.content.id.flat());
        misses.miss(Dimensions::GROUP, !is_wanted);
        misses
    }

    fn misses_without_group(&self) -> Dimensions {
        let countries = &self.filter.country;
        let is_wanted = countries.is_empty() || countries.iter().any(|value| value == UNKNOWN);
        let mut misses = Dimensions::default();
        misses.miss(Dimensions::COUNTRY, !is_wanted);
        misses.miss(Dimensions::CITY, !self.filter.city.is_empty());
        misses.miss(Dimensions::TOPIC, !self.filter.topic.is_empty());
        misses.miss(Dimensions::GROUP, !self.filter.group.is_empty());
        misses
    }
}

/// For each key whether it is among the values; nothing if there are no values.
fn wanted<K>(
    values: &[String],
    keys: impl Iterator<Item = K>,
    is_among: impl Fn(&[String], K) -> bool,
) -> Option<Vec<bool>> {
    (!values.is_empty()).then(|| keys.map(|key| is_among(values, key)).collect())
}
