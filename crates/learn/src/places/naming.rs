//! What a cluster of venues is called, and what sets its people apart.

use std::collections::BTreeMap;

use super::place_point::{PlacePoint, Weighting};

/// Topics that a cluster is described with.
const TOPICS_MAX: usize = 5;
/// A topic of fewer venues than this in a cluster says nothing about it.
const VENUES_MIN: u32 = 5;
/// Standard errors by which a topic must be more frequent here than elsewhere: one in 1,000 would be so by chance.
const Z_MIN: f64 = 3.1;

/// Cities and topics of venues by number, so that they are counted and not compared.
pub(super) struct CitiesAndTopics<'a> {
    cities: Vec<(&'a str, &'a str)>,
    topics: Vec<&'a str>,
    city_of: Vec<Option<u32>>,
    topics_of: Vec<Vec<u32>>,
    /// Venues with each topic, everywhere.
    venues_with: Vec<u32>,
}

/// What is said of a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PlaceDescription {
    pub(super) city: String,
    pub(super) country: String,
    pub(super) second_city: Option<String>,
    pub(super) topics: Vec<String>,
}

impl<'a> CitiesAndTopics<'a> {
    pub(super) fn of(points: &[&'a PlacePoint]) -> Self {
        let city = |point: &&'a PlacePoint| (point.city.as_str(), point.country.as_str());
        let cities = numbered(points.iter().map(city).filter(|(name, _)| !name.is_empty()));
        let topics = numbered(
            points
                .iter()
                .flat_map(|point| point.topics.iter().map(String::as_str)),
        );
        let city_of = points
            .iter()
            .map(|point| cities.get(&city(point)).copied())
            .collect();
        let topics_of: Vec<Vec<u32>> = points
            .iter()
            .map(|point| {
                let mut of: Vec<u32> = point
                    .topics
                    .iter()
                    .filter_map(|topic| topics.get(topic.as_str()).copied())
                    .collect();
                of.sort_unstable();
                of.dedup();
                of
            })
            .collect();
        let mut venues_with = vec![0; topics.len()];
        for &topic in topics_of.iter().flatten() {
            venues_with[topic as usize] += 1;
        }
        Self {
            cities: cities.into_keys().collect(),
            topics: topics.into_keys().collect(),
            city_of,
            topics_of,
            venues_with,
        }
    }

    /// Describes the cluster that consists of the venues `members`.
    pub(super) fn describe(
        &self,
        points: &[&PlacePoint],
        members: &[usize],
        weighting: Weighting,
    ) -> PlaceDescription {
        let mut weights: BTreeMap<u32, f64> = BTreeMap::new();
        for &member in members {
            if let Some(city) = self.city_of[member] {
                *weights.entry(city).or_default() += points[member].weight(weighting);
            }
        }
        let mut cities: Vec<(u32, f64)> = weights.into_iter().collect();
        cities.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let name = |place: usize| {
            cities
                .get(place)
                .map(|&(city, _)| self.cities[city as usize])
        };
        let (city, country) = name(0).unwrap_or_default();
        PlaceDescription {
            city: city.to_owned(),
            country: country.to_owned(),
            second_city: name(1).map(|(second, _)| second.to_owned()),
            topics: self.telling_topics(members),
        }
    }

    /// The topics that are more frequent among these venues than among all others, by the log of the ratio of their odds and
    /// its standard error (Monroe, Colaresi and Quinn 2008).
    fn telling_topics(&self, members: &[usize]) -> Vec<String> {
        let mut here: BTreeMap<u32, u32> = BTreeMap::new();
        for &topic in members.iter().flat_map(|&member| &self.topics_of[member]) {
            *here.entry(topic).or_default() += 1;
        }
        let venues = members.len() as f64;
        let elsewhere = self.city_of.len() as f64 - venues;
        let mut telling: Vec<(f64, u32)> = here
            .into_iter()
            .filter(|&(_, count)| count >= VENUES_MIN)
            .map(|(topic, count)| {
                let outside = f64::from(self.venues_with[topic as usize] - count);
                (
                    log_odds_z(f64::from(count), venues, outside, elsewhere),
                    topic,
                )
            })
            .filter(|&(z, _)| z >= Z_MIN)
            .collect();
        telling.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        telling
            .iter()
            .take(TOPICS_MAX)
            .map(|&(_, topic)| self.topics[topic as usize].to_owned())
            .collect()
    }
}

/// How many standard errors the log odds of `a` among `of_a` are above those of `b` among `of_b`; half a venue is added to
/// each count, so that none is 0.
fn log_odds_z(a: f64, of_a: f64, b: f64, of_b: f64) -> f64 {
    let log_odds = |with: f64, of: f64| ((with + 0.5) / (of - with + 0.5)).ln();
    let variance =
        1.0 / (a + 0.5) + 1.0 / (of_a - a + 0.5) + 1.0 / (b + 0.5) + 1.0 / (of_b - b + 0.5);
    (log_odds(a, of_a) - log_odds(b, of_b)) / variance.sqrt()
}

fn numbered<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, u32> {
    let mut numbers: BTreeMap<T, u32> = all.map(|name| (name, 0)).collect();
    for (number, slot) in (0..).zip(numbers.values_mut()) {
        *slot = number;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(city: &str, topics: &[&str], people: u32) -> PlacePoint {
        PlacePoint {
            city: city.to_owned(),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            people,
            ..PlacePoint::default()
        }
    }

    #[test]
    fn the_biggest_city_and_what_is_rare_elsewhere() {
        let mut all: Vec<_> = (0..20)
            .map(|_| point("Boston", &["social", "sailing"], 1))
            .collect();
        all.extend((0..3).map(|_| point("Salem", &["social", "witches"], 100)));
        all.extend((0..60).map(|_| point("Denver", &["social"], 1)));
        let points: Vec<&PlacePoint> = all.iter().collect();
        let vocabulary = CitiesAndTopics::of(&points);
        let members: Vec<usize> = (0..23).collect();
        let by_venues = vocabulary.describe(&points, &members, Weighting::Venues);
        assert_eq!(
            (by_venues.city.as_str(), by_venues.second_city.as_deref()),
            ("Boston", Some("Salem"))
        );
        // All have `social`; `witches` have three venues only.
        assert_eq!(by_venues.topics, ["sailing"]);
        assert_eq!(
            vocabulary
                .describe(&points, &members, Weighting::People)
                .city,
            "Salem"
        );
    }
}
