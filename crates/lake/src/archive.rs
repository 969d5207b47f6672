//! The raw archive: every entry of the journal, by feed and hour of arrival, as compressed lines anybody can read.
//!
//! It is: objects of one partition each, cut from its entries where the hour of arrival changes or enough bytes have
//! come together. It is not: the journal (it lags behind it by up to an hour), or a thing that looks into records.
//!
//! **What it promises.** The objects together hold exactly the journal's entries up to the partition's position. Cuts
//! are functions of the journal alone, so an archiver that starts again, or works in parallel after it was replaced, makes the
//! same names and the same bytes, and the first to create an object has done it for all. Where a cut was closed earlier,
//! because the hour was over or the program ended, the later ones begin where it ended. Nothing is ever replaced.
//!
//! ```text
//!  partition 7   03:12        03:59   04:00
//!  journal     | 0 1 2 3 4 5 6 7 8 9 | 10 11 12 ...
//!              `---- one cut -------'
//!   raw/feed=rsvps/year=2026/month=11/day=21/hour=03/p007-00000000000000000000.ndjson.zst    0 1   3 4 5 6     9
//!   raw/feed=photos/year=2026/month=11/day=21/hour=03/p007-00000000000000000000.ndjson.zst       2         7 8
//!   archive/p007.json                                                                        {"offset":10,...}
//! ```
//!
//! An object is a zstd frame of lines, one an entry, and behind it a skippable zstd frame that says where in the
//! journal each line stood (`index.rs`). Every zstd reader sees plain NDJSON; [`Archive`] sees the entries.

mod archiver;
mod catalog;
mod cut;
mod entries;
mod error;
mod figures;
mod index;
mod metrics;
mod name;
mod object;
mod position;
mod run;
#[cfg(test)]
mod tests;
mod writing;

pub use archiver::Archiver;
pub use catalog::Archive;
pub use cut::Sealed;
pub use entries::Entries;
pub use error::{Error, Result};
pub use figures::{ArchiveFigures, Lag};
pub use metrics::declare_metrics;
pub use position::{ArchivePosition, archived_offset};
pub use run::{Stop, run};

use headcount_record::Kind;

/// An entry of the journal, as it went into the archive and as it comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchivedEntry<'a> {
    /// Its place in the partition.
    pub offset: u64,
    /// When it was appended, ms since 1970.
    pub arrived: i64,
    /// What it is; the objects of each kind are a feed of their own.
    pub kind: Kind,
    /// Which source it came from.
    pub source: u16,
    /// The bytes that were appended.
    pub body: &'a [u8],
}

const HOUR_MS: i64 = 3_600_000;
