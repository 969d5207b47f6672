//! The order of two records with the same identity.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The earliest record time that is taken: 2000-01-01, in milliseconds since 1970.
pub const TIME_MIN: i64 = 946_684_800_000;
/// The first record time that is not taken any more: 2100-01-01.
pub const TIME_END: i64 = 4_102_444_800_000;

/// A record's version: of two records with one identity the greater one is what is.
///
/// There are two rules, and a version tells by its greatest bits which of them made it:
///
/// ```text
/// Meetup's    63            43 42                 11 10      9                0
///            | 0 ............ | rounded second (32) | has ms | time - s + 500 |
///
/// sequence    63                 22 21           1 0
///            | time (42), never 0  | sequence (21) | live |
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version(u64);

/// From this bit on Meetup's versions have zeros and others do not.
const MEETUP_BITS: u32 = 43;
/// Bits of a sequence number.
const SEQUENCE_BITS: u32 = 21;

impl Version {
    /// Less than any record's: of an event whose facts nobody has told.
    pub const NONE: Self = Self(0);
    /// The first sequence number that is not taken any more.
    pub const SEQUENCE_END: u32 = 1 << SEQUENCE_BITS;

    /// Meetup's rule: rounded second, then live before re-sent, then time. Nothing when the
    /// `mtime`, in ms since 1970, is outside 2000 to 2100.
    ///
    /// A re-sent record carries its `mtime` rounded half up to the second, so it may look up to
    /// 500 ms newer than the live record it repeats; comparing rounded seconds first, and then
    /// whether there is a millisecond part, puts the live one above its repetition.
    #[must_use]
    pub const fn of_meetup(mtime: i64) -> Option<Self> {
        if mtime < TIME_MIN || mtime >= TIME_END {
            return None;
        }
        let second = (mtime + 500) / 1000;
        let has_ms = (mtime % 1000 != 0) as u64;
        let rest = (mtime - second * 1000 + 500) as u64;
        Some(Self((second as u64) << 11 | has_ms << 10 | rest))
    }

    /// The usual rule: time, then a number that tells records of one time apart. Nothing when the
    /// time, in ms since 1970, is outside 2000 to 2100, or the number not below
    /// [`SEQUENCE_END`](Self::SEQUENCE_END).
    ///
    /// The number has room for the microseconds and the clock id of a TID, which AT-Proto orders
    /// records by. A source that repeats what has been says so with `live`.
    #[must_use]
    pub const fn of_sequence(time: i64, sequence: u32, live: bool) -> Option<Self> {
        if time < TIME_MIN || time >= TIME_END || sequence >= Self::SEQUENCE_END {
            return None;
        }
        Some(Self(
            (time as u64) << (SEQUENCE_BITS + 1) | (sequence as u64) << 1 | live as u64,
        ))
    }

    const fn is_meetups(self) -> bool {
        self.0 >> MEETUP_BITS == 0
    }

    /// The record time in milliseconds since 1970.
    #[must_use]
    pub const fn time(self) -> i64 {
        if self.is_meetups() {
            (self.0 >> 11) as i64 * 1000 + (self.0 & 0x3ff) as i64 - 500
        } else {
            (self.0 >> (SEQUENCE_BITS + 1)) as i64
        }
    }

    /// The record time rounded half up to the second, in seconds since 1970.
    #[must_use]
    pub const fn second(self) -> i64 {
        if self.is_meetups() {
            (self.0 >> 11) as i64
        } else {
            (self.time() + 500) / 1000
        }
    }

    /// Whether the record comes as it happens, by its schema: only such a record says how far
    /// record time has come. Of Meetup's those with a millisecond part do; others are re-sent.
    #[must_use]
    pub const fn is_live(self) -> bool {
        let bit = if self.is_meetups() { 10 } else { 0 };
        self.0 >> bit & 1 == 1
    }

    /// The packed form, for storing.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Version({})", self.time())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn order_is_that_of_the_tuple(a in TIME_MIN..TIME_MIN + 5000, b in TIME_MIN..TIME_MIN + 5000) {
            let tuple = |m: i64| ((m + 500).div_euclid(1000), m % 1000 != 0, m);
            let (x, y) = (Version::of_meetup(a).expect("in range"), Version::of_meetup(b).expect("in range"));
            prop_assert_eq!(x.cmp(&y), tuple(a).cmp(&tuple(b)));
            prop_assert_eq!(x.time(), a);
            prop_assert_eq!(x.is_live(), a % 1000 != 0);
        }
    }

    proptest! {
        #[test]
        fn a_sequence_decides_between_equal_times(
            a in (TIME_MIN..TIME_END, 0..Version::SEQUENCE_END, any::<bool>()),
            b in (TIME_MIN..TIME_MIN + 3, 0..3_u32, any::<bool>()),
            c in (TIME_MIN..TIME_MIN + 3, 0..3_u32, any::<bool>()),
        ) {
            let version = |(time, sequence, live)| {
                Version::of_sequence(time, sequence, live).expect("in range")
            };
            prop_assert_eq!(version(b).cmp(&version(c)), b.cmp(&c));
            for told in [a, b] {
                prop_assert_eq!((version(told).time(), version(told).is_live()), (told.0, told.2));
                prop_assert_eq!(version(told).second(), (told.0 + 500).div_euclid(1000));
                prop_assert!(version(told) > Version::NONE);
            }
        }
    }

    #[test]
    fn a_sequence_has_its_bounds() {
        assert_eq!(Version::of_sequence(TIME_MIN - 1, 0, true), None);
        assert_eq!(Version::of_sequence(TIME_END, 0, true), None);
        assert_eq!(
            Version::of_sequence(TIME_MIN, Version::SEQUENCE_END, true),
            None
        );
    }

    #[test]
    fn a_resent_record_never_beats_the_live_one() {
        for live in [1_489_925_470_501, 1_489_925_470_960, 1_489_925_471_499] {
            assert!(Version::of_meetup(live) > Version::of_meetup(1_489_925_471_000));
        }
        assert_eq!(Version::of_meetup(TIME_MIN - 1), None);
        assert_eq!(Version::of_meetup(TIME_END), None);
        assert_eq!(
            Version::of_meetup(TIME_END - 1).map(Version::time),
            Some(TIME_END - 1)
        );
    }
}
