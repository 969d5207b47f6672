//! Where the batch worker listens, or why nobody does.

use std::path::PathBuf;

/// Whether tables and SQL can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchWorkerStatus {
    /// It accepts connections on this Unix socket.
    Listening(PathBuf),
    /// Nobody listens. Both texts are sentences for a person.
    Absent {
        /// Why.
        reason: String,
        /// The way out.
        remedy: String,
    },
}

impl BatchWorkerStatus {
    /// Nobody listens, for this reason and until this is done.
    #[must_use]
    pub fn absent(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Absent {
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }
}
