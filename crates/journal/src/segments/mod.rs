//! The journal on a local disk: segments, one writer thread a partition, group commit, recovery.
//!
//! `journal.json` is what was fixed at creation, `lock` belongs to the process that writes, and
//! `p000/00000000000000000042.seg` holds the entries of partition 0 from offset 42 on. `p000.mark` says from where to where
//! they must reach at least:
//!
//! ```text
//!  | header | entry entry sync | entry sync | entry entry entry sync | zeros that are reserved ...
//!             `---- group ---'   one fdatasync each
//! ```

mod cursor;
mod disk;
mod folder_identity;
mod frame;
mod journal;
mod kinds_file;
mod lock;
mod log;
mod manifest;
mod mark;
mod options;
mod partition_dir;
mod read_buffer;
mod read_only;
mod reader;
mod recovery;
mod repair;
mod report;
mod retention;
mod segment;
mod snapshot;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use frame::FrameHead;
pub(crate) use journal::SegmentJournal;
pub use journal::TornTail;
pub use options::Options;
pub(crate) use read_buffer::ReadBuffer;
pub use read_only::ReadOnly;
pub(crate) use reader::SegmentReader;
pub use repair::Repair;
pub use report::{PartitionReport, Report, stat, verify};
pub use segment::ClosedSegment;
pub use snapshot::{Snapshot, SnapshotContent, SnapshotFile, snapshot};

/// The format of all files of a journal. Another one is refused, never guessed at. In version 1 the kind of a frame told
/// records from controls and nothing more, so the files do not say what the records are of.
const FORMAT_VERSION: u32 = 2;
