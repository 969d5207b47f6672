//! Identities: a namespace and 64 bits.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher24};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Whose ids they are: two ids are of one thing only if they are of one namespace.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Namespace(pub u16);

impl Namespace {
    /// The ids that Meetup gave.
    pub const MEETUP: Self = Self(0);
    /// From here on they are those of mappings.
    const FIRST_OF_MAPPINGS: u16 = 16;

    /// The ids of the mapping whose name has this hash.
    pub(crate) fn of_mapping(hash: u64) -> Self {
        let count = u64::from(u16::MAX - Self::FIRST_OF_MAPPINGS) + 1;
        Self(Self::FIRST_OF_MAPPINGS + (hash % count) as u16)
    }

    /// Whether a mapping gives these ids. Its answers can be taken back by what does not name their event.
    #[must_use]
    pub const fn is_of_mapping(self) -> bool {
        self.0 >= Self::FIRST_OF_MAPPINGS
    }
}

/// The key under which texts are hashed. It is the same everywhere and for ever: the same records
/// have the same ids, and so the same digest, in every journal and whenever they are replayed.
const KEY: [u8; 16] = *b"headcount ids 1\0";

/// An id within a namespace: a number as it is, or a text hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// Whose id it is.
    pub namespace: Namespace,
    /// Another 16 bits of a text's hash, never 0, by which two texts of equal `bits` are told
    /// apart; 0 for a number.
    ///
    /// Among a hundred million texts two have equal bits with a chance of 1 in 3,700, and of such
    /// pairs one in 65,535 would be taken for one text.
    pub check: u16,
    /// The number, or 64 bits of the text's hash.
    pub bits: u64,
}

impl Identity {
    /// The identity that a number is.
    #[must_use]
    pub const fn of_number(namespace: Namespace, number: u64) -> Self {
        Self {
            namespace,
            check: 0,
            bits: number,
        }
    }

    /// The identity that stands for a text: its SipHash-2-4 of 128 bits.
    #[must_use]
    pub fn of_text(namespace: Namespace, text: &str) -> Self {
        let mut hasher = SipHasher24::new_with_key(&KEY);
        hasher.write(text.as_bytes());
        let hash = hasher.finish128();
        Self {
            namespace,
            check: (hash.h2 as u16).max(1),
            bits: hash.h1,
        }
    }

    /// One number for all of it, for tables and answers that know no namespaces: Meetup's own
    /// number, or a hash that fits into 53 bits, which JavaScript reads exactly.
    #[must_use]
    pub fn flat(self) -> i64 {
        if self.namespace == Namespace::MEETUP {
            return self.bits.cast_signed();
        }
        let seed = u64::from(self.namespace.0) << 16 | u64::from(self.check);
        (xxh3_64_with_seed(&self.bits.to_le_bytes(), seed) >> 11).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Namespace = Namespace(9);

    #[test]
    fn texts_keep_their_ids_for_ever() {
        // Stored in checkpoints and part of digests.
        let id = Identity::of_text(OURS, "at://did:plc:a/rsvp/1");
        assert_eq!((id.bits, id.check), (6_749_164_244_926_780_627, 5173));
        assert_ne!(id, Identity::of_text(OURS, "at://did:plc:a/rsvp/2"));
        assert_ne!(id, Identity::of_text(Namespace(8), "at://did:plc:a/rsvp/1"));
    }

    #[test]
    fn a_number_is_itself_and_no_text() {
        let seven = Identity::of_number(Namespace::MEETUP, 7);
        assert_eq!((seven.bits, seven.check, seven.flat()), (7, 0, 7));
        assert_ne!(seven, Identity::of_text(Namespace::MEETUP, "7"));
        let ours = Identity::of_number(OURS, 7);
        assert!(ours.flat() != 7 && (0..1 << 53).contains(&ours.flat()));
    }
}
