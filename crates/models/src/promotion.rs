//! Which version of a model is used.

use serde::{Deserialize, Serialize};

/// `promoted.json`: the version in use, and how it came to be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// Rises with the meaning of this file.
    pub format: u32,
    /// The version in use; none means that the baseline is.
    pub version: Option<u32>,
    /// The one in use before: what drift falls back to.
    pub previous: Option<u32>,
    /// When, in milliseconds since 1970 UTC.
    pub at: i64,
    /// Why, as a sentence.
    pub why: String,
}

impl Promotion {
    pub(crate) const FORMAT: u32 = 1;
}
