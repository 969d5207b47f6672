//! From an aggregate to the figures of the Live page and to the list of venues.

use std::{collections::HashSet, sync::Arc};

use headcount_record::{Identity, Response, Venue};

use crate::{
    catalog::{City, UNKNOWN},
    counts::{Answers, Counts},
    query::lists::{COUNTRIES_MAX, DOTS_MAX, LIST_MAX, OTHER, TRENDING_MAX, clip, split, top},
    query::partial_aggregate::{HISTORY_WINDOWS, PartialAggregate, VenueCount},
    query::sums::Sums,
    query::view::{
        CityRow, CountryRow, Dot, History, ResponseTotals, TopicRow, Totals, TrendingRow, VenueRow,
        VenueTotal, View,
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
            records: self.records,
            kinds: self.kinds,
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
        let counted = self.cities.iter().filter(|(_, sums)| sums.is_counted());
        let countries: HashSet<_> = counted
            .map(|(city, _)| &city.country)
            .filter(|country| &***country != UNKNOWN)
            .collect();
        Totals {
            rsvps: yes + no + maybe,
            yes,
            no,
            maybe,
            guests: self.total.heads - yes,
            heads: self.total.heads,
            events: self.total.events,
            venues: self.counted_venues(),
            groups: self.groups.len() as u64,
            countries: countries.len() as u64,
            rate: latest as f64 * 1000.0 / (RATE_WINDOWS as f64 * WINDOW_MS as f64),
            responses: ResponseTotals {
                yes: self.responses.yes,
                no: self.responses.no,
                maybe: self.responses.maybe,
            },
        }
    }

    fn country_rows(&self) -> Vec<CountryRow> {
        let weight = |(_, sums): (&Arc<str>, &Sums)| self.filter.weight(sums.listed.answers);
        let name = |(country, _): (&Arc<str>, &Sums)| country.to_string();
        let (first, rest) = split(self.countries.iter(), COUNTRIES_MAX, weight, name);
        let row = |country, counts: &Counts| CountryRow {
            country,
            yes: counts.answers.yes,
            no: counts.answers.no,
            maybe: counts.answers.maybe,
            heads: counts.heads,
        };
        let mut rows: Vec<_> = first
            .into_iter()
            .map(|(country, sums)| row(country.clone(), &sums.listed))
            .collect();
        if !rest.is_empty() {
            let others = rest.into_iter().map(|(_, sums)| &sums.listed).sum();
            rows.push(row(OTHER.into(), &others));
        }
        rows
    }

    fn city_rows(&self) -> Vec<CityRow> {
        let weight = |(_, sums): (&City, &Sums)| self.filter.weight(sums.listed.answers);
        let going = self.cities.iter().filter(|city| weight(*city) > 0);
        top(going, LIST_MAX, weight, |(city, _)| city.key())
            .into_iter()
            .map(|(city, sums)| {
                let Answers { yes, no, maybe } = sums.listed.answers;
                CityRow {
                    city: clip(&city.name),
                    state: clip(&city.state),
                    country: city.country.clone(),
                    yes,
                    no,
                    maybe,
                }
            })
            .collect()
    }

    fn topic_rows(&self) -> Vec<TopicRow> {
        let weight =
            |(_, (_, sums)): (&Arc<str>, &(_, Sums))| self.filter.weight(sums.listed.answers);
        let going = self.topics.iter().filter(|topic| weight(*topic) > 0);
        top(going, LIST_MAX, weight, |(topic, _)| topic.to_string())
            .into_iter()
            .map(|(topic, (name, sums))| {
                let Answers { yes, no, maybe } = sums.listed.answers;
                TopicRow {
                    topic: clip(topic),
                    name: clip(name),
                    yes,
                    no,
                    maybe,
                }
            })
            .collect()
    }

    fn venue_rows(&self) -> Vec<VenueRow> {
        let weight = |venue: &VenueCount| self.filter.weight(venue.sums.listed.answers);
        self.top_venues(LIST_MAX, weight)
            .into_iter()
            .map(|(id, venue)| {
                let place = venue.content.place();
                let Answers { yes, no, maybe } = venue.sums.listed.answers;
                VenueRow {
                    venue_id: id.flat(),
                    name: clip(&venue.content.name),
                    city: clip(&venue.city()),
                    country: venue.country(),
                    lat: place.map(|(lat, _)| lat),
                    lon: place.map(|(_, lon)| lon),
                    yes,
                    no,
                    maybe,
                }
            })
            .collect()
    }

    /// Venues of some weight, those of most first.
    pub(crate) fn top_venues(
        &self,
        limit: usize,
        weight: impl Fn(&VenueCount) -> u64,
    ) -> Vec<(&Identity, &VenueCount)> {
        let venues = self.venues.iter();
        let going = venues.filter(|(_, venue)| weight(venue) > 0);
        top(
            going,
            limit,
            |(_, venue)| weight(venue),
            |(id, _)| id.flat().to_string(),
        )
    }

    /// Venues of the events that the whole filter lets through.
    pub(crate) fn counted_venues(&self) -> u64 {
        let counted = self.venues.values();
        counted.filter(|venue| venue.sums.is_counted()).count() as u64
    }

    /// Venues with an answer of any kind and a place, those of most weight first.
    fn dots(&self) -> Vec<Dot> {
        let place = |venue: &Venue| venue.place();
        let answered = self
            .venues
            .iter()
            .filter(|(_, venue)| venue.sums.is_counted() && place(&venue.content).is_some());
        let weight =
            |(_, venue): (&Identity, &VenueCount)| self.filter.weight(venue.sums.counted.answers);
        top(answered, DOTS_MAX, weight, |(id, _)| id.flat().to_string())
            .into_iter()
            .filter_map(|(_, venue)| {
                let (lat, lon) = place(&venue.content)?;
                let answers = venue.sums.counted.answers.sum();
                Some((lon, lat, answers, venue.country()))
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
        let yes = |venue: &VenueCount| venue.sums.counted.answers.yes;
        self.top_venues(usize::MAX, yes)
            .into_iter()
            .map(|(_, venue)| VenueTotal {
                count: yes(venue),
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
