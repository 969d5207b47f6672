//! From an aggregate to the answer of `count` and `summary`.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    catalog::{City, UNKNOWN},
    counts::Answers,
    query::lists::{
        COUNTRIES_MAX, OTHER, STATUSES_MAX, TOP, bound_counts, clip, clipped, split, top,
    },
    query::partial_aggregate::{PartialAggregate, VenueCount},
    query::sums::Sums,
    query::view::{BusyWindow, CountryTotal, FeedTotal, History, Summary, Trend, Trends},
    watermark::LATENESS_MS,
    window::{KEPT_MS, Window},
};

const MINUTE_MS: i64 = 60_000;

impl PartialAggregate {
    /// The answer of `count` and `summary`. The aggregate must have been taken whole.
    #[must_use]
    pub fn summary(mut self) -> Summary {
        // Before anything is read of the windows: which of them are kept is decided here, for the whole.
        self.end_windows();
        let members = self.members();
        let Answers { yes, no, maybe } = self.total.answers;
        self.countries.retain(|_, sums| sums.is_counted());
        self.cities.retain(|_, sums| sums.is_counted());
        self.topics.retain(|_, (_, sums)| sums.is_counted());
        let venue_yes = |venue: &VenueCount| venue.sums.counted.answers.yes;
        self.events_yes
            .sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        self.events_yes.truncate(TOP);
        Summary {
            records: self.records,
            malformed: self.ledger.all.rejected.values().sum(),
            rsvps: yes + no + maybe,
            yes,
            no,
            maybe,
            guests: self.total.heads - yes,
            heads: self.total.heads,
            countries: self
                .countries
                .keys()
                .filter(|name| &***name != UNKNOWN)
                .count() as u64,
            events: self.total.events,
            venues: self.counted_venues(),
            groups: self.groups.len() as u64,
            members,
            cities: self.cities.len() as u64,
            topics: self.topics.len() as u64,
            by_country: self.by_country(),
            top_venues_yes: self
                .top_venues(TOP, venue_yes)
                .into_iter()
                .map(|(id, venue)| (id.flat(), venue_yes(venue)))
                .collect(),
            top_cities_yes: self.top_cities(),
            top_topics_yes: self.top_topics(),
            busiest_5s: self.busiest(),
            trends: self.trends(),
            minutes: self.minutes(),
            digest: format!("{:032x}", self.digest),
            filter: self.filter,
            kinds: self.kinds,
            top_events_yes: self.events_yes,
            feeds: bounded(self.feeds),
            ledger: self.ledger.bounded(),
            as_of: self.as_of,
        }
    }

    /// How many members there are. Which of them answered to which event is not aggregated.
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

    fn by_country(&self) -> BTreeMap<Arc<str>, CountryTotal> {
        let yes = |(_, sums): (&Arc<str>, &Sums)| sums.counted.answers.yes;
        let name = |(country, _): (&Arc<str>, &Sums)| country.to_string();
        let (first, rest) = split(self.countries.iter(), COUNTRIES_MAX, yes, name);
        let mut totals: BTreeMap<Arc<str>, CountryTotal> = BTreeMap::new();
        let first = first
            .into_iter()
            .map(|(country, sums)| (country.clone(), sums.counted));
        let rest = rest
            .into_iter()
            .map(|(_, sums)| (OTHER.into(), sums.counted));
        for (country, counts) in first.chain(rest) {
            let total = totals.entry(country).or_default();
            total.yes += counts.answers.yes;
            total.no += counts.answers.no;
            total.maybe += counts.answers.maybe;
            total.heads += counts.heads;
        }
        totals
    }

    fn top_cities(&self) -> Vec<(String, u64)> {
        let yes = |(_, sums): (&City, &Sums)| sums.counted.answers.yes;
        let going = self.cities.iter().filter(|city| yes(*city) > 0);
        top(going, TOP, yes, |(city, _)| city.key())
            .into_iter()
            .map(|city| (clipped(city.0.key()), yes(city)))
            .collect()
    }

    fn top_topics(&self) -> Vec<(Arc<str>, u64)> {
        let yes = |(_, (_, sums)): (&Arc<str>, &(_, Sums))| sums.counted.answers.yes;
        let going = self.topics.iter().filter(|topic| yes(*topic) > 0);
        top(going, TOP, yes, |(topic, _)| topic.to_string())
            .into_iter()
            .map(|topic| (clip(topic.0), yes(topic)))
            .collect()
    }

    fn busiest(&self) -> Vec<BusyWindow> {
        let sum = |(_, answers): (&i64, &Answers)| answers.sum();
        top(self.windows.iter(), TOP, sum, |(start, _)| {
            start.to_string()
        })
        .into_iter()
        .map(|(start, answers)| BusyWindow {
            start: *start,
            yes: answers.yes,
            no: answers.no,
            maybe: answers.maybe,
        })
        .collect()
    }

    /// Before the first live record there is no stream time that could end the windows. Then the
    /// newest answer does.
    fn end_windows(&mut self) {
        let Some((&last, _)) = self.windows.last_key_value() else {
            return;
        };
        if self.as_of.stream_time.is_none() {
            let kept = self.windows.split_off(&Window::of(last - KEPT_MS).start());
            let late = std::mem::replace(&mut self.windows, kept);
            self.ledger.late += late.values().map(|answers| answers.sum()).sum::<u64>();
        }
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
                    maybe: sum.maybe + answers.maybe,
                })
        };
        Trends {
            five_minutes: last(5),
            ten_minutes: last(10),
            hour: last(60),
        }
    }

    /// The windows by the minute: at most a day of them and what a clock may be wrong.
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
        let mut minutes = vec![Answers::default(); length];
        for (&window, answers) in &self.windows {
            minutes[(minute(window) - minute(first)) as usize].add(*answers);
        }
        History::of(minute(first) * MINUTE_MS, MINUTE_MS, &minutes)
    }
}

fn bounded(mut feeds: BTreeMap<Arc<str>, FeedTotal>) -> BTreeMap<Arc<str>, FeedTotal> {
    for feed in feeds.values_mut() {
        bound_counts(&mut feed.by_status, STATUSES_MAX);
    }
    feeds
}
