//! What is known of a job: one object in the lake.

use serde::{Deserialize, Serialize};

use super::period::Period;

/// The object of a job. It changes only by compare-and-swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// Of this description.
    pub(super) version: u32,
    /// The first that is not done.
    pub(super) next: Period,
    /// Who is at it.
    pub(super) turn: Option<WorkerTurn>,
    /// Which answer counts, once that is decided.
    pub(super) decided: Option<StoredAnswer>,
    /// What went wrong with it so far.
    pub(super) failed: Option<Failed>,
}

/// Version of [`State`].
pub(super) const VERSION: u32 = 1;

/// A worker's turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkerTurn {
    /// Who has it; for people.
    pub(super) worker: String,
    /// Which turn it is: no other has the same.
    pub(super) attempt: String,
    /// When it is lost, ms since 1970.
    pub(super) until: i64,
}

/// An answer that is stored beside its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredAnswer {
    /// The turn in which it was computed.
    pub(super) attempt: String,
    /// How many rows it has.
    pub(super) rows: u64,
    /// One past the last entry that counts, of each partition of the journal.
    pub(super) offsets: Vec<u64>,
    /// The names of its files.
    pub(super) files: Vec<String>,
}

/// The attempts that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failed {
    /// How many.
    pub(super) attempts: u32,
    /// Before when it is not tried again, ms since 1970.
    pub(super) until: i64,
    /// What the last one said.
    pub(super) error: String,
}
