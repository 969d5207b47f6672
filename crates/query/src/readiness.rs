//! Whether figures can be served.

/// Whether figures can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet; the text says what is being done ("replaying the journal: 40 %").
    Starting(String),
    /// Figures are served.
    Ready,
    /// Figures are as they were, and records stand still until something is there again: room on the disk, or
    /// servers. It ends by itself; the text is a sentence for a person.
    Waiting(String),
    /// Not without help; the text is a sentence for a person.
    Failed(String),
}

impl Readiness {
    /// The word used in JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting(_) => "starting",
            Self::Ready => "ready",
            Self::Waiting(_) => "waiting",
            Self::Failed(_) => "failed",
        }
    }

    /// What is being done, or what went wrong; nothing when there is nothing to say.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Starting(reason) | Self::Waiting(reason) | Self::Failed(reason) => Some(reason),
        }
    }
}
