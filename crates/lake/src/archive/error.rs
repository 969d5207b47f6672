//! What can go wrong with the archive, each with the names of the objects.

use std::io;

use crate::store;

/// The result of everything about the archive.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the archive could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] store::Error),
    /// The journal failed.
    #[error("read the journal to archive it")]
    Journal(#[from] headcount_journal::Error),
    /// Compression failed, for want of memory.
    #[error("compress an object of the archive")]
    Compress(#[from] io::Error),
    /// The entries did not come one behind the other.
    #[error("partition {partition}: the journal returned entry {found} instead of {expected}")]
    Order {
        /// The partition.
        partition: u16,
        /// The offset that was due.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// Two objects, or an object and the journal, say different things about one entry.
    #[error(
        "entry {offset} differs between {one} and {other}; a journal was replaced under a lake that stayed: \
         archive into an empty lake, or restore the journal"
    )]
    Conflict {
        /// The first entry that differs.
        offset: u64,
        /// An object's name.
        one: String,
        /// Another's, or `the journal`.
        other: String,
    },
    /// Entries that were archived are in no object any more.
    #[error("{lake}, partition {partition}: entries {from} to {last} are in no object; {near}")]
    Gap {
        /// The lake.
        lake: String,
        /// The partition.
        partition: u16,
        /// The first that is missing.
        from: u64,
        /// The last that is missing.
        last: u64,
        /// Where to look.
        near: String,
    },
    /// There is nothing to read.
    #[error("{lake} holds no archive; run headcount with --lake {lake} to write one")]
    Nothing {
        /// The lake.
        lake: String,
    },
}

impl Error {
    /// Whether a disk of this machine failed, and not a server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Lake(store::Error::Io { .. }))
    }

    /// Whether a retry may succeed: the lake is away, or an operator can mend the cause.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Lake(store::Error::Damaged { .. }) => true,
            Self::Lake(error) => error.may_pass(),
            _ => false,
        }
    }
}
