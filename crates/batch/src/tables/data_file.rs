//! Which files a table has, and which rows lie in which of them.

use std::collections::BTreeMap;

use deltalake::kernel::Add;
use serde::{Deserialize, Serialize};

use crate::model::LakeTable;

/// Files below this many bytes are written anew with others, once there are many of them.
pub(super) const SMALL_BYTES: u64 = 32 << 20;
/// What is written together takes at most about this many bytes.
pub(super) const FILE_BYTES_MAX: u64 = 128 << 20;
/// How many small files a table may have.
pub(super) const SMALL_FILES_MAX: usize = 8;

/// A file of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct DataFile {
    /// Its name, from the table's folder on.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    /// The batches whose rows lie here. Rows of one batch move together, so the index need not follow them.
    pub(super) batches: Vec<u32>,
    /// The action that adds it to the table, as JSON.
    pub(super) add: String,
}

impl DataFile {
    /// A file that was written, with the rows of some batches.
    pub(super) fn of(add: &Add, batches: Vec<u32>) -> Self {
        let statistics: Option<FileStatistics> = add
            .stats
            .as_deref()
            .and_then(|stats| serde_json::from_str(stats).ok());
        Self {
            path: add.path.clone(),
            bytes: add.size.try_into().unwrap_or(0),
            rows: statistics.map_or(0, |statistics| statistics.rows),
            batches,
            add: serde_json::to_string(add).expect("an action is plain data"),
        }
    }
}

/// What is read of a file's statistics, which are JSON.
#[derive(Deserialize)]
struct FileStatistics {
    #[serde(rename = "numRecords")]
    rows: u64,
}

/// What a table consists of, and what of it readers can see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TableFiles {
    /// All files, with their rows up to the offsets that the index has.
    pub(super) files: Vec<DataFile>,
    /// The files of the last commit, with their bytes. What differs from `files` is to be committed.
    pub(super) committed: BTreeMap<String, u64>,
    /// The table's version after it.
    pub(super) version: u64,
}

impl TableFiles {
    /// Whether readers see all of it.
    pub(super) fn is_committed(&self) -> bool {
        self.files.len() == self.committed.len()
            && self
                .files
                .iter()
                .all(|file| self.committed.contains_key(&file.path))
    }

    /// Notes that it was committed.
    pub(super) fn set_committed(&mut self, version: u64) {
        self.version = version;
        self.committed = self
            .files
            .iter()
            .map(|file| (file.path.clone(), file.bytes))
            .collect();
    }

    pub(super) fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}

/// The files of all tables.
pub(super) type AllFiles = BTreeMap<LakeTable, TableFiles>;
