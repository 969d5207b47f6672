//! Counts by the hour of the week.
use serde::{Deserialize, Serialize};

/// Hours in a week.
pub(super) const WEEK: usize = 168;

/// After so many weeks the older half begins to fade: habits change.
const WEEKS_MAX: i64 = 26;

/// What happened since a first hour. Hours without a count are hours of nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Hours {
    /// The first hour: hours since 1970 UTC.
    first: i64,
    /// The last hour with a count.
    last: i64,
    counts: Vec<u32>,
    /// The sum of the counts.
    all: u64,
}

impl Hours {
    pub(super) fn new(first: i64) -> Self {
        Self {
            first,
            last: first,
            counts: vec![0; WEEK],
            all: 0,
        }
    }

    pub(super) fn add(&mut self, hour: i64, count: u32) {
        if hour - self.first >= WEEKS_MAX * WEEK as i64 {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.all = self.counts.iter().copied().map(u64::from).sum();
            // Half of the counts in half of the time: the rates stay.
            self.first = hour - WEEKS_MAX / 2 * WEEK as i64;
        }
        if let Some(slot) = self.counts.get_mut(slot(hour)) {
            let before = *slot;
            *slot = slot.saturating_add(count);
            self.all += u64::from(*slot - before);
        }
        self.last = self.last.max(hour);
    }

    /// What happened in this hour of the week.
    pub(super) fn count(&self, hour: i64) -> f64 {
        self.counts.get(slot(hour)).copied().map_or(0.0, f64::from)
    }

    pub(super) fn all(&self) -> f64 {
        self.all as f64
    }

    /// How many hours have passed before `hour`.
    pub(super) fn hours_before(&self, hour: i64) -> f64 {
        hour.saturating_sub(self.first).max(0) as f64
    }

    /// How often this hour of the week has passed before `hour`.
    pub(super) fn weeks_before(&self, hour: i64) -> f64 {
        hour.saturating_sub(self.first)
            .max(0)
            .div_euclid(WEEK as i64) as f64
    }

    pub(super) fn last(&self) -> i64 {
        self.last
    }

    pub(super) fn is_whole(&self) -> bool {
        let all: u64 = self.counts.iter().copied().map(u64::from).sum();
        self.counts.len() == WEEK && self.first <= self.last && self.all == all
    }
}

fn slot(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(WEEK as i64)).unwrap_or(0)
}
