//! How large the events of groups of one category, or with one topic, tend to be: all that can be said of a new group.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::LabelledEvent;

/// As many groups of average size stand beside those of a category or topic, so that few groups say little.
const STEADY_GROUPS: f32 = 5.0;

/// A topic of fewer groups says nothing.
const GROUPS_MIN: f32 = 3.0;

/// Means of ln(1 + yes) over groups, each group counted once.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct SubjectMeans {
    mean: f32,
    /// Hash of the category or topic, and its mean; ascending by hash.
    subjects: Vec<(u64, f32)>,
}

impl SubjectMeans {
    /// Learns from past events; `wanted` picks the groups.
    pub(super) fn train(events: &[LabelledEvent], wanted: impl Fn(i64) -> bool) -> Self {
        let mut groups: BTreeMap<i64, (f32, f32, &LabelledEvent)> = BTreeMap::new();
        for event in events {
            if let (Some(group), Some(yes)) = (
                event.group_id.filter(|group| wanted(*group)),
                event.yes_rsvp_count,
            ) {
                let entry = groups.entry(group).or_insert((0.0, 0.0, event));
                *entry = (entry.0 + (yes as f32).ln_1p(), entry.1 + 1.0, event);
            }
        }
        let mut sums: BTreeMap<u64, (f32, f32)> = BTreeMap::new();
        let mut all = (0.0, 0.0);
        for (sum, count, event) in groups.values() {
            all = (all.0 + sum / count, all.1 + 1.0);
            for subject in subjects(event) {
                let entry = sums.entry(subject).or_default();
                *entry = (entry.0 + sum / count, entry.1 + 1.0);
            }
        }
        let mean = if all.1 > 0.0 { all.0 / all.1 } else { 0.0 };
        let steady =
            |(sum, count): (f32, f32)| (sum + STEADY_GROUPS * mean) / (count + STEADY_GROUPS);
        let known = sums
            .into_iter()
            .filter(|(_, (_, count))| *count >= GROUPS_MIN);
        Self {
            mean,
            subjects: known
                .map(|(subject, sums)| (subject, steady(sums)))
                .collect(),
        }
    }

    /// Adds 4 columns: the category's mean, and the mean, least and greatest of the topics.
    pub(super) fn features(&self, event: &LabelledEvent, row: &mut Vec<f32>) {
        let category = category(event).and_then(|category| self.get(category));
        let (mut sum, mut count, mut least, mut greatest) = (0.0, 0.0, f32::NAN, f32::NAN);
        for mean in event
            .topics
            .iter()
            .take(TOPICS_MAX)
            .filter_map(|key| self.get(topic(key)))
        {
            (sum, count) = (sum + mean, count + 1.0);
            (least, greatest) = (mean.min(least), mean.max(greatest));
        }
        row.extend([category.unwrap_or(f32::NAN), sum / count, least, greatest]);
    }

    /// ln(1 + yes) of a group of which nothing is known.
    pub(super) fn mean(&self) -> f32 {
        self.mean
    }

    pub(super) fn is_finite(&self) -> bool {
        self.mean.is_finite() && self.subjects.iter().all(|(_, mean)| mean.is_finite())
    }

    pub(super) fn is_ascending(&self) -> bool {
        self.subjects.is_sorted_by(|a, b| a.0 < b.0)
    }

    fn get(&self, subject: u64) -> Option<f32> {
        self.subjects
            .binary_search_by_key(&subject, |(subject, _)| *subject)
            .ok()
            .map(|at| self.subjects[at].1)
    }
}

/// How many topics of a group are looked at; Meetup allowed 15.
const TOPICS_MAX: usize = 24;

fn subjects(event: &LabelledEvent) -> impl Iterator<Item = u64> {
    category(event)
        .into_iter()
        .chain(event.topics.iter().take(TOPICS_MAX).map(|key| topic(key)))
}

fn category(event: &LabelledEvent) -> Option<u64> {
    event
        .category
        .as_ref()
        .map(|name| xxh3_64(name.as_bytes()) << 1)
}

fn topic(key: &str) -> u64 {
    xxh3_64(key.as_bytes()) << 1 | 1
}
