//! How a journal keeps members: masked under a key, or as they come.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::people::PeopleKey;

/// Bytes of a fingerprint: enough to tell keys apart, and too few to be mistaken for one.
const FINGERPRINT_BYTES: usize = 8;

/// How members are kept. A journal that mixes two modes, or two keys, counts members twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleMode {
    /// As they come.
    Kept,
    /// Under pseudonyms of the key with this fingerprint, in hexadecimal.
    Masked(String),
}

impl PeopleMode {
    /// The mode of records that are masked under `key`, or not at all.
    #[must_use]
    pub fn of(key: Option<&PeopleKey>) -> Self {
        key.map_or(Self::Kept, |key| Self::Masked(fingerprint(key)))
    }
}

impl fmt::Display for PeopleMode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => out.write_str("members as they come (--keep-people)"),
            Self::Masked(key) => write!(out, "members masked under the key {key}"),
        }
    }
}

/// What tells one key from others and nothing about any member. It is made of pseudonyms, so that it differs whenever
/// these do, also if they are made in another way one day.
fn fingerprint(key: &PeopleKey) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"headcount people.key");
    // Ids that no feed gives a member.
    for id in [u64::MAX, u64::MAX - 1] {
        hasher.update(key.pseudonym(id).to_le_bytes());
    }
    hex::encode(&hasher.finalize()[..FINGERPRINT_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_keys_have_two_fingerprints_and_one_key_always_the_same() {
        let mode = |byte| PeopleMode::of(Some(&PeopleKey::new([byte; 16])));
        assert_ne!(mode(7), mode(8));
        assert_ne!(mode(7), PeopleMode::of(None));
        // It stands in journals: it must not change.
        assert_eq!(
            serde_json::to_string(&mode(7)).expect("plain data"),
            r#"{"masked":"3ff761ceab77d89a"}"#
        );
    }
}
