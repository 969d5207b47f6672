//! What each source reports of itself.

use serde::Serialize;

/// How a source is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceStatus {
    /// Its address without credentials.
    pub name: String,
    /// What it brings.
    #[serde(flatten)]
    pub kind: SourceKind,
    /// What it is doing.
    pub state: SourceState,
    /// When its last record arrived: ms since 1970, by the clock of this machine.
    pub last_record_at: Option<i64>,
    /// Interruptions in which records may have been lost.
    pub gaps: u64,
    /// Connections after the first.
    pub reconnects: u64,
    /// What is wrong at present, as a sentence.
    pub error: Option<String>,
}

/// What a source brings. It decides whether its figures may be called live.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceKind {
    /// Records as they happen.
    Stream,
    /// A recording, played at `speed` times the speed of its record time.
    Replay {
        /// Greater than 0; 1 is as fast as it was.
        speed: f64,
    },
    /// Records that nobody sent.
    Simulation,
    /// A recording, read as fast as it can be counted.
    File,
}

/// What a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// It has not been connected yet.
    Connecting,
    /// It brings records as they come.
    Live,
    /// Its connection was lost and is being made again.
    Reconnecting,
    /// Everything has been read; nothing more will come.
    Ended,
    /// Everything has been read; more may come.
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
