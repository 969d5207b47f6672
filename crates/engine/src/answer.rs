//! From a survey to what is asked: a view, a summary, the venues.

use std::cmp::Reverse;

use crate::{
    survey::{Answers, HISTORY_WINDOWS, Survey, TOP},
    view::{
        CityRow, CountryRow, CountryTotal, Dot, History, Summary, TopicRow, Totals, Trend, Trends,
        VenueRow, VenueTotal, View,
    },
    watermark::LATENESS_MS,
    window::{WINDOW_MS, Window},
};

const MINUTE_MS: i64 = 60_000;
/// Rows of a list on the page.
const LIST_MAX: usize = 50;
/// Dots on the map.
const DOTS_MAX: usize = 5_000;
/// Rows of the trending list.
const TRENDING_MAX: usize = 20;
/// Complete windows that the rate is the mean of: 10 s. The newest window is still filling.
const RATE_WINDOWS: usize = 2;

impl Survey {
    /// The figures of the Live page.
    #[must_use]
    pub fn view(mut self) -> View {
        let totals = self.totals();
        let countries = top(self.countries.iter(), usize::MAX, |(country, counts)| {
            (counts.answers.sum(), country.to_string())
        });
        let cities = top(self.cities.iter(), LIST_MAX, |(city, answers)| {
            (answers.sum(), city.key())
        });
        let topics = top(self.topics.iter(), LIST_MAX, |(topic, (_, answers))| {
            (answers.sum(), topic.to_string())
        });
        let venues = top(self.venues.iter(), DOTS_MAX, |(id, venue)| {
            (venue.answers.sum(), id.to_string())
        });
        let dots: Vec<Dot> = venues
            .iter()
            .filter(|(_, venue)| venue.answers.sum() > 0)
            .filter_map(|(_, venue)| {
                let (lat, lon) = venue.content.place()?;
                Some((lon, lat, venue.answers.sum(), venue.country.clone()))
            })
            .collect();
        let view = View {
            totals,
            all_rsvps: self.all.answers.sum(),
            countries: countries
                .into_iter()
                .map(|(country, counts)| CountryRow {
                    country: country.clone(),
                    yes: counts.answers.yes,
                    no: counts.answers.no,
                    heads: counts.heads,
                })
                .collect(),
            cities: cities
                .into_iter()
                .map(|(city, answers)| CityRow {
                    city: city.name.clone(),
                    state: city.state.clone(),
                    country: city.country.clone(),
                    yes: answers.yes,
                    no: answers.no,
                })
                .collect(),
            topics: topics
                .into_iter()
                .map(|(topic, (name, answers))| TopicRow {
                    topic: topic.clone(),
                    name: name.clone(),
                    yes: answers.yes,
                    no: answers.no,
                })
                .collect(),
            venues: venues
                .into_iter()
                .take(LIST_MAX)
                .map(|(id, venue)| {
                    let place = venue.content.place();
                    VenueRow {
                        venue_id: *id,
                        name: venue.content.name.clone(),
                        city: venue.city.clone(),
                        country: venue.country.clone(),
                        lat: place.map(|(lat, _)| lat),
                        lon: place.map(|(_, lon)| lon),
                        yes: venue.answers.yes,
                        no: venue.answers.no,
                    }
                })
                .collect(),
            history: self.history(),
            dots,
            ..View::default()
        };
        self.trending.truncate(TRENDING_MAX);
        View {
            trending: self.trending,
            filter: self.filter,
            as_of: self.as_of,
            ledger: self.ledger,
            ..view
        }
    }

    fn totals(&self) -> Totals {
        let Answers { yes, no } = self.total.answers;
        let latest: u64 = self
            .history
            .iter()
            .rev()
            .skip(1)
            .take(RATE_WINDOWS)
            .map(|answers| answers.sum())
            .sum();
        Totals {
            rsvps: yes + no,
            yes,
            no,
            guests: self.total.heads - yes,
            heads: self.total.heads,
            events: self.total.events,
            venues: self.venues.len() as u64,
            groups: self.groups.len() as u64,
            countries: self
                .cities
                .keys()
                .map(|city| &city.country)
                .collect::<std::collections::HashSet<_>>()
                .len() as u64,
            rate: latest as f64 * 1000.0 / (RATE_WINDOWS as f64 * WINDOW_MS as f64),
        }
    }

    fn history(&self) -> History {
        debug_assert_eq!(self.history.len(), HISTORY_WINDOWS);
        History {
            start: self.history_start,
            step_ms: WINDOW_MS,
            yes: self.history.iter().map(|answers| answers.yes).collect(),
            no: self.history.iter().map(|answers| answers.no).collect(),
        }
    }

    /// The answer of `count` and `summary`. The survey must have been taken whole.
    #[must_use]
    pub fn summary(mut self) -> Summary {
        let (trends, minutes, members) = (self.trends(), self.minutes(), self.members());
        let Answers { yes, no } = self.total.answers;
        let filter = &self.filter;
        self.countries.retain(|country, _| filter.lets(country));
        let by_yes = |answers: &Answers| answers.yes;
        self.events_yes
            .sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        self.events_yes.truncate(TOP);
        Summary {
            filter: self.filter,
            records: self.feeds.get("rsvps").map_or(0, |feed| feed.records),
            malformed: self.ledger.all.rejected.values().sum(),
            rsvps: yes + no,
            kinds: self.kinds,
            yes,
            no,
            guests: self.total.heads - yes,
            heads: self.total.heads,
            countries: self.countries.len() as u64,
            events: self.total.events,
            venues: self.venues.len() as u64,
            groups: self.groups.len() as u64,
            members,
            cities: self.cities.len() as u64,
            topics: self.topics.len() as u64,
            by_country: self
                .countries
                .iter()
                .map(|(country, counts)| {
                    let Answers { yes, no } = counts.answers;
                    (
                        country.clone(),
                        CountryTotal {
                            yes,
                            no,
                            heads: counts.heads,
                        },
                    )
                })
                .collect(),
            top_venues_yes: top(self.venues.iter(), TOP, |(id, venue)| {
                (venue.answers.yes, id.to_string())
            })
            .into_iter()
            .map(|(id, venue)| (*id, venue.answers.yes))
            .collect(),
            top_cities_yes: top(self.cities.iter(), TOP, |(city, answers)| {
                (by_yes(answers), city.key())
            })
            .into_iter()
            .map(|(city, answers)| (city.key(), answers.yes))
            .collect(),
            top_topics_yes: top(self.topics.iter(), TOP, |(topic, (_, answers))| {
                (by_yes(answers), topic.to_string())
            })
            .into_iter()
            .map(|(topic, (_, answers))| (topic.clone(), answers.yes))
            .collect(),
            busiest_5s: top(self.windows.iter(), TOP, |(start, answers)| {
                (answers.sum(), start.to_string())
            })
            .into_iter()
            .map(|(start, answers)| (*start, answers.yes, answers.no))
            .collect(),
            trends,
            minutes,
            digest: format!("{:032x}", self.digest),
            top_events_yes: self.events_yes,
            feeds: self.feeds,
            ledger: self.ledger,
            as_of: self.as_of,
        }
    }

    /// How many members there are. Which of them answered to which event is not surveyed.
    fn members(&mut self) -> Option<u64> {
        if !self.filter.is_empty() {
            return None;
        }
        if self.as_of.offsets.len() > 1 {
            self.members.sort_unstable();
            self.members.dedup();
        }
        Some(self.members.len() as u64)
    }

    /// Answers of sliding windows that end with the newest live record.
    fn trends(&self) -> Trends {
        let newest = self.as_of.stream_time.map_or(0, |time| time + LATENESS_MS);
        let last = |minutes: i64| {
            let from = Window::of(newest - minutes * MINUTE_MS).start();
            self.windows
                .range(from..)
                .fold(Trend::default(), |sum, (_, answers)| Trend {
                    yes: sum.yes + answers.yes,
                    no: sum.no + answers.no,
                })
        };
        Trends {
            five_minutes: last(5),
            ten_minutes: last(10),
            hour: last(60),
        }
    }

    fn minutes(&self) -> History {
        let minute = |window: i64| window.div_euclid(MINUTE_MS);
        let (Some((&first, _)), Some((&last, _))) = (
            self.windows.first_key_value(),
            self.windows.last_key_value(),
        ) else {
            return History {
                step_ms: MINUTE_MS,
                ..History::default()
            };
        };
        let length = (minute(last) - minute(first) + 1) as usize;
        let (mut yes, mut no) = (vec![0; length], vec![0; length]);
        for (&window, answers) in &self.windows {
            let at = (minute(window) - minute(first)) as usize;
            yes[at] += answers.yes;
            no[at] += answers.no;
        }
        History {
            start: minute(first) * MINUTE_MS,
            step_ms: MINUTE_MS,
            yes,
            no,
        }
    }

    /// Every venue with a `yes`, the most first.
    #[must_use]
    pub fn venue_totals(&self) -> Vec<VenueTotal> {
        let going = self
            .venues
            .iter()
            .filter(|(_, venue)| venue.answers.yes > 0);
        top(going, usize::MAX, |(id, venue)| {
            (venue.answers.yes, id.to_string())
        })
        .into_iter()
        .map(|(_, venue)| VenueTotal {
            count: venue.answers.yes,
            group_city: venue.city.clone(),
            lat: venue.content.lat,
            lon: venue.content.lon,
            venue_name: venue.content.name.clone(),
        })
        .collect()
    }

    /// The windows that are kept: begin, `yes`, `no`. The survey must have been taken whole.
    pub fn windows(&self) -> impl Iterator<Item = (i64, u64, u64)> + '_ {
        self.windows
            .iter()
            .map(|(start, answers)| (*start, answers.yes, answers.no))
    }
}

impl crate::catalog::City {
    /// The key of a summary: `city|state|country`.
    fn key(&self) -> String {
        format!("{}|{}|{}", self.name, self.state, self.country)
    }
}

/// The first `limit` by count, ties by the key as text.
fn top<T: Copy>(
    items: impl Iterator<Item = T>,
    limit: usize,
    rank: impl Fn(T) -> (u64, String),
) -> Vec<T> {
    let mut ranked: Vec<(Reverse<u64>, String, T)> = items
        .map(|item| {
            let (count, key) = rank(item);
            (Reverse(count), key, item)
        })
        .collect();
    let order = |a: &(Reverse<u64>, String, T), b: &(Reverse<u64>, String, T)| {
        (a.0, &a.1).cmp(&(b.0, &b.1))
    };
    if limit < ranked.len() {
        ranked.select_nth_unstable_by(limit, order);
        ranked.truncate(limit);
    }
    ranked.sort_unstable_by(order);
    ranked.into_iter().map(|(_, _, item)| item).collect()
}
