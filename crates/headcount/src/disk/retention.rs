//! How much of a local journal is kept.

use std::{str::FromStr, time::Duration};

use headcount_journal::ClosedSegment;

use crate::disk::byte_size::ByteSize;

/// Units of an age, in seconds.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// How much of a journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retention {
    /// What arrived since then.
    Age(Duration),
    /// So many bytes of all partitions together; each has an equal share.
    Size(ByteSize),
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let age = UNITS.iter().find_map(|(unit, seconds)| {
            let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
            count.checked_mul(*seconds)
        });
        // What is deleted is gone: a unit that was forgotten must not be guessed, nor may nothing be kept.
        let has_unit = !text.ends_with(|last: char| last.is_ascii_digit());
        let kept = match age {
            Some(seconds) => Some(Self::Age(Duration::from_secs(seconds))),
            None if has_unit => text.parse().ok().map(Self::Size),
            None => None,
        };
        let is_nothing = |kept: &Self| {
            matches!(kept, Self::Size(ByteSize(0))) || *kept == Self::Age(Duration::ZERO)
        };
        kept.filter(|kept| !is_nothing(kept)).ok_or_else(|| {
            format!("{text:?} is neither an age nor a size; write one such as 30d, 12h or 20GiB")
        })
    }
}

impl Retention {
    /// Up to which offset a partition may be deleted. `closed` are its complete segments, the oldest first, and
    /// `open_bytes` are in the one that is written to.
    pub(crate) fn deletable(
        self,
        closed: &[ClosedSegment],
        open_bytes: u64,
        partitions: u16,
        now: i64,
    ) -> u64 {
        let goes: usize = match self {
            Self::Age(age) => {
                let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
                let oldest = now.saturating_sub(age);
                closed.iter().take_while(|it| it.last_ms < oldest).count()
            }
            Self::Size(ByteSize(size)) => {
                let share = size / u64::from(partitions.max(1));
                let bytes = closed.iter().map(|it| it.bytes).sum::<u64>() + open_bytes;
                let mut excess = bytes.saturating_sub(share);
                let is_excess = |it: &&ClosedSegment| {
                    let is = excess > 0;
                    excess = excess.saturating_sub(it.bytes);
                    is
                };
                closed.iter().take_while(is_excess).count()
            }
        };
        goes.checked_sub(1).map_or(0, |last| closed[last].end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_or_a_size_is_read_and_anything_else_refused() {
        let age = |seconds| Ok(Retention::Age(Duration::from_secs(seconds)));
        for (text, kept) in [
            ("30d", age(30 * 86_400)),
            ("12h", age(12 * 3_600)),
            ("90m", age(5_400)),
            ("20GiB", Ok(Retention::Size(ByteSize(20 << 30)))),
        ] {
            assert_eq!(text.parse(), kept, "{text}");
        }
        for text in [
            "",
            "d",
            "-3d",
            "soon",
            "99999999999999999999d",
            "30",
            "0d",
            "0GiB",
        ] {
            let said = text.parse::<Retention>().expect_err(text);
            assert!(said.contains("30d"), "{said}");
        }
    }

    #[test]
    fn the_oldest_segments_go_while_they_are_too_old_or_too_many() {
        let closed: Vec<_> = (1..=4)
            .map(|number| ClosedSegment {
                end: number * 10,
                bytes: 100,
                last_ms: i64::try_from(number).expect("few") * 1_000,
            })
            .collect();
        let age = |seconds| Retention::Age(Duration::from_secs(seconds));
        for (now, kept, offset) in [
            (5_000, 10, 0),
            (5_000, 2, 20),
            (5_000, 1, 30),
            (99_000, 1, 40),
        ] {
            let found = age(kept).deletable(&closed, 50, 1, now);
            assert_eq!(found, offset, "{kept} s at {now}");
        }
        // 450 bytes; a partition of two has half of the size.
        for (size, partitions, offset) in [
            (450, 1, 0),
            (449, 1, 10),
            (350, 1, 10),
            (1, 1, 40),
            (700, 2, 10),
        ] {
            let size = Retention::Size(ByteSize(size));
            assert_eq!(
                size.deletable(&closed, 50, partitions, 0),
                offset,
                "{size:?}"
            );
        }
    }
}
