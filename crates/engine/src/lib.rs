//! Event rows, winners, windows and the ledger: the counts, as a pure function of the journal.
//!
//! A [`Partition`] takes the entries of one partition of the journal, in order, and answers with a
//! [`PartialAggregate`]: its part of every figure. It gives the [`Changes`] of its state to stores, and
//! [`Delta`]s to a [`Replica`], whose aggregates are those of the partition. It does not know where
//! entries come from or who reads the figures, and it reads no clock. Its invariant: after any
//! entry, every count is what a recount of the winners so far would give.
//!
//! ```
//! use headcount_engine::{JournaledEntry, Partition, Replica, Scope};
//! use headcount_record::{Feed, Kind};
//!
//! let mut partition = Partition::new();
//! let record = br#"{"rsvp_id":1,"response":"yes","guests":2,"mtime":1489925470960,
//!     "member":{"member_id":7},"event":{"event_id":"jkpwmlywgbmb"},
//!     "group":{"group_id":3,"group_country":"tw"}}"#;
//! let kind = Kind::of(Feed::Rsvps);
//! let entry = JournaledEntry { offset: 0, arrived: 1489925471000, kind, source: 0, body: record };
//! partition.apply(entry)?;
//! partition.apply(JournaledEntry { offset: 1, ..entry })?;
//! let view = partition.aggregate(&Scope::default()).view();
//! assert_eq!((view.totals.rsvps, view.totals.heads), (1, 3));
//!
//! // A replica that gets the changes has the same figures.
//! let mut replica = Replica::new();
//! let changes = partition.take_changes();
//! replica.apply_rows(&changes.rows)?;
//! replica.set_meta(&changes.snapshot_complete.unwrap().meta)?;
//! assert_eq!(replica.aggregate(&Scope::default()).view(), view);
//! # Ok::<(), headcount_engine::Error>(())
//! ```

#![warn(missing_docs)]

mod catalog;
mod changelog;
mod checkpoint;
mod counts;
mod decoders;
mod digest;
mod entry;
mod error;
mod events;
mod feeds;
mod hash;
mod ledger;
mod members;
mod partition;
mod quarantine;
mod query;
mod rows;
mod rsvps;
mod secondary;
mod source;
mod state_digest;
mod translation;
mod watermark;
mod window;
mod winners;
mod withdrawable;
mod withdrawals;

#[cfg(test)]
mod tests;

pub use headcount_record::Response;

pub use changelog::changes::{
    Changes, CountryPart, Delta, EventKey, EventStatistic, Row, SnapshotComplete, Statistics,
    Table, VenuePart,
};
pub use changelog::replica::Replica;
pub use checkpoint::CheckpointHead;
pub use decoders::{Declared, Decoders, Refused, Sender};
pub use entry::JournaledEntry;
pub use error::Error;
pub use ledger::{Account, Ledger, Tally};
pub use partition::Partition;
pub use quarantine::Quarantine;
pub use query::filter::Filter;
pub use query::list::{ListAnswer, ListKind, ListQuery, ListRow, ListSort};
pub use query::partial_aggregate::{PartialAggregate, Scope};
pub use query::view::{
    AsOf, BusyWindow, CityRow, CountryRow, CountryTotal, Dot, FeedTotal, History, Kinds,
    LikelyCategory, Pulse, ResponseTotals, Summary, TopicRow, Totals, Trend, TrendingRow, Trends,
    VenueRow, VenueTotal, View,
};
pub use source::JournaledSource;
pub use watermark::{FUTURE_MS, LATENESS_MS, stream_time_of_all};
pub use window::{KEPT_MS, TREND_MS, WINDOW_MS};
