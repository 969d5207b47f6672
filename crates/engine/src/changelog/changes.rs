//! The changelog of a partition: what its state has become since a subscriber last asked.
//!
//! All values are absolute: one that is sent twice, or again after a restart, changes nothing.
//! Rows are for a replica of the partition, which applies them as they are; statistics are
//! for people who read tables.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The tables of a partition's rows. Rows are numbered densely from 0, in order of first arrival:
/// the same journal gives the same numbers wherever it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Table {
    /// Contents of groups, interned: a row never changes.
    Groups = 0,
    /// Contents of venues, interned: a row never changes.
    Venues = 1,
    /// Event rows with their counts and recent windows.
    Events = 2,
    /// Members who answered, and the number of their winners.
    Members = 3,
}

impl Table {
    /// All tables, in the order in which rows are best loaded: events refer to the others.
    pub const ALL: [Self; 4] = [Self::Groups, Self::Venues, Self::Members, Self::Events];

    /// The number by which the table is stored.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// A row as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The table that it is a row of.
    pub table: Table,
    /// Its number in the table, dense from 0.
    pub number: u32,
    /// Opaque to stores.
    pub body: Vec<u8>,
}

/// What has changed, for tables; or a piece of it, for all of it may be more than memory should
/// hold at once. Counting may go on between the pieces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// The next offset of the partition: the values are those of the commit before it.
    pub offset: u64,
    /// Rows for replicas.
    pub rows: Vec<Row>,
    /// Values for tables that people query.
    pub statistics: Statistics,
    /// With the first piece, when the pieces hold everything and not only what changed: countries,
    /// venues and names of events that a store has from before and that are not among them are gone.
    pub full_refresh: bool,
    /// With the last piece.
    pub snapshot_complete: Option<SnapshotComplete>,
}

/// All pieces of a snapshot have been sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotComplete {
    /// The offset of the first piece. All values are of this commit or of a later one, so tables
    /// that have them lack nothing from before.
    pub offset: u64,
    /// Ledger, feeds, watermark, digest and the like at that commit; opaque.
    pub meta: Vec<u8>,
    /// A [`Delta`] leads to this offset, so subscribers that follow deltas do not need this.
    pub covered_by_delta: bool,
}

/// A delta of the changelog: what leads from the state at one commit to that at a later one.
///
/// Values are absolute, so it leads there from any commit between the two as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// From where it leads.
    pub previous: u64,
    /// The next offset at the commit to which it leads.
    pub offset: u64,
    /// Those that changed, in the order in which they are best applied.
    pub rows: Vec<Row>,
    /// As in [`SnapshotComplete`].
    pub meta: Vec<u8>,
}

/// What has changed, for tables that people query.
///
/// Includes values that changed and changed back: another worker may have stored the value between,
/// so the current one must be written again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// With the first piece, as are venues.
    pub countries: Vec<CountryPart>,
    /// With the first piece.
    pub venues: Vec<VenuePart>,
    /// Events whose rows are in this piece.
    pub events: Vec<EventStatistic>,
    /// Rows to delete because the event now has another name: all names it had since the last
    /// call. Names from before the state was loaded are not known and cannot be among them.
    pub renamed: Vec<EventKey>,
}

/// This partition's part of a country. All zero when it has no event there any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountryPart {
    /// Of the group, ISO 3166 alpha-2 in lower case as in the feed.
    pub country: Arc<str>,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`. None while the journal has no schema whose records can.
    pub maybe: Option<u64>,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
}

/// This partition's part of a venue. All zero and empty when it has no event there any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VenuePart {
    /// The number that stands for the identity of the venue.
    pub venue_id: i64,
    /// As the latest event there tells it, like the place and the city.
    pub name: Arc<str>,
    /// Degrees; absent when the feed gave none.
    pub lat: Option<f64>,
    /// Degrees; absent when the feed gave none.
    pub lon: Option<f64>,
    /// City and country of the group of that event.
    pub group_city: Arc<str>,
    /// The country of that group, ISO 3166 alpha-2 in lower case.
    pub country: Arc<str>,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// RSVPs that answer `maybe`.
    pub maybe: u64,
    /// The version of that event. Of several partitions' contents the greatest is the venue's.
    pub latest: (u64, u32),
}

/// An event as it is now: absolute values, whatever the offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventStatistic {
    /// The event's id, as the feed has it.
    pub event_id: Arc<str>,
    /// Empty while no record gives it.
    pub event_name: Arc<str>,
    /// Empty when the event has no group.
    pub group_name: Arc<str>,
    /// Of the group.
    pub country: Arc<str>,
    /// RSVPs that answer `yes`.
    pub yes: u64,
    /// RSVPs that answer `no`.
    pub no: u64,
    /// None where the schema of the event's records has no such answer, as Meetup's has none.
    pub maybe: Option<u64>,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
    /// Absent while no record gives it.
    pub event_url: Option<Arc<str>>,
    /// When it takes place, ms since 1970.
    pub time: Option<i64>,
}

/// The key of an event where names are part of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventKey {
    /// A name that the event had.
    pub event_name: Arc<str>,
    /// The event's id, as the feed has it.
    pub event_id: Arc<str>,
}
