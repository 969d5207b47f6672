//! The durable, ordered, partitioned log of all accepted records: the only truth, from which everything else can be
//! rebuilt.
//!
//! It is: segments on a local disk, one writer thread per partition, group commit, recovery, readers.
//! It is not: a queue that forgets, a database, or a thing that knows what a record is. It knows bytes only.
//!
//! **What it promises.** When a [`Receipt`] says `Ok`, the batch is on stable storage: written, `fdatasync` returned
//! 0, and the segment's name was made durable before. A batch is there whole or not at all. Offsets of a partition are
//! dense and begin at 0. What is read was durable, is checked byte by byte, and is never skipped. A failed sync is
//! never tried again: the partition takes nothing more until the journal is opened anew.
//!
//! ```
//! use std::time::Duration;
//! use headcount_journal::{Batch, Entry, Journal, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let journal = Journal::open(dir.path().join("journal"), Options::default())?;
//! let entry = |text: &str| Entry { kind: 0, source: 7, body: text.into() };
//!
//! let receipt = journal.append(0, vec![entry("first"), entry("second")])?;
//! assert_eq!(receipt.wait()?, 2); // durable now; the next offset is 2
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
//! **On disk.** `journal.json` is what was fixed at creation, `lock` belongs to the process that writes, and
//! `p000/00000000000000000042.seg` holds the entries of partition 0 from offset 42 on:
//!
//! ```text
//!  | header | entry entry sync | entry sync | entry entry entry sync | zeros that are reserved ...
//!             `---- group ---'   one fdatasync each
//! ```

mod batch;
mod cursor;
mod disk;
mod error;
mod frame;
mod home;
mod journal;
mod lock;
mod log;
mod manifest;
mod options;
mod queue;
mod read_only;
mod reader;
mod receipt;
mod recovery;
mod report;
mod segment;
mod tail;
#[cfg(test)]
mod tests;
mod window;
mod writer;

pub use batch::Batch;
pub use error::{Damage, Error, Result};
pub use frame::{BODY_BYTES_MAX, Entry, Frame};
pub use journal::{Figures, Journal, TornTail};
pub use options::Options;
pub use queue::Pushed;
pub use read_only::ReadOnly;
pub use reader::Reader;
pub use receipt::Receipt;
pub use report::{PartitionReport, Report, stat, verify};

/// The place of an entry in its partition: dense, from 0.
pub type Offset = u64;

/// The greatest number of bytes that the frames of one batch may take; so much a recovery holds in memory.
pub const BATCH_BYTES_MAX: usize = 32 << 20;

/// The greatest number of partitions.
pub const PARTITIONS_MAX: u16 = 1_000;

/// The format of all files of a journal. Another one is refused, never guessed at.
const FORMAT_VERSION: u32 = 1;
