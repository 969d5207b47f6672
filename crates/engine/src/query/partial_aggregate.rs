//! What one pass over the event rows of a partition finds, and the sum of such passes.
//!
//! Every panel is a group-by of event rows. An aggregate holds all of them at once, so totals can
//! never disagree with their parts.

use std::{collections::BTreeMap, sync::Arc};

use hashbrown::{HashMap, HashSet};

use headcount_record::{Group, Identity, Venue, Version};

use crate::{
    catalog::{City, UNKNOWN},
    counts::{Answers, Counts},
    ledger::Ledger,
    query::filter::Filter,
    query::list::{GroupCount, ListQuery, ListRow},
    query::lists::TRENDING_MAX,
    query::sums::Sums,
    query::view::{AsOf, FeedTotal, Kinds, TrendingRow},
};

/// Windows shown as recent history: 5 minutes.
pub(crate) const HISTORY_WINDOWS: usize = 60;

/// What is counted by value is never in the order of a hash.
pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A venue as its latest event tells it.
#[derive(Clone, Debug)]
pub(crate) struct VenueCount {
    pub(crate) latest: (Version, u32),
    pub(crate) content: Arc<Venue>,
    /// Who invites to that event, if it is told: the city and the country are the group's.
    pub(crate) group: Option<Arc<Group>>,
    pub(crate) sums: Sums,
}

impl VenueCount {
    /// The city of the group; empty where there is none.
    pub(crate) fn city(&self) -> Arc<str> {
        let group = self.group.as_ref();
        group
            .map(|group| Arc::clone(&group.city))
            .unwrap_or_default()
    }

    /// The country of the group.
    pub(crate) fn country(&self) -> Arc<str> {
        let country = self.group.as_ref().and_then(|group| group.country.clone());
        country.unwrap_or_else(|| UNKNOWN.into())
    }
}

/// What is wanted of an aggregate.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The events that are counted.
    pub filter: Filter,
    /// Stream time of the whole journal. All that depends on it is cut here, in every partition
    /// alike, whatever the watermarks of partitions are.
    pub stream_time: Option<i64>,
    /// Also members, all windows kept and the events with the most `yes`: for a summary.
    pub whole: bool,
    /// Also what a page of a list needs.
    pub list: Option<Arc<ListQuery>>,
}

/// All group-bys of a partition, or of several added up.
#[derive(Default)]
pub struct PartialAggregate {
    pub(crate) as_of: AsOf,
    pub(crate) filter: Filter,
    /// Under the filter.
    pub(crate) total: Counts,
    /// Of the world, whatever the filter.
    pub(crate) all: Counts,
    /// What is answered under the filter but for what it says of answers.
    pub(crate) responses: Answers,
    pub(crate) countries: Map<Arc<str>, Sums>,
    pub(crate) cities: Map<City, Sums>,
    /// With what the topic is called.
    pub(crate) topics: Map<Arc<str>, (Arc<str>, Sums)>,
    pub(crate) venues: Map<Identity, VenueCount>,
    pub(crate) groups: HashSet<Identity, foldhash::fast::RandomState>,
    pub(crate) trending: Vec<TrendingRow>,
    /// The last windows up to the end of stream time, oldest first.
    pub(crate) history: Vec<Answers>,
    pub(crate) history_start: i64,
    pub(crate) ledger: Ledger,
    pub(crate) kinds: Kinds,
    /// Records that are answers.
    pub(crate) records: u64,
    pub(crate) feeds: BTreeMap<Arc<str>, FeedTotal>,
    pub(crate) digest: u128,
    /// Members. Those of one partition are distinct; another may have the same ones.
    pub(crate) members: Vec<Identity>,
    pub(crate) windows: BTreeMap<i64, Answers>,
    /// The events with the most `yes` of each partition.
    pub(crate) events_yes: Vec<(Arc<str>, u64)>,
    /// Only for a list of groups.
    pub(crate) group_counts: Map<Identity, GroupCount>,
    /// Only for a list of events: the first of each partition, and how many there are.
    pub(crate) event_list: Vec<ListRow>,
    pub(crate) events_found: u64,
}

impl PartialAggregate {
    /// Adds the aggregate of another partition under the same scope.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        // The empty aggregate is neutral, so that aggregates can be folded.
        if self.as_of.offsets.is_empty() {
            return other;
        }
        // Windows that were cut at two stream times could not be added.
        debug_assert_eq!(
            (self.as_of.stream_time, &self.filter),
            (other.as_of.stream_time, &other.filter),
            "parts are of one scope"
        );
        self.as_of.offsets.append(&mut other.as_of.offsets);
        self.total.add(other.total);
        self.all.add(other.all);
        self.responses.add(other.responses);
        for (country, sums) in other.countries {
            self.countries.entry(country).or_default().add(sums);
        }
        for (city, sums) in other.cities {
            self.cities.entry(city).or_default().add(sums);
        }
        for (topic, (name, sums)) in other.topics {
            let entry = self
                .topics
                .entry(topic)
                .or_insert_with(|| (name.clone(), Sums::default()));
            entry.1.add(sums);
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
        self.kinds.add(&other.kinds);
        self.records += other.records;
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
        for (id, group) in other.group_counts {
            add_group(&mut self.group_counts, id, group);
        }
        self.event_list.append(&mut other.event_list);
        self.events_found += other.events_found;
        self
    }
}

/// Adds counts of a group to those that are known of it.
pub(crate) fn add_group(groups: &mut Map<Identity, GroupCount>, id: Identity, group: GroupCount) {
    match groups.get_mut(&id) {
        Some(known) => known.add(group),
        None => {
            groups.insert(id, group);
        }
    }
}

fn add_venue(venues: &mut Map<Identity, VenueCount>, id: Identity, venue: VenueCount) {
    match venues.get_mut(&id) {
        None => {
            venues.insert(id, venue);
        }
        Some(known) => {
            let mut sums = known.sums;
            sums.add(venue.sums);
            if venue.latest > known.latest {
                *known = venue;
            }
            known.sums = sums;
        }
    }
}

/// Those to which most people have just answered first, at most [`TRENDING_MAX`].
fn sort_trending(rows: &mut Vec<TrendingRow>) {
    let order = |a: &TrendingRow, b: &TrendingRow| {
        (b.recent, b.yes)
            .cmp(&(a.recent, a.yes))
            .then_with(|| a.event_id.cmp(&b.event_id))
    };
    rows.sort_unstable_by(order);
    rows.truncate(TRENDING_MAX);
}
