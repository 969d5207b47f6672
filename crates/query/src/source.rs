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
    pub state: ConnectionState,
    /// When its last record arrived: ms since 1970, by the clock of this machine.
    pub last_record_at: Option<i64>,
    /// Interruptions in which records may have been lost.
    pub gaps: u64,
    /// Connections after the first.
    pub reconnects: u64,
    /// What is wrong at present, as a sentence.
    pub error: Option<String>,
    /// A sentence about a source that works all the same, such as that this machine's clock is behind.
    pub notice: Option<String>,
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
    /// Simulated records.
    Simulation,
    /// A recording, read as fast as it can be counted.
    File,
}

/// What a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionState {
    /// It has not been connected yet.
    Connecting,
    /// It brings records as they come.
    Live,
    /// Its connection was lost and is being made again.
    Reconnecting,
    /// Everything has been read, and nothing more will come.
    Ended,
    /// Nothing more will come without help; the error of its status says why.
    Failed,
    /// Everything has been read; more may come.
    Idle,
}

impl ConnectionState {
    /// The word used in JSON and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Idle => "idle",
        }
    }
}

/// Why nothing comes in any more, when every source has failed; `None` as long as one has not, or there is none.
#[must_use]
pub fn all_failed(sources: &[SourceStatus]) -> Option<String> {
    let failed = |source: &SourceStatus| source.state == ConnectionState::Failed;
    if sources.is_empty() || !sources.iter().all(failed) {
        return None;
    }
    let causes: Vec<String> = sources
        .iter()
        .map(|source| match &source.error {
            Some(error) => format!("{}: {error}", source.name),
            None => source.name.clone(),
        })
        .collect();
    Some(format!("no source works: {}", causes.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_in_when_every_source_has_failed() {
        let source = |state, error: Option<&str>| SourceStatus {
            name: "file:x".to_owned(),
            kind: SourceKind::File,
            state,
            last_record_at: None,
            gaps: 0,
            reconnects: 0,
            error: error.map(str::to_owned),
            notice: None,
        };
        let failed = |error| source(ConnectionState::Failed, Some(error));
        assert_eq!(all_failed(&[]), None);
        assert_eq!(
            all_failed(&[failed("gone"), source(ConnectionState::Ended, None)]),
            None
        );
        assert_eq!(
            all_failed(&[source(ConnectionState::Reconnecting, Some("away"))]),
            None
        );
        assert_eq!(
            all_failed(&[failed("gone"), failed("broken")]).as_deref(),
            Some("no source works: file:x: gone; file:x: broken")
        );
    }
}
