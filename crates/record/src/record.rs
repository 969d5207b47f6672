//! A decoded record.

use crate::{
    event::EventRecord, other::Other, rsvp::Rsvp, version::Version, withdrawal::Withdrawal,
};

/// A decoded record of any feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Somebody's answer to an invitation.
    Rsvp(Rsvp),
    /// The facts of an event, where its answers do not tell them.
    Event(EventRecord),
    /// Answers are taken back.
    Withdrawal(Withdrawal),
    /// Something else, counted by status only.
    Other(Other),
}

impl Record {
    /// The order of two records with one identity.
    #[must_use]
    pub fn version(&self) -> Version {
        match self {
            Self::Rsvp(rsvp) => rsvp.version,
            Self::Event(facts) => facts.version,
            Self::Withdrawal(withdrawal) => withdrawal.version,
            Self::Other(other) => other.version,
        }
    }
}
