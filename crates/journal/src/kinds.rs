//! Which kinds of entries a journal gave to which schema, for ever.
//!
//! A schema that the program does not know by heart gets its kinds when it is first written to a journal. The journal's
//! identity remembers them, not its entries: two processes that write it at the same time must not both take the same
//! number, and only what is written in one place for all partitions can keep them from it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The kinds of a schema: the first, and those after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KindRange {
    pub(crate) schema: String,
    pub(crate) first: u8,
    pub(crate) count: u8,
}

impl KindRange {
    /// One past its last kind.
    fn end(&self) -> u16 {
        u16::from(self.first) + u16::from(self.count)
    }

    fn overlaps(&self, other: &Self) -> bool {
        u16::from(self.first) < other.end() && u16::from(other.first) < self.end()
    }
}

/// The kinds that a schema has among those `known`, or is to get: the first free ones of `within`.
///
/// # Errors
/// When the schema has another number of kinds already, or too few are left.
pub(crate) fn kinds_of(
    known: &[KindRange],
    schema: &str,
    count: u8,
    within: &RangeInclusive<u8>,
) -> Result<KindRange> {
    debug_assert!(are_sound(known), "two schemas share a kind: {known:?}");
    if let Some(range) = known.iter().find(|range| range.schema == schema) {
        return match range.count == count {
            true => Ok(range.clone()),
            false => Err(Error::KindCount {
                schema: schema.to_owned(),
                found: range.count,
                asked: count,
            }),
        };
    }
    // After the last one, so that a number is never given again, not even one whose schema is gone.
    let first = known
        .iter()
        .map(KindRange::end)
        .fold(u16::from(*within.start()), u16::max);
    let fits = first + u16::from(count) <= u16::from(*within.end()) + 1;
    match u8::try_from(first) {
        Ok(first) if fits => Ok(KindRange {
            schema: schema.to_owned(),
            first,
            count,
        }),
        _ => Err(Error::NoKindsLeft {
            schema: schema.to_owned(),
            count,
        }),
    }
}

/// Whether each schema and each kind is there once.
pub(crate) fn are_sound(ranges: &[KindRange]) -> bool {
    let mut pairs = (ranges.iter().enumerate()).flat_map(|(at, one)| {
        let others = ranges[..at].iter();
        others.map(move |other| (one, other))
    });
    pairs.all(|(one, other)| one.schema != other.schema && !one.overlaps(other))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn range(schema: &str, first: u8, count: u8) -> KindRange {
        KindRange {
            schema: schema.to_owned(),
            first,
            count,
        }
    }

    #[test]
    fn a_schema_gets_the_next_kinds_and_keeps_them() {
        let within = 16..=20;
        let one = kinds_of(&[], "one", 2, &within).unwrap();
        assert_eq!(one, range("one", 16, 2));
        let known = [one.clone()];
        assert_eq!(kinds_of(&known, "one", 2, &within).unwrap(), one);
        let two = kinds_of(&known, "two", 3, &within).unwrap();
        assert_eq!(two, range("two", 18, 3));
        let known = [two, one];
        let full = kinds_of(&known, "three", 1, &within).unwrap_err();
        assert!(full.to_string().contains("no kinds left"), "{full}");
        let other = kinds_of(&known, "one", 3, &within).unwrap_err();
        assert!(other.to_string().contains("has 2 kinds"), "{other}");
    }

    #[test]
    fn the_last_kind_can_be_given() {
        assert_eq!(kinds_of(&[], "a", 255, &(0..=254)).unwrap().first, 0);
        assert!(kinds_of(&[], "a", 255, &(1..=254)).is_err());
        assert!(kinds_of(&[range("a", 0, 255)], "b", 1, &(0..=255)).is_ok());
        assert!(kinds_of(&[range("a", 1, 255)], "b", 1, &(0..=255)).is_err());
    }

    #[test]
    fn ranges_that_share_something_are_not_sound() {
        assert!(are_sound(&[range("a", 16, 2), range("b", 18, 1)]));
        assert!(!are_sound(&[range("a", 16, 2), range("b", 17, 1)]));
        assert!(!are_sound(&[range("a", 16, 2), range("a", 18, 2)]));
    }
}
