//! What a partition's state has become since somebody last asked, for whoever shows or stores it.
//!
//! All values are absolute: what is told twice, or told again after a restart, changes nothing.
//! Rows are for a replica of the partition, which only has to be handed them; statistics are
//! for people who read tables.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The tables of a partition's rows. Rows are numbered densely from 0, in order of first arrival:
/// the same journal gives the same numbers wherever it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Table {
    Groups = 0,
    Venues = 1,
    Events = 2,
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

    /// The table stored by this number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.number() == number)
    }
}

/// A row as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub table: Table,
    pub number: u32,
    /// Opaque to stores.
    pub body: Vec<u8>,
}

/// What has changed up to a commit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// The next offset of the partition: the values are those of the commit before it.
    pub offset: u64,
    /// Ledger, feeds, watermark, digest and the like; opaque. Empty as long as there is `more`.
    pub book: Vec<u8>,
    pub rows: Vec<Row>,
    pub statistics: Statistics,
    /// The answers counted since the last taking, as a JSON list of [`Pulse`](crate::Pulse).
    pub pulses: Vec<u8>,
    /// Everything is told, not only what changed: a reader that has rows from before loads the
    /// tables anew instead of following, so a store need not keep these rows in its tail. What a
    /// store has of before and is not told is gone: countries, venues and names of events.
    pub anew: bool,
    /// Only when all is told `anew`, which comes in pieces so as not to be in memory at once: this
    /// is not the last one. Its rows and events are to be stored, and it makes no commit: there is
    /// neither a book nor a part of a country or venue in it, and its offset may come again.
    pub more: bool,
}

/// What has changed, for tables that people query.
///
/// What was another value for a while and is again what it was is among it: somebody who counts
/// the same journal may have stored that other value, and its right one is to follow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub countries: Vec<CountryPart>,
    pub venues: Vec<VenuePart>,
    pub events: Vec<EventStatistic>,
    /// Rows to delete because the event now has another name: all names it had since the last
    /// taking. Names from before the state was loaded are not known and cannot be among them.
    pub renamed: Vec<EventKey>,
}

/// This partition's part of a country. All zero when it has no event there any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountryPart {
    /// Of the group, ISO 3166 alpha-2 in lower case as in the feed.
    pub country: Arc<str>,
    pub yes: u64,
    pub no: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
}

/// This partition's part of a venue. All zero and empty when it has no event there any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VenuePart {
    pub venue_id: i64,
    /// As the latest event there tells it, like the place and the city.
    pub name: Arc<str>,
    /// Degrees; absent when the feed gave none.
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    /// City and country of the group of that event.
    pub group_city: Arc<str>,
    pub country: Arc<str>,
    pub yes: u64,
    pub no: u64,
    /// The version of that event. Of several partitions' contents the greatest is the venue's.
    pub latest: (u64, u32),
}

/// An event as it is now: absolute values, whatever the offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventStatistic {
    pub event_id: Arc<str>,
    pub event_name: Arc<str>,
    pub group_name: Arc<str>,
    /// Of the group.
    pub country: Arc<str>,
    pub yes: u64,
    pub no: u64,
    /// People coming: 1 + guests of every `yes`.
    pub heads: u64,
    pub event_url: Option<Arc<str>>,
    /// When it takes place, ms since 1970.
    pub time: Option<i64>,
}

/// The key of an event where names are part of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventKey {
    pub event_name: Arc<str>,
    pub event_id: Arc<str>,
}
