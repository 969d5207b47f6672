//! Whether there are figures.

/// Whether figures can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet; the text says what is being done ("replaying the journal: 40 %").
    Starting(String),
    Ready,
    /// Figures are as they were, and records stand still until something is there again: room on the disk, or
    /// servers. It ends by itself; the text is a sentence for a person.
    Waiting(String),
    /// Not without help; the text is a sentence for a person.
    Failed(String),
}
