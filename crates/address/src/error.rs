//! Why a text is no address.

use crate::secret::without_secrets;

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
        Self::at(without_secrets(typed), problem, way_out)
    }

    /// As [`AddressError::new`], of typed text that secrets were taken out of.
    pub(crate) fn at(
        shown: String,
        problem: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        let place = match shown.is_empty() {
            true => "the address".to_owned(),
            false => shown,
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
