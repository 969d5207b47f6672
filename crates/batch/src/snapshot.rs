//! What one statement sees: the tables at a cut, and over them what the journal holds beyond it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::LakeTable;

/// A consistent state of all tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TablesSnapshot {
    /// Every table, in any order. A table that is missing has no rows.
    pub tables: Vec<TableSnapshot>,
    /// Of which moment it is.
    pub as_of: TablesAsOf,
    /// The summary of the live counts at about the same moment, as `/api/v1/summary` has it; null without a live process.
    pub live: serde_json::Value,
}

/// A table in a [`TablesSnapshot`]: the rows of a version of a Delta table but for those hidden, and further rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableSnapshot {
    /// Which table.
    pub table: LakeTable,
    /// Where the Delta table is, as a URL; none when it has not been created.
    pub delta: Option<DeltaVersion>,
    /// An Arrow IPC file of rows, with the table's schema, that are newer than the Delta table.
    pub rows: Option<PathBuf>,
    /// An Arrow IPC file of keys, with the table's key columns, whose rows in the Delta table do not count any more.
    pub hidden: Option<PathBuf>,
}

/// A version of a Delta table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaVersion {
    /// `file:///…/` or `s3://bucket/…/`, with a slash at the end.
    pub url: String,
    /// The version.
    pub version: u64,
}

/// The moment of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablesAsOf {
    /// One past the last entry that counts, of each partition of the journal.
    pub offsets: Vec<u64>,
    /// How far record time has come, ms since 1970; none before the first live record.
    pub stream_time: Option<i64>,
}
