//! One version of a model: its bytes, and the card beside them.

use headcount_learn::{ModelCard, ModelName, VersionCard};

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
