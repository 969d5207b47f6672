//! A decoded record that takes answers back.

use crate::{id::Identity, version::Version};

/// Answers are taken back, one or all of a person's. It may come before them or after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// What is taken back.
    pub of: Withdrawn,
    /// Answers up to this version are taken back, those after it stay.
    pub version: Version,
}

/// What a [`Withdrawal`] takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// The answer with this identity, to whichever event it is.
    Answer(Identity),
    /// All answers of a person.
    Person {
        /// Whose, as in the answers.
        member: Identity,
        /// Whether the account has ended. If not it is back, and so are the answers that its end took back: of what is
        /// told of an account the greatest version is what is.
        ended: bool,
    },
}
