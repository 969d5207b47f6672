//! The durable, ordered, partitioned log of all accepted records: the only truth, from which everything else can be
//! rebuilt.
//!
//! It is: partitions of entries with dense offsets, the same for every reader, for ever; group commit, recovery, readers.
//! It is not: a queue that forgets, a database, or a thing that knows what a record is. It knows bytes only.
//!
//! **What it promises.** When a [`Receipt`] says `Ok`, the batch is on stable storage: on a disk, `fdatasync` has
//! returned 0 and the segment's name was made durable before; in a cluster, enough of its servers have it. A batch is
//! there whole or not at all. Offsets of a partition are dense and begin at 0. What is read was durable, is checked,
//! and is never skipped. A failed sync is never tried again: the partition takes nothing more until the journal is
//! opened anew.
//!
//! ```
//! use std::time::Duration;
//! use headcount_journal::{Batch, Entry, Journal, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let journal = Journal::open(dir.path().join("journal"), Options::default())?;
//! let entry = |text: &str| Entry { kind: 1, source: 7, key: None, body: text.into() };
//!
//! let receipt = journal.append(0, vec![entry("first"), entry("second")])?;
//! assert_eq!(receipt.wait()?, Some(2)); // durable now; the next offset is 2
//!
//! let mut reader = journal.reader(0, 1)?; // from offset 1
//! let mut batch = Batch::new();
//! assert_eq!(reader.read(&mut batch, 1 << 20, Duration::from_secs(1))?, 1);
//! assert_eq!(batch.get(0).unwrap().body, b"second");
//! journal.close()?;
//! # Ok(())
//! # }
//! ```
//!
//! **Backends.** Segments on a local disk are always there: one process writes them, and one `fdatasync` makes a group
//! of batches durable. Backends that several processes share are built in with the features `kafka` and `kinesis`.
//! Each is a module that makes its own `Journal` and `Reader`; the enums in `journal.rs` and `reader.rs` are the list
//! of them, and `tests/suite` is what all must do.

#![warn(missing_docs)]

mod batch;
mod capabilities;
mod close_on_drop;
mod counters;
mod entry;
mod error;
mod figures;
mod journal;
#[cfg(feature = "kafka")]
pub mod kafka;
mod kinds;
#[cfg(feature = "kinesis")]
pub mod kinesis;
mod latch;
mod membership;
mod metrics;
mod place;
mod queue;
mod read_waker;
mod reader;
mod receipt;
mod segments;
mod waiting;

pub use batch::Batch;
pub use capabilities::Capabilities;
pub use entry::{BODY_BYTES_MAX, Entry, Frame};
pub use error::{Damage, Error, Result};
pub use figures::Figures;
pub use journal::Journal;
pub use membership::{Ack, Change, Membership};
pub use metrics::declare_metrics;
pub use place::Place;
pub use read_waker::ReadWaker;
pub use reader::Reader;
pub use receipt::Receipt;
pub use segments::{
    ClosedSegment, Options, PartitionReport, ReadOnly, Repair, Report, Snapshot, SnapshotContent,
    SnapshotFile, TornTail, snapshot, stat, verify,
};

/// The place of an entry in its partition: dense, from 0.
pub type Offset = u64;

/// The greatest number of bytes that the frames of one batch may take; so much a recovery holds in memory.
pub const BATCH_BYTES_MAX: usize = 32 << 20;

/// The greatest number of partitions.
pub const PARTITIONS_MAX: u16 = 1_000;
