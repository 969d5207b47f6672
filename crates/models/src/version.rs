//! One version of a model: its bytes, and the card beside them.

use headcount_learn::ModelCard;
use serde::{Deserialize, Serialize};

use crate::ModelName;

/// A model fresh from training.
#[derive(Clone, Debug)]
pub struct TrainedModel {
    /// Which model it is.
    pub name: ModelName,
    /// What `to_bytes` gave.
    pub bytes: Vec<u8>,
    /// The format of those bytes.
    pub format: u32,
    /// What it is worth.
    pub card: ModelCard,
    /// SHA-256 of what it was trained on, in hexadecimal.
    pub training_sha256: String,
    /// When training ended, in milliseconds since 1970 UTC.
    pub trained_at: i64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// `card.json`: the model's card, and what storing adds to it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VersionCard {
    /// Rises with the meaning of this file.
    pub format: u32,
    /// The number of the version: 1, 2, …
    pub version: u32,
    /// The format of the model's bytes.
    pub model_format: u32,
    /// How many bytes the model has.
    pub model_bytes: u64,
    /// The version of the program that trained it.
    pub program: String,
    /// SHA-256 of what it was trained on, in hexadecimal.
    pub training_sha256: String,
    /// When training ended, in milliseconds since 1970 UTC.
    pub trained_at: i64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether it beats its baseline on groups that it has not seen. One that does not is not served.
    pub beats_baseline: bool,
    /// What it is worth.
    pub card: ModelCard,
}

impl VersionCard {
    pub(crate) const FORMAT: u32 = 1;
}

/// A version as it was read back: whole and unchanged.
#[derive(Clone, Debug)]
pub struct StoredVersion {
    /// Which model it is.
    pub name: ModelName,
    /// Its card.
    pub card: VersionCard,
    /// What `from_bytes` takes.
    pub bytes: bytes::Bytes,
}
