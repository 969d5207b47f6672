//! A topic of a journal on Kafka: its name, and which entries stand in it.

/// What follows the journal's name in the name of the topic that has the order of all batches.
pub(super) const COMMITS: &str = "commits";

/// The same of the topic of positions, claims and the journal's identity.
pub(super) const POSITIONS: &str = "positions";

/// A topic of a journal and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalTopic {
    /// What follows the journal's name and a dot in the topic's name, `rsvps` for `NAME.rsvps`.
    pub name: String,
    /// The first and the last kind of the entries in it.
    pub kinds: (u8, u8),
}

impl JournalTopic {
    /// A topic for the entries of one kind.
    #[must_use]
    pub fn of_kind(name: impl Into<String>, kind: u8) -> Self {
        Self {
            name: name.into(),
            kinds: (kind, kind),
        }
    }

    /// Whether entries of a kind stand in it.
    pub(super) fn takes(&self, kind: u8) -> bool {
        (self.kinds.0..=self.kinds.1).contains(&kind)
    }

    /// Whether it takes all kinds that the other takes.
    pub(super) fn holds(&self, other: &Self) -> bool {
        self.kinds.0 <= other.kinds.0 && other.kinds.1 <= self.kinds.1
    }

    /// Whether it has a kind or its name in common with another.
    pub(super) fn conflicts_with(&self, other: &Self) -> bool {
        self.name == other.name || (self.kinds.0 <= other.kinds.1 && other.kinds.0 <= self.kinds.1)
    }
}
