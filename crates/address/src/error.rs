//! Why a text is no address.

use crate::secret::{printable, without_secrets};

/// The longest piece of an address that is repeated, in characters.
const PLACE_CHARS_MAX: usize = 200;

/// Why a text is no address of what was asked for: where, what is wrong with it, and what to write instead.
///
/// It repeats nothing that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}; {way_out}")]
pub struct AddressError {
    place: String,
    problem: String,
    way_out: String,
}

impl AddressError {
    /// Refuses typed text. `problem` and `way_out` are half sentences and are shown as they are: they must not repeat
    /// anything that may be a secret.
    pub fn new(typed: &str, problem: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self::at(&without_secrets(typed), problem, way_out)
    }

    /// As [`AddressError::new`], of text that holds no secrets.
    pub(crate) fn at(shown: &str, problem: impl Into<String>, way_out: impl Into<String>) -> Self {
        let place = match shown {
            "" => "the address".to_owned(),
            shown => printable(shown, PLACE_CHARS_MAX),
        };
        Self {
            place,
            problem: problem.into(),
            way_out: way_out.into(),
        }
    }

    /// Refuses an address of something that this program was built without.
    #[must_use]
    pub fn not_built(typed: &str, engine: &str) -> Self {
        Self::new(
            typed,
            format!("this headcount was built without {engine}"),
            "build it with: cargo build --release --features cluster",
        )
    }
}
