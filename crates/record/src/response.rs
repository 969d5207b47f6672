//! What somebody says to an invitation.

use serde::{Deserialize, Serialize};

/// The answer of an RSVP. Only a `Yes` brings heads.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Response {
    /// Does not come.
    #[default]
    No = 0,
    /// Comes, perhaps with guests.
    Yes = 1,
    /// Has not decided: `interested`, `tentative` and the like.
    Maybe = 2,
}

impl Response {
    /// All responses, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::No, Self::Yes, Self::Maybe];

    /// The number by which it is stored: 0, 1 or 2.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The response with this number.
    #[must_use]
    pub const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::No,
            1 => Self::Yes,
            2 => Self::Maybe,
            _ => return None,
        })
    }

    /// Its name in answers and tables: `no`, `yes` or `maybe`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Yes => "yes",
            Self::Maybe => "maybe",
        }
    }
}
