//! How much room there is for the data folder, and what stopped for want of it.

use serde::Serialize;

/// The file system that holds the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiskStatus {
    /// What goes on with so little room.
    pub level: DiskLevel,
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes of the file system.
    pub total_bytes: u64,
    /// Files that this process may still create; absent where the file system does not limit them.
    pub free_inodes: Option<u64>,
    /// Files that the file system can hold; absent as `free_inodes` is.
    pub total_inodes: Option<u64>,
    /// What stopped and how it goes on, as a sentence; absent while there is enough room.
    pub notice: Option<String>,
}

/// What goes on with the room that is left, from all to nearly nothing. Reads always go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskLevel {
    /// There is enough room.
    Enough,
    /// Room runs out; everything still goes on.
    Low,
    /// The archive and checkpoints stopped; records are still taken.
    OptionalStopped,
    /// Records are not taken either.
    IngestStopped,
}

impl DiskLevel {
    /// The word used in JSON and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Enough => "enough",
            Self::Low => "low",
            Self::OptionalStopped => "optional_stopped",
            Self::IngestStopped => "ingest_stopped",
        }
    }
}
