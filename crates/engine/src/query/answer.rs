//! From an aggregate to the figures of the Live page and to the list of venues.

use std::{collections::HashSet, sync::Arc};

use headcount_record::{Identity, Response, Venue};

use crate::{
    catalog::{City, UNKNOWN},
    counts::{Answers, Counts},
    query::lists::{COUNTRIES_MAX, DOTS_MAX, LIST_MAX, OTHER, TRENDING_MAX, clip, split, top},
    query::partial_aggregate::{HISTORY_WINDOWS, PartialAggregate, VenueCount},
    query::view::{
        CityRow, CountryRow, Dot, History, TopicRow, Totals, TrendingRow, VenueRow, VenueTotal,
        View,
    },
    window::WINDOW_MS,
};

/// Complete windows that the rate is the mean of: 10 s. The newest window is still filling.
const RATE_WINDOWS: usize = 2;

impl PartialAggregate {
    /// The figures of the Live page. People who come decide what is first in a list, and what
    /// nobody comes to is in none, but for countries and the map.
    #[must_use]
    pub fn view(mut self) -> View {
        self.trending.truncate(TRENDING_MAX);
        View {
            totals: self.totals(),
            all_rsvps: self.all.answers.sum(),
            countries: self.country_rows(),
            cities: self.city_rows(),
            topics: self.topic_rows(),
            venues: self.venue_rows(),
            history: self.history(),
            dots: self.dots(),
            trending: self.trending.into_iter().map(TrendingRow::clip).collect(),
            filter: self.filter,
            as_of: self.as_of,
            ledger: self.ledger.bounded(),
        }
    }

    fn totals(&self) -> Totals {
        let Answers { yes, no, maybe } = self.total.answers;
        let latest: u64 = self
            .history
            .iter()
            .rev()
            .skip(1)
            .take(RATE_WINDOWS)
            .map(|answers| answers.sum())
            .sum();
        let cities = self.cities.keys().filter(|city| &*city.country != UNKNOWN);
        let countries: HashSet<_> = cities.map(|city| &city.country).collect();
        Totals {
            rsvps: yes + no + maybe,
            yes,
            no,
            maybe,
            guests: self.total.heads - yes,
            heads: self.total.heads,
            events: self.total.events,
            venues: self.venues.len() as u64,
            groups: self.groups.len() as u64,
            countries: countries.len() as u64,
            rate: latest as f64 * 1000.0 / (RATE_WINDOWS as f64 * WINDOW_MS as f64),
        }
    }

    fn country_rows(&self) -> Vec<CountryRow> {
        let yes = |(_, counts): (&Arc<str>, &Counts)| counts.answers.yes;
        let name = |(country, _): (&Arc<str>, &Counts)| country.to_string();
        let (first, rest) = split(self.countries.iter(), COUNTRIES_MAX, yes, name);
        let row = |country, counts: &Counts| CountryRow {
            country,
            yes: counts.answers.yes,
            no: counts.answers.no,
            maybe: counts.answers.maybe,
            heads: counts.heads,
        };
        let mut rows: Vec<_> = first
            .into_iter()
            .map(|(country, counts)| row(country.clone(), counts))
            .collect();
        if !rest.is_empty() {
            let others = rest.into_iter().map(|(_, counts)| counts).sum();
            rows.push(row(OTHER.into(), &others));
        }
        rows
    }

    fn city_rows(&self) -> Vec<CityRow> {
        let going = self.cities.iter().filter(|(_, answers)| answers.yes > 0);
        top(
            going,
            LIST_MAX,
            |(_, answers)| answers.yes,
            |(city, _)| city.key(),
        )
        .into_iter()
        .map(|(city, answers)| CityRow {
            city: clip(&city.name),
            state: clip(&city.state),
            country: city.country.clone(),
            yes: answers.yes,
            no: answers.no,
            maybe: answers.maybe,
        })
        .collect()
    }

    fn topic_rows(&self) -> Vec<TopicRow> {
        let topics = self.topics.iter();
        let going = topics.filter(|(_, (_, answers))| answers.yes > 0);
        let yes = |(_, (_, answers)): (&Arc<str>, &(Arc<str>, Answers))| answers.yes;
        top(going, LIST_MAX, yes, |(topic, _)| topic.to_string())
            .into_iter()
            .map(|(topic, (name, answers))| TopicRow {
                topic: clip(topic),
                name: clip(name),
                yes: answers.yes,
                no: answers.no,
                maybe: answers.maybe,
            })
            .collect()
    }

    fn venue_rows(&self) -> Vec<VenueRow> {
        self.top_venues(LIST_MAX)
            .into_iter()
            .map(|(id, venue)| {
                let place = venue.content.place();
                VenueRow {
                    venue_id: id.flat(),
                    name: clip(&venue.content.name),
                    city: clip(&venue.city()),
                    country: venue.country(),
                    lat: place.map(|(lat, _)| lat),
                    lon: place.map(|(_, lon)| lon),
                    yes: venue.answers.yes,
                    no: venue.answers.no,
                    maybe: venue.answers.maybe,
                }
            })
            .collect()
    }

    /// Venues to which somebody comes, the most first.
    pub(crate) fn top_venues(&self, limit: usize) -> Vec<(&Identity, &VenueCount)> {
        let venues = self.venues.iter();
        let going = venues.filter(|(_, venue)| venue.answers.yes > 0);
        top(
            going,
            limit,
            |(_, venue)| venue.answers.yes,
            |(id, _)| id.flat().to_string(),
        )
    }

    /// Venues with an answer of either kind and a place, those to which most people come first.
    fn dots(&self) -> Vec<Dot> {
        let place = |venue: &Venue| venue.place();
        let answered = self
            .venues
            .iter()
            .filter(|(_, venue)| venue.answers.sum() > 0 && place(&venue.content).is_some());
        let yes = |(_, venue): (&Identity, &VenueCount)| venue.answers.yes;
        top(answered, DOTS_MAX, yes, |(id, _)| id.flat().to_string())
            .into_iter()
            .filter_map(|(_, venue)| {
                let (lat, lon) = place(&venue.content)?;
                Some((lon, lat, venue.answers.sum(), venue.country()))
            })
            .collect()
    }

    fn history(&self) -> History {
        debug_assert_eq!(self.history.len(), HISTORY_WINDOWS);
        History::of(self.history_start, WINDOW_MS, &self.history)
    }

    /// Every venue with a `yes`, the most first. As long as the data make it: whoever shows it
    /// shows a page.
    #[must_use]
    pub fn venue_totals(&self) -> Vec<VenueTotal> {
        self.top_venues(usize::MAX)
            .into_iter()
            .map(|(_, venue)| VenueTotal {
                count: venue.answers.yes,
                group_city: clip(&venue.city()),
                lat: venue.content.lat,
                lon: venue.content.lon,
                venue_name: clip(&venue.content.name),
            })
            .collect()
    }

    /// The windows that are kept: begin, `yes`, `no`, `maybe`. The aggregate must have been taken
    /// whole.
    pub fn windows(&self) -> impl Iterator<Item = (i64, u64, u64, u64)> + '_ {
        self.windows
            .iter()
            .map(|(start, answers)| (*start, answers.yes, answers.no, answers.maybe))
    }
}

impl History {
    pub(crate) fn of(start: i64, step_ms: i64, windows: &[Answers]) -> Self {
        let of = |response| windows.iter().map(|answers| answers.of(response)).collect();
        let mut maybe: Vec<u64> = of(Response::Maybe);
        if maybe.iter().all(|count| *count == 0) {
            maybe.clear();
        }
        Self {
            start,
            step_ms,
            yes: of(Response::Yes),
            no: of(Response::No),
            maybe,
        }
    }
}

impl City {
    /// The key of a summary: `city|state|country`.
    pub(crate) fn key(&self) -> String {
        format!("{}|{}|{}", self.name, self.state, self.country)
    }
}

impl TrendingRow {
    fn clip(mut self) -> Self {
        for text in [&mut self.name, &mut self.group, &mut self.city] {
            *text = clip(text);
        }
        self.venue = self.venue.as_ref().map(clip);
        // A part of an address leads elsewhere.
        self.url = self.url.filter(|url| clip(url) == *url);
        self
    }
}
