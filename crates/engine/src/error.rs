//! What can be wrong with a journal's entries or a checkpoint.

use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The entry is not the next one of its partition.
    #[error(
        "the journal continues at offset {found} where {expected} was expected (run \"headcount journal verify\")"
    )]
    Gap { expected: u64, found: u64 },
    /// A control entry that this version cannot read.
    #[error(
        "the control entry at offset {offset} cannot be read: {cause} (was it written by a newer version?)"
    )]
    Control {
        offset: u64,
        cause: serde_json::Error,
    },
    /// The checkpoint cannot be used; it can always be made anew from the journal.
    #[error("checkpoint {path}: {problem} (run \"headcount rebuild\")")]
    Checkpoint { path: PathBuf, problem: String },
    #[error("checkpoint {path}: {cause}")]
    Io { path: PathBuf, cause: io::Error },
}
