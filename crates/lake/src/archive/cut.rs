//! A cut: a run of entries that becomes one object a feed.

use std::collections::BTreeMap;

use bytes::Bytes;
use headcount_record::Kind;

use super::ArchivedEntry;
use super::error::Result;
use super::name::{ObjectName, hour_of};
use super::writing::Writing;

/// What an entry counts beside its body, towards the size at which a cut ends: its line's end and its place in the
/// index. So the smallest entries cannot make a cut of endless length.
const ENTRY_BYTES: u64 = 32;

/// A cut that is being written.
pub(super) struct Cut {
    first: u64,
    next: u64,
    hour: i64,
    bytes: u64,
    feeds: BTreeMap<Kind, Writing>,
}

/// A cut that is complete: what is to be stored.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its first offset.
    pub first: u64,
    /// One past its last.
    pub end: u64,
    /// Names and bodies, one for each feed that has entries in it.
    pub objects: Vec<(String, Bytes)>,
}

impl Cut {
    /// An empty cut that begins with this entry.
    pub(super) fn begin(entry: &ArchivedEntry<'_>) -> Self {
        Self {
            first: entry.offset,
            next: entry.offset,
            hour: hour_of(entry.arrived),
            bytes: 0,
            feeds: BTreeMap::new(),
        }
    }

    /// Whether the entry belongs to it still. Where it ends is a function of the entries alone.
    pub(super) fn takes(&self, entry: &ArchivedEntry<'_>, cut_bytes: u64) -> bool {
        let bytes = self.bytes + entry.body.len() as u64 + ENTRY_BYTES;
        hour_of(entry.arrived) == self.hour && bytes <= cut_bytes
    }

    pub(super) fn add(&mut self, entry: &ArchivedEntry<'_>) -> Result<()> {
        debug_assert_eq!(entry.offset, self.next, "a cut has no gaps");
        self.feeds
            .entry(entry.kind)
            .or_insert_with(|| Writing::begin(self.first))
            .add(entry)?;
        self.next = entry.offset + 1;
        self.bytes += entry.body.len() as u64 + ENTRY_BYTES;
        Ok(())
    }

    pub(super) fn seal(self, journal: u64, partition: u16) -> Result<Sealed> {
        let mut objects = Vec::with_capacity(self.feeds.len());
        for (kind, writing) in self.feeds {
            let feed = kind.name();
            let name = ObjectName {
                feed: feed.clone().into_owned(),
                hour: self.hour,
                partition,
                first: self.first,
            };
            let body = writing.finish(journal, partition, &feed, self.next)?;
            objects.push((name.key(), body.into()));
        }
        Ok(Sealed {
            first: self.first,
            end: self.next,
            objects,
        })
    }

    /// The hour of arrival of its entries, since 1970.
    pub(super) fn hour(&self) -> i64 {
        self.hour
    }

    /// Bytes in memory, about.
    pub(super) fn memory(&self) -> usize {
        self.feeds.values().map(Writing::memory).sum()
    }
}
