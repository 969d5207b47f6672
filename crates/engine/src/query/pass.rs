//! One pass over the event rows of a partition, whoever keeps them.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use headcount_record::{Key, Namespace, Response, Topic};

use crate::{
    catalog::Catalog,
    counts::{Answers, Counts},
    events::EventRow,
    feeds::Feeds,
    members::MemberRow,
    query::list::{GroupCount, ListKind},
    query::lists::{TOP, TRENDING_MAX},
    query::misses::{Dimensions, Misses},
    query::partial_aggregate::{
        HISTORY_WINDOWS, Map, PartialAggregate, Scope, VenueCount, add_group,
    },
    query::sums::Sums,
    query::view::{AsOf, Kinds, TrendingRow},
    rows::Rows,
    secondary::SecondaryTotals,
    source::JournaledSource,
    watermark::{LATENESS_MS, newest_window, oldest_window},
    window::{TREND_MS, WINDOW_MS, Window},
};

/// What is aggregated: the state of a partition, or a replica of it.
pub(crate) struct Facts<'a> {
    pub(crate) next_offset: u64,
    pub(crate) sources: &'a BTreeMap<u16, JournaledSource>,
    pub(crate) feeds: &'a Feeds,
    pub(crate) secondary: Cow<'a, SecondaryTotals>,
    /// The oldest window that the partition keeps. Rows may have older ones, which are not exact.
    pub(crate) oldest: Window,
    pub(crate) events: &'a Rows<EventRow>,
    pub(crate) members: &'a Rows<MemberRow>,
    pub(crate) catalog: &'a Catalog,
}

impl Facts<'_> {
    /// Aggregates all but the digest.
    pub(crate) fn aggregate(&self, scope: &Scope) -> PartialAggregate {
        let mut pass = Pass::new(self, scope);
        for row in self.events.iter() {
            pass.row(row);
        }
        let answers = pass.answers_by_namespace();
        let mut aggregate = pass.finish();
        for state in self.sources.values() {
            aggregate.ledger.add(&state.name, &state.account);
        }
        aggregate.ledger.close();
        self.aggregate_feeds(&answers, &mut aggregate);
        if scope.whole {
            self.aggregate_whole(scope, &mut aggregate);
        }
        debug_assert_eq!(
            aggregate.total,
            aggregate.countries.values().map(|sums| &sums.counted).sum(),
            "the parts add up to the whole"
        );
        aggregate
    }

    fn aggregate_feeds(
        &self,
        answers: &BTreeMap<Namespace, Answers>,
        aggregate: &mut PartialAggregate,
    ) {
        for feed in self.feeds.values() {
            let tally = &feed.tally;
            // What was declared and has not come is not there.
            if tally.kept() == 0 {
                continue;
            }
            let total = aggregate.feeds.entry(Arc::clone(&feed.name)).or_default();
            total.records += tally.kept();
            // An identity is never taken back.
            total.unique += tally.new;
            let Some(namespace) = feed.answers else {
                continue;
            };
            aggregate.records += tally.kept();
            aggregate.kinds.add(&Kinds {
                new: tally.new,
                ignored: tally.repeated + tally.stale,
                replaced: tally.replaced,
            });
            let of_feed = answers.get(&namespace).copied().unwrap_or_default();
            for response in Response::ALL {
                let count = of_feed.of(response);
                if count > 0 {
                    *total
                        .by_status
                        .entry(response.name().to_owned())
                        .or_default() += count;
                }
            }
        }
        self.secondary
            .count_statuses(self.feeds, &mut aggregate.feeds);
    }

    fn aggregate_whole(&self, scope: &Scope, aggregate: &mut PartialAggregate) {
        if scope.filter.is_empty() {
            let members = self.members.iter().filter_map(MemberRow::counted);
            // Nearly all have a winner; growing by doubling would take half as much again.
            aggregate.members.reserve_exact(self.members.len());
            aggregate.members.extend(members);
        }
        if !scope.filter.lets_response(Response::Yes) {
            return;
        }
        let misses = Misses::of(self.catalog, &scope.filter);
        let is_counted = |row: &&EventRow| {
            let of_group = misses.of_group(self.catalog.group_index(row.group));
            of_group.and(misses.of_event(self.catalog, row)).is_empty()
        };
        let rows = self.events.iter().filter(|row| row.yes > 0);
        aggregate.events_yes = top(rows.filter(is_counted), TOP, |a, b| {
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
struct VenueTally<'a> {
    latest: Option<&'a EventRow>,
    sums: Sums,
}

/// A topic's answers, and what it is called: of the names that groups with answers tell the least. So
/// it depends neither on the order of arrival nor on groups that have other topics now.
#[derive(Clone)]
struct TopicTally<'a> {
    topic: &'a Arc<Topic>,
    sums: Sums,
}

impl<'a> TopicTally<'a> {
    fn of(topic: &'a Arc<Topic>) -> Self {
        Self {
            topic,
            sums: Sums::default(),
        }
    }

    fn add(&mut self, topic: &'a Arc<Topic>, counts: Counts, misses: Dimensions) {
        // Most groups share the topic itself, so that texts are seldom compared.
        if !Arc::ptr_eq(topic, self.topic) && topic.name < self.topic.name {
            self.topic = topic;
        }
        self.sums.add_one(counts, misses);
    }
}

/// The state of a pass: sums into arrays by number.
struct Pass<'a> {
    facts: &'a Facts<'a>,
    scope: &'a Scope,
    misses: Misses<'a>,
    /// Of all answers, whatever the filter. By group entry, and then of events without a group, as below.
    all: Vec<Counts>,
    /// Of what the filter lets through of each group's events; what the group itself misses is seen to later.
    groups: Vec<Counts>,
    /// What is answered under the filter but for what it says of answers.
    responses: Answers,
    /// Answers to events without a group, whatever the filter.
    ungrouped: BTreeMap<Namespace, Answers>,
    venues: Vec<VenueTally<'a>>,
    /// The oldest and the newest window shown at this stream time.
    oldest: Window,
    newest: Window,
    trend_from: Window,
    history_from: Window,
    /// Answers of all rows, whatever the filter, that are older than any window shown, or newer.
    late: u64,
    ahead: u64,
    /// Only if the aggregate is of the whole.
    windows: Map<Window, Answers>,
    history: Vec<Answers>,
    trending: Vec<(u64, &'a EventRow)>,
    /// Only for a list of events: those that it has, with what counts of them and what is recent.
    listed: Vec<(Counts, u64, &'a EventRow)>,
}

impl<'a> Pass<'a> {
    fn new(facts: &'a Facts<'a>, scope: &'a Scope) -> Self {
        let catalog = facts.catalog;
        // The newest live record is one lateness ahead of stream time.
        let newest = scope.stream_time.map_or(0, |time| time + LATENESS_MS);
        let history_start = newest - (HISTORY_WINDOWS as i64 - 1) * WINDOW_MS;
        let trend_from = Window::of(newest - TREND_MS);
        let history_from = Window::of(history_start);
        Self {
            facts,
            scope,
            misses: Misses::of(catalog, &scope.filter),
            all: vec![Counts::default(); catalog.groups().len() + 1],
            groups: vec![Counts::default(); catalog.groups().len() + 1],
            responses: Answers::default(),
            ungrouped: BTreeMap::new(),
            venues: vec![VenueTally::default(); catalog.venue_ids.keys().len()],
            oldest: oldest_window(scope.stream_time).max(facts.oldest),
            newest: newest_window(scope.stream_time),
            trend_from,
            history_from,
            late: 0,
            ahead: 0,
            windows: Map::default(),
            history: vec![Answers::default(); HISTORY_WINDOWS],
            trending: Vec::new(),
            listed: Vec::new(),
        }
    }

    fn row(&mut self, row: &'a EventRow) {
        let counts = row.counts();
        // An event that nobody has answered counts nowhere yet, whatever is known of it.
        if counts.events == 0 {
            return;
        }
        let catalog = self.facts.catalog;
        let group = catalog.group_index(row.group);
        self.all[group].add(counts);
        if row.group.is_none() {
            let namespace = row.content.namespace;
            let sum = self.ungrouped.entry(namespace).or_default();
            sum.add(counts.answers);
        }
        let of_event = self.misses.of_event(catalog, row);
        let misses = of_event.and(self.misses.of_group(group));
        let chosen = self.misses.counts(counts);
        if of_event.is_empty() {
            self.groups[group].add(chosen);
        }
        if misses.is_empty() {
            self.responses.add(counts.answers);
        }
        if let Some(venue) = row.venue
            && chosen.events > 0
            && misses.only(Dimensions::VENUE)
        {
            self.venue(row, venue, chosen, misses);
        }
        let recent = self.windows(row, counts.answers, misses);
        if recent > 0 {
            self.trending.push((recent, row));
        }
        if chosen.events > 0 && misses.is_empty() && self.is_listed(row) {
            self.listed.push((chosen, recent, row));
        }
    }

    fn is_listed(&self, row: &EventRow) -> bool {
        self.scope.list.as_ref().is_some_and(|query| {
            query.kind == ListKind::Events && query.finds_event(self.facts.catalog, row)
        })
    }

    /// Adds the windows of an event; returns the weight of those that make it trend.
    fn windows(&mut self, row: &EventRow, answers: Answers, misses: Dimensions) -> u64 {
        let (mut kept, mut recent) = (0, 0);
        for bucket in row.recent.since(self.oldest) {
            let of_bucket = bucket.answers();
            kept += of_bucket.sum();
            if bucket.window() > self.newest {
                self.ahead += of_bucket.sum();
                continue;
            }
            let chosen = self.misses.answers(of_bucket);
            if misses.is_empty() {
                self.window(bucket.window(), chosen);
            }
            if bucket.window() >= self.trend_from && misses.only(Dimensions::EVENT) {
                recent += self.scope.filter.weight(chosen);
            }
        }
        debug_assert!(kept <= answers.sum(), "windows hold winners");
        self.late += answers.sum().saturating_sub(kept);
        recent
    }

    /// Adds a window of an event that the filter lets through.
    fn window(&mut self, window: Window, answers: Answers) {
        if answers.sum() == 0 {
            return;
        }
        if self.scope.whole {
            self.windows.entry(window).or_default().add(answers);
        }
        let slot = window.since(self.history_from);
        if let Some(slot) = slot.and_then(|at| self.history.get_mut(at)) {
            slot.add(answers);
        }
    }

    fn venue(&mut self, row: &'a EventRow, venue: u32, counts: Counts, misses: Dimensions) {
        let entry = self.facts.catalog.venue(venue);
        let tally = &mut self.venues[entry.id as usize];
        tally.sums.add_one(counts, misses);
        let latest = |row: &EventRow| (row.version, row.record);
        if tally.latest.is_none_or(|known| latest(row) > latest(known)) {
            tally.latest = Some(row);
        }
    }

    fn answers_by_namespace(&self) -> BTreeMap<Namespace, Answers> {
        let mut sums = self.ungrouped.clone();
        for (group, counts) in self.facts.catalog.groups().iter().zip(&self.all) {
            if counts.events > 0 {
                let sum = sums.entry(group.content.id.namespace).or_default();
                sum.add(counts.answers);
            }
        }
        sums
    }

    fn finish(self) -> PartialAggregate {
        let catalog = self.facts.catalog;
        let mut aggregate = PartialAggregate {
            as_of: AsOf {
                offsets: vec![self.facts.next_offset],
                stream_time: self.scope.stream_time,
            },
            filter: self.scope.filter.clone(),
            history_start: self.history_from.start(),
            ..PartialAggregate::default()
        };
        self.sum_groups(&mut aggregate);
        aggregate.venues = named(catalog.venue_ids.keys(), self.venues)
            .filter_map(|(id, tally)| Some((id, venue_count(catalog, &tally)?)))
            .collect();
        aggregate.history = self.history;
        aggregate.windows = self
            .windows
            .into_iter()
            .map(|(window, answers)| (window.start(), answers))
            .collect();
        (aggregate.ledger.late, aggregate.ledger.ahead) = (self.late, self.ahead);
        if let Some(query) = &self.scope.list {
            aggregate.events_found = self.listed.len() as u64;
            aggregate.event_list = query.first_events(catalog, self.listed);
        }
        aggregate.trending = top(self.trending.into_iter(), TRENDING_MAX, |a, b| {
            (b.0, b.1.yes)
                .cmp(&(a.0, a.1.yes))
                .then_with(|| a.1.content.id.cmp(&b.1.content.id))
        })
        .into_iter()
        .map(|(recent, row)| trending_row(catalog, row, recent))
        .collect();
        aggregate
    }

    /// Adds the counts of groups up to those of what they belong to. There are far fewer groups than events, so events are
    /// added to their group only, and what a group has in common is looked up once.
    fn sum_groups(&self, aggregate: &mut PartialAggregate) {
        let catalog = self.facts.catalog;
        let mut cities = vec![Sums::default(); catalog.cities.keys().len()];
        let mut topics = vec![None; catalog.topics.keys().len()];
        let mut countries = vec![Sums::default(); catalog.countries.keys().len()];
        let list = self.scope.list.as_ref();
        let lists_groups = list.is_some_and(|query| query.kind == ListKind::Groups);
        aggregate.all = self.all.iter().sum();
        aggregate.responses = self.responses;
        let counted = self.groups.iter().enumerate();
        for (at, counts) in counted.filter(|(_, counts)| counts.events > 0) {
            let misses = self.misses.of_group(at);
            let group = catalog.groups().get(at);
            if misses.only(Dimensions::COUNTRY) {
                let country = catalog.country_of(Key::new(at as u32).filter(|_| group.is_some()));
                countries[country as usize].add_one(*counts, misses);
            }
            if misses.is_empty() {
                aggregate.total.add(*counts);
            }
            let Some(group) = group else {
                continue;
            };
            if misses.is_empty() {
                aggregate.groups.insert(group.content.id);
                if lists_groups {
                    let count = GroupCount {
                        content: Arc::clone(&group.content.content),
                        counts: *counts,
                    };
                    add_group(&mut aggregate.group_counts, group.content.id, count);
                }
            }
            if misses.only(Dimensions::CITY) {
                cities[group.city as usize].add_one(*counts, misses);
            }
            if misses.only(Dimensions::TOPIC) {
                debug_assert_eq!(group.topics.len(), group.content.topics.len());
                for (&at, topic) in group.topics.iter().zip(&group.content.topics) {
                    let tally = topics[at as usize].get_or_insert_with(|| TopicTally::of(topic));
                    tally.add(topic, *counts, misses);
                }
            }
        }
        aggregate.countries = named(catalog.countries.keys(), countries)
            .filter(|(_, sums)| sums.is_listed())
            .collect();
        aggregate.cities = named(catalog.cities.keys(), cities)
            .filter(|(_, sums)| sums.is_listed())
            .collect();
        aggregate.topics = named(catalog.topics.keys(), topics)
            .filter_map(|(key, tally)| {
                let TopicTally { topic, sums } = tally?;
                Some((key, (topic.name.clone(), sums)))
            })
            .collect();
    }
}

fn named<K: Clone, V>(keys: &[K], values: Vec<V>) -> impl Iterator<Item = (K, V)> {
    keys.iter().cloned().zip(values)
}

fn venue_count(catalog: &Catalog, tally: &VenueTally<'_>) -> Option<VenueCount> {
    let row = tally.latest?;
    Some(VenueCount {
        latest: (row.version, row.record),
        content: Arc::clone(&catalog.venue(row.venue?).content.content),
        group: row
            .group
            .map(|group| Arc::clone(&catalog.group(group).content.content)),
        sums: tally.sums,
    })
}

/// The first `limit` in an order.
pub(super) fn top<T>(
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
    let group = row.group.map(|group| &catalog.group(group).content);
    let event = &row.content;
    TrendingRow {
        event_id: event.id.clone(),
        name: event.name.clone(),
        group: group.map(|group| group.name.clone()).unwrap_or_default(),
        country: catalog.country_name(row.group).clone(),
        city: catalog.city_name(row.group),
        venue: row
            .venue
            .map(|venue| catalog.venue(venue).content.name.clone()),
        time: event.time,
        url: Some(event.url.clone()).filter(|url| !url.is_empty()),
        recent,
        yes: row.yes.into(),
        no: row.no.into(),
        maybe: row.maybe.into(),
        heads: row.heads(),
        category: None,
        topics: group.map(|group| group.topics.clone()).unwrap_or_default(),
    }
}
