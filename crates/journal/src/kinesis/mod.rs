//! The journal on a stream of Kinesis.
//!
//! One stream, of which partition `p` of `P` has the middle of the `p`-th of `P` equal parts of the hash keys: however
//! shards are split and merged, a partition's records stay in one order. A batch is one record or several
//! (`record.rs`), put together and counted by every reader alike (`assembly.rs`). What the journal is stands in a tag of
//! the stream and at the head of every partition (`manifest.rs`).
//!
//! ```text
//!  append ─▶ queue ─▶ writer ──put──▶ shards ──▶ prefetch ─▶ reader
//!            bounded  one batch after another    8 MiB ahead
//! ```
//!
//! Any number of processes write and read. Offsets are counted, so a reader without a hint reads from the beginning,
//! and when the stream no longer has that, only a place with a hint is of use. Partitions that share a shard share the
//! five reads a second that it allows; give the stream a shard a partition.

mod assembly;
mod journal;
mod manifest;
mod options;
mod prefetch;
mod reader;
mod record;
mod writer;

pub(crate) use journal::KinesisJournal;
pub use options::Options;
pub(crate) use reader::KinesisReader;
