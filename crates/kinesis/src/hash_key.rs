//! The ring of 2^128 hash keys that the shards of a stream divide among themselves.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A point of the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashKey(pub u128);

impl HashKey {
    /// The middle of the part number `part` of `parts` equal ones: whatever is split or merged, records put there stay
    /// together.
    pub fn middle_of(part: u16, parts: u16) -> Self {
        let step = u128::MAX / u128::from(parts.max(1));
        HashKey(step * u128::from(part) + step / 2)
    }

    /// Whether a shard with these keys takes what is put here.
    pub fn is_in(self, keys: &RangeInclusive<HashKey>) -> bool {
        keys.contains(&self)
    }
}

impl FromStr for HashKey {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(HashKey)
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_lie_in_order_with_the_same_distance() {
        for parts in [1, 2, 3, 8, 1000] {
            let step = u128::MAX / u128::from(parts);
            for part in 0..parts {
                let HashKey(key) = HashKey::middle_of(part, parts);
                assert!(key / step == u128::from(part), "part {part} of {parts}");
            }
        }
        assert_eq!(HashKey::middle_of(0, 1).0, u128::MAX / 2);
    }
}
