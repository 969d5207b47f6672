//! The processes that share a journal, as one of them sees them.

use serde::Serialize;

/// The processes and partitions of a cluster, as one of them sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClusterStatus {
    /// By name.
    pub workers: Vec<ClusterWorker>,
    /// By number.
    pub partitions: Vec<ClusterPartition>,
}

/// A process of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClusterWorker {
    /// Unique in its cluster.
    pub name: String,
    /// `ingest`, `process`, `serve`.
    pub roles: Vec<String>,
    /// Of the program.
    pub version: String,
    /// When it started, ms since 1970 by its own clock.
    pub started: i64,
    /// When it last reported, ms since 1970 by its own clock.
    pub seen: i64,
    /// The partitions it owns.
    pub partitions: Vec<u16>,
    /// The sources it reads.
    pub sources: Vec<String>,
}

/// A partition of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClusterPartition {
    /// Its number, from 0.
    pub partition: u16,
    /// The worker that counts it; absent while there is none.
    pub owner: Option<String>,
    /// Grows with every change of owner, so that a former owner learns that it has lost the partition.
    pub epoch: u64,
    /// One past the last entry counted.
    pub offset: u64,
    /// Entries in the journal that are not counted yet; absent when it is not known.
    pub lag: Option<u64>,
    /// How far record time has come, ms since 1970.
    pub stream_time: Option<i64>,
    /// One past the last entry in the served tables; the figures shown trail the count by one flush at most.
    pub served_offset: Option<u64>,
    /// One past the last entry of the newest checkpoint.
    pub checkpoint_offset: Option<u64>,
}
