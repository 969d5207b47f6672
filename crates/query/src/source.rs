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
}

/// What a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    Connecting,
    Live,
    Reconnecting,
    /// Nothing more will come: all there is was read.
    Ended,
    /// Nothing more will come without help; the error of its status says why.
    Failed,
    /// All there is was read, more may come.
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
            Self::Failed => "failed",
            Self::Idle => "idle",
        }
    }
}

/// Why nothing comes in any more, when every source has failed; `None` as long as one has not, or there is none.
#[must_use]
pub fn all_failed(sources: &[SourceStatus]) -> Option<String> {
    let failed = |source: &SourceStatus| source.state == SourceState::Failed;
    if sources.is_empty() || !sources.iter().all(failed) {
        return None;
    }
    let causes: Vec<&str> = sources
        .iter()
        .map(|source| source.error.as_deref().unwrap_or(&source.name))
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
            state,
            last_record_at: None,
            gaps: 0,
            reconnects: 0,
            error: error.map(str::to_owned),
        };
        let failed = |error| source(SourceState::Failed, Some(error));
        assert_eq!(all_failed(&[]), None);
        assert_eq!(
            all_failed(&[failed("x: gone"), source(SourceState::Ended, None)]),
            None
        );
        assert_eq!(
            all_failed(&[source(SourceState::Reconnecting, Some("away"))]),
            None
        );
        assert_eq!(
            all_failed(&[failed("x: gone"), failed("y: gone")]).as_deref(),
            Some("no source works: x: gone; y: gone")
        );
    }
}
