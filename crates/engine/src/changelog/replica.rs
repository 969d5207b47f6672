//! A partition's figures without its counting: rows and metadata, as another process sends them.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use headcount_record::{Group, Known, Venue};
use serde::de::DeserializeOwned;

use crate::{
    catalog::Catalog,
    changelog::changes::{Row, Table},
    changelog::meta::PartitionMeta,
    changelog::stored::{GroupInterner, StoredEvent},
    error::Error,
    events::EventRow,
    feeds::Feeds,
    members::MemberRow,
    query::partial_aggregate::{PartialAggregate, Scope},
    query::pass::Facts,
    rows::Rows,
    secondary::SecondaryTotals,
    source::JournaledSource,
    watermark::Watermark,
};

/// Mirrors a partition elsewhere: from the rows of [`Changes`](crate::Changes), and the
/// [`Delta`](crate::Delta)s from there. Once it has all rows and the metadata of a commit, its
/// aggregates are the partition's at that commit.
#[derive(Default)]
pub struct Replica {
    next_offset: u64,
    sources: BTreeMap<u16, JournaledSource>,
    feeds: Feeds,
    watermark: Watermark,
    secondary: SecondaryTotals,
    digest: u128,
    /// How many rows the metadata speaks of, by the table's number.
    counted: [u32; 4],
    catalog: Catalog,
    members: Rows<MemberRow>,
    events: Rows<EventRow>,
    pending: EarlyRows,
    shared: GroupInterner,
}

/// Rows that came before one they stand on: the one with the number before, or for an event its
/// group and venue.
#[derive(Default)]
struct EarlyRows {
    groups: BTreeMap<u32, Arc<Group>>,
    venues: BTreeMap<u32, Arc<Venue>>,
    members: BTreeMap<u32, MemberRow>,
    events: BTreeMap<u32, EventRow>,
}

impl Replica {
    /// An empty replica, before its first row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes rows, in any order and as often as they come. Of two rows of one number the one that
    /// comes later is taken.
    ///
    /// # Errors
    /// When a row cannot be read. Those before it have been taken.
    pub fn apply_rows(&mut self, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            match row.table {
                Table::Groups => {
                    self.pending.groups.insert(row.number, read(row)?);
                }
                Table::Venues => {
                    self.pending.venues.insert(row.number, read(row)?);
                }
                Table::Members => {
                    self.pending.members.insert(row.number, read(row)?);
                }
                Table::Events => {
                    let event: StoredEvent = read(row)?;
                    self.pending.events.insert(row.number, event.into_row());
                }
            }
        }
        self.settle()
    }

    /// Takes the metadata of a commit, whose rows are there already.
    ///
    /// # Errors
    /// When it cannot be read; the one before stays.
    pub fn set_meta(&mut self, meta: &[u8]) -> Result<(), Error> {
        let meta = PartitionMeta::from_bytes(meta).ok_or(Error::Meta)?;
        self.next_offset = meta.next_offset;
        let sources = meta.sources.into_iter();
        self.sources = sources
            .map(|(number, source)| (number, source.into_state()))
            .collect();
        self.feeds = meta.feeds;
        self.watermark = meta.watermark;
        self.secondary = meta.secondary;
        self.digest = meta.digest;
        self.counted = meta.rows;
        Ok(())
    }

    /// One past the last entry counted in the metadata.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// As [`Partition::stream_time`](crate::Partition::stream_time).
    #[must_use]
    pub fn stream_time(&self) -> Option<i64> {
        self.watermark.stream_time()
    }

    /// Whether all rows that the metadata speaks of are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let there = [
            self.catalog.groups().len(),
            self.catalog.venues().len(),
            self.events.len(),
            self.members.len(),
        ];
        let mut tables = self.counted.iter().zip(there);
        tables.all(|(&counted, there)| counted as usize <= there)
    }

    /// Aggregates the replica as the partition is aggregated.
    #[must_use]
    pub fn aggregate(&self, scope: &Scope) -> PartialAggregate {
        let facts = Facts {
            next_offset: self.next_offset,
            sources: &self.sources,
            feeds: &self.feeds,
            secondary: Cow::Borrowed(&self.secondary),
            oldest: self.watermark.oldest_window(),
            events: &self.events,
            members: &self.members,
            catalog: &self.catalog,
        };
        let mut aggregate = facts.aggregate(scope);
        if scope.whole {
            aggregate.digest = self.digest;
        }
        aggregate
    }

    /// Puts rows in their places as far as what they stand on is there.
    fn settle(&mut self) -> Result<(), Error> {
        let catalog = &mut self.catalog;
        for (at, group) in ready(&mut self.pending.groups, catalog.groups().len(), |_| true) {
            // A content never changes.
            if at as usize == catalog.groups().len() {
                let group = Known::new(Arc::new(self.shared.group(group)));
                same(Table::Groups, at, catalog.add_group(&group).index() as u32)?;
            }
        }
        for (at, venue) in ready(&mut self.pending.venues, catalog.venues().len(), |_| true) {
            if at as usize == catalog.venues().len() {
                same(Table::Venues, at, catalog.add_venue(&Known::new(venue)))?;
            }
        }
        for (at, member) in ready(&mut self.pending.members, self.members.len(), |_| true) {
            self.members.put(at, member);
        }
        let (groups, venues) = (catalog.groups().len(), catalog.venues().len());
        let stands = |row: &EventRow| {
            row.group.is_none_or(|group| group.index() < groups)
                && row.venue.is_none_or(|venue| (venue as usize) < venues)
        };
        let mut waiting = Vec::new();
        for (at, event) in ready(&mut self.pending.events, self.events.len(), stands) {
            if stands(&event) {
                self.events.put(at, event);
            } else {
                waiting.push((at, event));
            }
        }
        self.pending.events.extend(waiting);
        Ok(())
    }
}

/// Takes out the rows that have a place, where `there` have theirs, or will have one when those
/// before them have theirs. A new row that does not stand lets none after it in.
fn ready<T>(
    pending: &mut BTreeMap<u32, T>,
    there: usize,
    stands: impl Fn(&T) -> bool,
) -> BTreeMap<u32, T> {
    let mut end = there as u32;
    for (&at, row) in pending.range(end..) {
        if at != end || !stands(row) {
            break;
        }
        end += 1;
    }
    let later = pending.split_off(&end);
    std::mem::replace(pending, later)
}

fn read<T: DeserializeOwned>(row: &Row) -> Result<T, Error> {
    postcard::from_bytes(&row.body).map_err(|_| Error::Row {
        table: row.table,
        number: row.number,
    })
}

/// Contents are interned, so one that is there under another number has been mixed up.
fn same(table: Table, expected: u32, found: u32) -> Result<(), Error> {
    let number = expected;
    (expected == found)
        .then_some(())
        .ok_or(Error::Row { table, number })
}
