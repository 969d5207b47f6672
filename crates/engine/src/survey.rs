//! One pass over the event rows of a partition, and the sum of such passes.
//!
//! Every panel is a group-by of event rows. A survey holds all of them at once, so totals can
//! never disagree with their parts.

use std::{collections::BTreeMap, sync::Arc};

use hashbrown::{HashMap, HashSet};

use headcount_record::{Feed, Venue, Version};

use crate::{
    catalog::{Catalog, City},
    events::EventRow,
    ledger::Ledger,
    partition::Partition,
    view::{AsOf, FeedTotal, Filter, Kinds, TrendingRow},
    watermark::{LATENESS_MS, oldest_window},
    window::{TREND_MS, WINDOW_MS, Window},
};

/// Windows shown as recent history: 5 minutes.
pub(crate) const HISTORY_WINDOWS: usize = 60;
/// Events of the list by `yes` that each partition contributes: as many as are shown.
pub(crate) const TOP: usize = 10;
/// Events of the trending list that each partition contributes: more than are ever shown.
const TRENDING_MAX: usize = 50;

/// What is counted by value is never in the order of a hash.
type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
type Set<K> = HashSet<K, foldhash::fast::RandomState>;

/// Answers by response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) yes: u64,
    pub(crate) no: u64,
}

impl Answers {
    pub(crate) fn sum(self) -> u64 {
        self.yes + self.no
    }

    fn add(&mut self, other: Self) {
        self.yes += other.yes;
        self.no += other.no;
    }
}

/// Counts of events and of the answers to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) events: u64,
    pub(crate) answers: Answers,
    pub(crate) heads: u64,
}

impl Counts {
    fn of(row: &EventRow) -> Self {
        Self {
            events: 1,
            answers: Answers {
                yes: u64::from(row.yes),
                no: u64::from(row.no),
            },
            heads: row.heads(),
        }
    }

    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.answers.add(other.answers);
        self.heads += other.heads;
    }
}

/// A venue as its latest event tells it.
#[derive(Clone, Debug)]
pub(crate) struct VenueCount {
    latest: (Version, u32),
    pub(crate) content: Arc<Venue>,
    pub(crate) city: Arc<str>,
    pub(crate) country: Arc<str>,
    pub(crate) answers: Answers,
}

/// What is wanted of a survey.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub filter: Filter,
    /// Stream time of the whole journal: ends the windows.
    pub stream_time: Option<i64>,
    /// Also members, all windows kept and the events with the most `yes`: for a summary.
    pub whole: bool,
}

/// All group-bys of a partition, or of several added up.
#[derive(Default)]
pub struct Survey {
    pub(crate) as_of: AsOf,
    pub(crate) filter: Filter,
    /// Under the filter.
    pub(crate) total: Counts,
    /// Of the world, whatever the filter.
    pub(crate) all: Counts,
    pub(crate) countries: Map<Arc<str>, Counts>,
    pub(crate) cities: Map<City, Answers>,
    pub(crate) topics: Map<Arc<str>, (Arc<str>, Answers)>,
    pub(crate) venues: Map<i64, VenueCount>,
    pub(crate) groups: Set<i64>,
    pub(crate) trending: Vec<TrendingRow>,
    /// The last windows up to the end of stream time, oldest first.
    pub(crate) history: Vec<Answers>,
    pub(crate) history_start: i64,
    pub(crate) ledger: Ledger,
    pub(crate) kinds: Kinds,
    pub(crate) feeds: BTreeMap<&'static str, FeedTotal>,
    pub(crate) digest: u128,
    /// Ids of members. Those of one partition are distinct; another may have the same ones.
    pub(crate) members: Vec<u64>,
    pub(crate) windows: BTreeMap<i64, Answers>,
    /// The events with the most `yes` of each partition.
    pub(crate) events_yes: Vec<(Arc<str>, u64)>,
}

impl Survey {
    /// Adds the survey of another partition under the same scope.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        if self.as_of.offsets.is_empty() {
            return other;
        }
        self.as_of.offsets.append(&mut other.as_of.offsets);
        self.total.add(other.total);
        self.all.add(other.all);
        for (country, counts) in other.countries {
            self.countries.entry(country).or_default().add(counts);
        }
        for (city, answers) in other.cities {
            self.cities.entry(city).or_default().add(answers);
        }
        for (topic, (name, answers)) in other.topics {
            let entry = self
                .topics
                .entry(topic)
                .or_insert_with(|| (name.clone(), Answers::default()));
            entry.1.add(answers);
            if name < entry.0 {
                entry.0 = name;
            }
        }
        for (id, venue) in other.venues {
            add_venue(&mut self.venues, id, venue);
        }
        self.groups.extend(other.groups);
        self.trending.append(&mut other.trending);
        sort_trending(&mut self.trending);
        for (sum, answers) in self.history.iter_mut().zip(other.history) {
            sum.add(answers);
        }
        self.ledger.merge(&other.ledger);
        self.kinds.new += other.kinds.new;
        self.kinds.ignored += other.kinds.ignored;
        self.kinds.replaced += other.kinds.replaced;
        for (feed, total) in other.feeds {
            let sum = self.feeds.entry(feed).or_default();
            sum.records += total.records;
            sum.unique += total.unique;
            for (status, count) in total.by_status {
                *sum.by_status.entry(status).or_default() += count;
            }
        }
        self.digest = self.digest.wrapping_add(other.digest);
        self.members.extend(other.members);
        for (window, answers) in other.windows {
            self.windows.entry(window).or_default().add(answers);
        }
        self.events_yes.append(&mut other.events_yes);
        self
    }
}

impl Partition {
    /// Surveys the partition.
    #[must_use]
    pub fn survey(&self, scope: &Scope) -> Survey {
        let mut pass = Pass::new(self, scope);
        for row in self.rsvps.events.rows().iter() {
            pass.row(row);
        }
        let mut survey = pass.finish();
        for state in self.sources.values() {
            survey.ledger.add(&state.name, &state.account);
        }
        survey.ledger.close();
        self.survey_feeds(&mut survey);
        if scope.whole {
            self.survey_whole(scope, &mut survey);
        }
        survey
    }

    fn survey_feeds(&self, survey: &mut Survey) {
        for (feed, tally) in &self.feeds {
            survey.feeds.entry(feed.name()).or_default().records += tally.kept();
        }
        if let Some(rsvps) = self.feeds.get(&Feed::Rsvps) {
            survey.kinds = Kinds {
                new: rsvps.new,
                ignored: rsvps.repeated + rsvps.stale,
                replaced: rsvps.replaced,
            };
            let total = survey.feeds.entry(Feed::Rsvps.name()).or_default();
            total.unique = self.rsvps.winners.len() as u64;
            let Answers { yes, no } = survey.all.answers;
            total.by_status = [("no", no), ("yes", yes)]
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(status, count)| (status.to_owned(), count))
                .collect();
        }
        self.others.total(&mut survey.feeds);
    }

    fn survey_whole(&self, scope: &Scope, survey: &mut Survey) {
        survey.members = self.rsvps.members.ids().collect();
        survey.digest = self.digest();
        let oldest = oldest_window(scope.stream_time).max(self.watermark.oldest_window());
        let mut windows: Map<Window, Answers> = Map::default();
        for row in self.rsvps.events.rows().iter() {
            for bucket in row.recent.since(oldest) {
                windows.entry(bucket.window).or_default().add(Answers {
                    yes: bucket.yes.into(),
                    no: bucket.no.into(),
                });
            }
        }
        survey.windows = windows
            .into_iter()
            .map(|(window, answers)| (window.start(), answers))
            .collect();
        let rows = self.rsvps.events.rows().iter();
        survey.events_yes = top(rows.filter(|row| row.yes > 0), TOP, |a, b| {
            b.yes
                .cmp(&a.yes)
                .then_with(|| a.content.id.cmp(&b.content.id))
        })
        .into_iter()
        .map(|row| (row.content.id.clone(), row.yes.into()))
        .collect();
    }
}

/// A venue's answers, and the latest of its events.
#[derive(Clone, Default)]
struct VenueSum<'a> {
    latest: Option<&'a EventRow>,
    answers: Answers,
}

/// The state of a pass: sums into arrays by number.
struct Pass<'a> {
    partition: &'a Partition,
    scope: &'a Scope,
    /// By group entry: whether the filter lets it through.
    wanted: Vec<bool>,
    groups: Vec<Counts>,
    venues: Vec<VenueSum<'a>>,
    trend_from: Window,
    history_from: Window,
    history: Vec<Answers>,
    trending: Vec<(u64, &'a EventRow)>,
}

impl<'a> Pass<'a> {
    fn new(partition: &'a Partition, scope: &'a Scope) -> Self {
        let catalog = &partition.rsvps.catalog;
        let wanted = wanted_groups(catalog, &scope.filter);
        // The newest live record is one lateness ahead of stream time.
        let newest = scope.stream_time.map_or(0, |time| time + LATENESS_MS);
        let history_start = newest - (HISTORY_WINDOWS as i64 - 1) * WINDOW_MS;
        Self {
            partition,
            scope,
            wanted,
            groups: vec![Counts::default(); catalog.groups().len()],
            venues: vec![VenueSum::default(); catalog.venue_ids.keys().len()],
            trend_from: Window::of(newest - TREND_MS),
            history_from: Window::of(history_start),
            history: vec![Answers::default(); HISTORY_WINDOWS],
            trending: Vec::new(),
        }
    }

    fn row(&mut self, row: &'a EventRow) {
        let counts = Counts::of(row);
        self.groups[row.group as usize].add(counts);
        if !self.wanted[row.group as usize] {
            return;
        }
        if let Some(venue) = row.venue {
            self.venue(row, venue, counts.answers);
        }
        let mut recent = 0;
        for bucket in row.recent.since(self.trend_from.min(self.history_from)) {
            let answers = Answers {
                yes: bucket.yes.into(),
                no: bucket.no.into(),
            };
            if bucket.window >= self.trend_from {
                recent += answers.sum();
            }
            if let Some(slot) = bucket
                .window
                .since(self.history_from)
                .and_then(|at| self.history.get_mut(at))
            {
                slot.add(answers);
            }
        }
        if recent > 0 {
            self.trending.push((recent, row));
        }
    }

    fn venue(&mut self, row: &'a EventRow, venue: u32, answers: Answers) {
        let entry = self.partition.rsvps.catalog.venue(venue);
        let sum = &mut self.venues[entry.id as usize];
        sum.answers.add(answers);
        let latest = |row: &EventRow| (row.version, row.record);
        if sum.latest.is_none_or(|known| latest(row) > latest(known)) {
            sum.latest = Some(row);
        }
    }

    fn finish(self) -> Survey {
        let catalog = &self.partition.rsvps.catalog;
        let mut survey = Survey {
            as_of: AsOf {
                offsets: vec![self.partition.next_offset],
                stream_time: self.scope.stream_time,
            },
            filter: self.scope.filter.clone(),
            history_start: self.history_from.start(),
            ..Survey::default()
        };
        let mut cities = vec![None; catalog.cities.keys().len()];
        let mut topics = vec![None; catalog.topics.keys().len()];
        let mut countries = vec![Counts::default(); catalog.countries.keys().len()];
        for (at, counts) in self
            .groups
            .iter()
            .enumerate()
            .filter(|(_, counts)| counts.events > 0)
        {
            let group = &catalog.groups()[at];
            countries[group.country as usize].add(*counts);
            survey.all.add(*counts);
            if !self.wanted[at] {
                continue;
            }
            survey.total.add(*counts);
            survey.groups.insert(group.content.id);
            cities[group.city as usize]
                .get_or_insert_with(Answers::default)
                .add(counts.answers);
            for &topic in &group.topics {
                topics[topic as usize]
                    .get_or_insert_with(Answers::default)
                    .add(counts.answers);
            }
        }
        survey.countries = named(catalog.countries.keys(), countries)
            .filter(|(_, counts)| counts.events > 0)
            .collect();
        survey.cities = named(catalog.cities.keys(), cities)
            .filter_map(|(city, answers)| Some((city, answers?)))
            .collect();
        survey.topics = named(catalog.topics.keys(), topics)
            .enumerate()
            .filter_map(|(at, (topic, answers))| {
                Some((topic, (catalog.topic_name(at).clone(), answers?)))
            })
            .collect();
        survey.venues = named(catalog.venue_ids.keys(), self.venues)
            .filter_map(|(id, sum)| Some((id, venue_count(catalog, &sum)?)))
            .collect();
        survey.history = self.history;
        survey.trending = top(self.trending.into_iter(), TRENDING_MAX, |a, b| {
            (b.0, b.1.yes)
                .cmp(&(a.0, a.1.yes))
                .then_with(|| a.1.content.id.cmp(&b.1.content.id))
        })
        .into_iter()
        .map(|(recent, row)| trending_row(catalog, row, recent))
        .collect();
        survey
    }
}

fn wanted_groups(catalog: &Catalog, filter: &Filter) -> Vec<bool> {
    let wanted_country: Vec<bool> = catalog
        .countries
        .keys()
        .iter()
        .map(|country| filter.country.is_empty() || filter.country.iter().any(|c| **c == **country))
        .collect();
    catalog
        .groups()
        .iter()
        .map(|group| wanted_country[group.country as usize])
        .collect()
}

fn named<K: Clone, V>(keys: &[K], values: Vec<V>) -> impl Iterator<Item = (K, V)> {
    keys.iter().cloned().zip(values)
}

fn add_venue(venues: &mut Map<i64, VenueCount>, id: i64, venue: VenueCount) {
    match venues.get_mut(&id) {
        None => {
            venues.insert(id, venue);
        }
        Some(known) => {
            let mut answers = known.answers;
            answers.add(venue.answers);
            if venue.latest > known.latest {
                *known = venue;
            }
            known.answers = answers;
        }
    }
}

fn venue_count(catalog: &Catalog, sum: &VenueSum<'_>) -> Option<VenueCount> {
    let row = sum.latest?;
    let group = &catalog.group(row.group).content;
    Some(VenueCount {
        latest: (row.version, row.record),
        content: Arc::clone(&catalog.venue(row.venue?).content.content),
        city: group.city.clone(),
        country: group.country.clone(),
        answers: sum.answers,
    })
}

/// The first `limit` in an order.
fn top<T>(
    items: impl Iterator<Item = T>,
    limit: usize,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    if items.len() > limit {
        items.select_nth_unstable_by(limit, &order);
        items.truncate(limit);
    }
    items.sort_unstable_by(order);
    items
}

fn trending_row(catalog: &Catalog, row: &EventRow, recent: u64) -> TrendingRow {
    let group = &catalog.group(row.group).content;
    let event = &row.content;
    TrendingRow {
        event_id: event.id.clone(),
        name: event.name.clone(),
        group: group.name.clone(),
        country: group.country.clone(),
        city: group.city.clone(),
        venue: row
            .venue
            .map(|venue| catalog.venue(venue).content.name.clone()),
        time: event.time,
        url: Some(event.url.clone()).filter(|url| !url.is_empty()),
        recent,
        yes: row.yes.into(),
        no: row.no.into(),
        heads: row.heads(),
    }
}

/// The most answered first, at most [`TRENDING_MAX`].
fn sort_trending(rows: &mut Vec<TrendingRow>) {
    let order = |a: &TrendingRow, b: &TrendingRow| {
        (b.recent, b.yes)
            .cmp(&(a.recent, a.yes))
            .then_with(|| a.event_id.cmp(&b.event_id))
    };
    rows.sort_unstable_by(order);
    rows.truncate(TRENDING_MAX);
}
