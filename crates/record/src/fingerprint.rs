//! Keyed fingerprints of bytes, for telling equal bytes without keeping them.

use std::hash::{BuildHasher, RandomState};

/// 128 bits that stand for some bytes.
pub(crate) type Fingerprint = [u64; 2];

/// The longest bytes that have a fingerprint.
const BYTES_MAX: usize = 16 << 10;

/// Makes fingerprints under a key that nobody knows.
///
/// This is NH, the hash inside UMAC: the sum of products of words of the bytes, each with a word
/// of the key added. For any two different inputs at most one key in 2^63 gives both the same
/// fingerprint, and the key is random and never leaves the process, so nobody can find two that
/// collide. It takes one multiplication for 16 bytes, less time than comparing with bytes that have
/// long left the processor's cache.
///
/// J. Black et al., UMAC: Fast and Secure Message Authentication, CRYPTO 1999.
pub(crate) struct Fingerprints(Box<[[u64; 2]]>);

impl Default for Fingerprints {
    fn default() -> Self {
        // The standard library's hash is keyed from the system's randomness.
        let random = RandomState::new();
        let word = |index: usize| random.hash_one(index);
        Self(
            (0..BYTES_MAX / 16)
                .map(|block| [word(2 * block), word(2 * block + 1)])
                .collect(),
        )
    }
}

impl Fingerprints {
    /// The fingerprint of bytes that do not end with NUL, unless they are too long for one.
    #[inline]
    pub(crate) fn of(&self, bytes: &[u8]) -> Option<Fingerprint> {
        if bytes.len() > BYTES_MAX {
            return None;
        }
        let (blocks, rest) = bytes.as_chunks::<16>();
        let mut sum = 0_u128;
        for (block, key) in blocks.iter().zip(&self.0) {
            sum = sum.wrapping_add(product(block, key));
        }
        if !rest.is_empty() {
            let mut last = [0; 16];
            last[..rest.len()].copy_from_slice(rest);
            sum = sum.wrapping_add(product(&last, &self.0[blocks.len()]));
        }
        Some([sum as u64, (sum >> 64) as u64])
    }
}

#[inline]
fn product(block: &[u8; 16], key: &[u64; 2]) -> u128 {
    let [low, high] = key;
    let block = u128::from_le_bytes(*block);
    u128::from((block as u64).wrapping_add(*low))
        * u128::from(((block >> 64) as u64).wrapping_add(*high))
}

/// A place in a table: the low bits of a sum of products are not as good as its high ones.
#[inline]
pub(crate) fn place(print: &Fingerprint) -> u64 {
    let wide = u128::from(print[0] ^ print[1]) * 0x9e37_79b9_7f4a_7c15;
    (wide >> 64) as u64 ^ wide as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn different_bytes_have_different_fingerprints() {
        let prints = Fingerprints::default();
        let text: Vec<u8> = (0..2000).map(|at| b'a' + (at % 23) as u8).collect();
        let mut seen = HashSet::new();
        for length in 0..text.len() {
            assert!(seen.insert(prints.of(&text[..length])), "{length}");
        }
        for at in 0..1000 {
            let mut other = text.clone();
            other[at] ^= 1;
            assert!(seen.insert(prints.of(&other)), "{at}");
            other.swap(at, at + 1000);
            assert!(seen.insert(prints.of(&other)) || other[at] == other[at + 1000]);
        }
        assert_eq!(prints.of(&text), prints.of(&text.clone()));
        assert_ne!(prints.of(&text), Fingerprints::default().of(&text));
    }

    #[test]
    fn what_is_too_long_has_none() {
        let prints = Fingerprints::default();
        assert!(prints.of(&vec![b'a'; BYTES_MAX]).is_some());
        assert!(prints.of(&vec![b'a'; BYTES_MAX + 1]).is_none());
    }
}
