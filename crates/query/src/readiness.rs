//! Whether there are figures.

/// Whether figures can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet; the text says what is being done ("replaying the journal: 40 %").
    Starting(String),
    Ready,
    /// Not without help; the text is a sentence for a person.
    Failed(String),
}
