//! The order of two records with the same identity.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The earliest record time that is taken: 2000-01-01, in milliseconds since 1970.
pub const MTIME_MIN: i64 = 946_684_800_000;
/// The first record time that is not taken any more: 2100-01-01.
pub const MTIME_END: i64 = 4_102_444_800_000;

/// A record's version by its `mtime`: rounded second, then live before re-sent, then `mtime`.
///
/// A re-sent record carries its `mtime` rounded half up to the second, so it may look up to
/// 500 ms newer than the live record it repeats; comparing rounded seconds first, and then
/// whether there is a millisecond part, puts the live one above its repetition.
///
/// ```text
///  63            43 42                 11 10      9                0
/// | 0 ............ | rounded second (32) | has ms | mtime - s + 500 |
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version(u64);

impl Version {
    /// The version of a record time, or nothing when it is outside 2000 to 2100.
    #[must_use]
    pub const fn of(mtime: i64) -> Option<Self> {
        if mtime < MTIME_MIN || mtime >= MTIME_END {
            return None;
        }
        let second = (mtime + 500) / 1000;
        let has_ms = (mtime % 1000 != 0) as u64;
        let rest = (mtime - second * 1000 + 500) as u64;
        Some(Self((second as u64) << 11 | has_ms << 10 | rest))
    }

    /// The record time in milliseconds since 1970.
    #[must_use]
    pub const fn mtime(self) -> i64 {
        self.second() * 1000 + (self.0 & 0x3ff) as i64 - 500
    }

    /// The record time rounded half up to the second, in seconds since 1970.
    #[must_use]
    pub const fn second(self) -> i64 {
        (self.0 >> 11) as i64
    }

    /// Whether the record time has a millisecond part: a live record, not one read back.
    #[must_use]
    pub const fn is_live(self) -> bool {
        self.0 >> 10 & 1 == 1
    }

    /// The packed form, for storing.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Version({})", self.mtime())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn order_is_that_of_the_tuple(a in MTIME_MIN..MTIME_MIN + 5000, b in MTIME_MIN..MTIME_MIN + 5000) {
            let tuple = |m: i64| ((m + 500).div_euclid(1000), m % 1000 != 0, m);
            let (x, y) = (Version::of(a).expect("in range"), Version::of(b).expect("in range"));
            prop_assert_eq!(x.cmp(&y), tuple(a).cmp(&tuple(b)));
            prop_assert_eq!(x.mtime(), a);
            prop_assert_eq!(x.is_live(), a % 1000 != 0);
        }
    }

    #[test]
    fn a_resent_record_never_beats_the_live_one() {
        for live in [1_489_925_470_501, 1_489_925_470_960, 1_489_925_471_499] {
            assert!(Version::of(live) > Version::of(1_489_925_471_000));
        }
        assert_eq!(Version::of(MTIME_MIN - 1), None);
        assert_eq!(Version::of(MTIME_END), None);
        assert_eq!(
            Version::of(MTIME_END - 1).map(Version::mtime),
            Some(MTIME_END - 1)
        );
    }
}
