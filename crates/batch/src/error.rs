//! What can go wrong with tables.

use std::path::PathBuf;

use deltalake::DeltaTableError;

use crate::model::LakeTable;

/// Why the tables could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal could not be read.
    #[error("read the journal: {0}")]
    Journal(#[from] headcount_journal::Error),
    /// The data folder holds no journal.
    #[error("{0} holds no journal; make one with: headcount import --data {0} FILE", data.display())]
    NoJournal {
        /// The folder.
        data: PathBuf,
    },
    /// An entry is not the next one.
    #[error(
        "partition {partition} of the journal goes on at offset {found} where {expected} was expected"
    )]
    Gap {
        /// The partition.
        partition: u16,
        /// The offset that should come.
        expected: u64,
        /// The offset that came.
        found: u64,
    },
    /// An entry is of a kind that this program does not know.
    #[error(
        "entry {offset} of partition {partition} is of the kind {kind}, which this version does not know: a newer \
         version wrote it, so use that one"
    )]
    Kind {
        /// The partition.
        partition: u16,
        /// The entry's offset.
        offset: u64,
        /// Its kind.
        kind: u8,
    },
    /// A control entry, or a declaration of a schema, is none that this program understands.
    #[error(
        "entry {offset} of partition {partition} says something that this version does not understand: {cause}"
    )]
    Control {
        /// The partition.
        partition: u16,
        /// The entry's offset.
        offset: u64,
        /// Why.
        cause: String,
    },
    /// The index could not be read or written.
    #[error("the index of the tables in {}: {cause}", path.display())]
    Index {
        /// Its folder.
        path: PathBuf,
        /// Why.
        cause: fjall::Error,
    },
    /// Something in the index is not what was written there.
    #[error("the index of the tables in {} is damaged: {what}; run `headcount tables rebuild`", path.display())]
    IndexDamaged {
        /// Its folder.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A Delta table could not be read or written.
    #[error("the table {table}: {cause}")]
    Delta {
        /// The table.
        table: LakeTable,
        /// Why.
        cause: Box<DeltaTableError>,
    },
    /// A table is not what this process left.
    #[error(
        "the table {table} is at version {found} while version {expected} was written last: another process writes it, or \
         it was replaced; stop the other one, or run `headcount tables rebuild`"
    )]
    Foreign {
        /// The table.
        table: LakeTable,
        /// The version that was left.
        expected: u64,
        /// The version that is there.
        found: String,
    },
    /// PostgreSQL refuses.
    #[error(transparent)]
    Postgres(#[from] crate::postgres::Error),
    /// An object of the lake could not be read or written.
    #[error("the lake: {0}")]
    Store(#[from] object_store::Error),
    /// The journal is not the one that the tables were made of.
    #[error(
        "the tables were made of the journal {known:016x}, but this is the journal {found:016x}; give the tables of another \
         journal another folder, or run `headcount tables rebuild`"
    )]
    OtherJournal {
        /// The id of the journal that the tables were made of.
        known: u64,
        /// The id of the journal.
        found: u64,
    },
    /// The tables hold more than the journal.
    #[error(
        "the tables hold entries of partition {partition} up to {known}, but the journal ends at {found}: its end is lost; \
         run `headcount journal verify`, then `headcount tables rebuild`"
    )]
    AheadOfJournal {
        /// The partition.
        partition: u16,
        /// One past the last entry in the tables.
        known: u64,
        /// One past the last entry of the journal.
        found: u64,
    },
    /// The journal begins later than the tables end.
    #[error(
        "partition {partition} of the journal begins at offset {first}, after the {known} that the tables hold: what lies \
         between was deleted, so these tables cannot go on; import the archive into a new data folder, and keep tables there"
    )]
    BehindJournal {
        /// The partition.
        partition: u16,
        /// One past the last entry in the tables.
        known: u64,
        /// The first entry of the journal.
        first: u64,
    },
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// The result of keeping tables.
pub type Result<T> = std::result::Result<T, Error>;
