//! What is known of the sources.

use serde::Serialize;

/// How a source is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    pub name: String,
    pub state: SourceState,
    /// When its last record arrived, by the clock on the wall.
    pub last_record_at: Option<i64>,
    /// Interruptions in which records may have been lost.
    pub gaps: u64,
    pub reconnects: u64,
    /// Why it is not live, if that is known.
    pub error: Option<String>,
    /// What else somebody should know, as a sentence: that this machine's clock is behind.
    pub notice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    Connecting,
    Live,
    Reconnecting,
    Ended,
    Idle,
}

impl SourceState {
    /// The word used in JSON and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Ended => "ended",
            Self::Idle => "idle",
        }
    }
}
