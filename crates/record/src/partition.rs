//! Which partition a record belongs to.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::id::Namespace;

/// 64 bits that stand for an event wherever events are told apart: in partitions, tables and
/// digests. Stored, so it must not change. Meetup's namespace is 0, which is no seed at all.
#[must_use]
pub fn event_hash(namespace: Namespace, event_id: &str) -> u64 {
    xxh3_64_with_seed(event_id.as_bytes(), u64::from(namespace.0))
}

/// The partition of an event: follows from its namespace and id alone, for the life of a journal.
///
/// All events of a mapping are in one partition. What takes an answer back names neither the event nor, at the end of an
/// account, the answers, so it can find them only where all of them are.
///
/// # Panics
/// When `partitions` is 0.
#[must_use]
pub fn partition_of(namespace: Namespace, event_id: &str, partitions: u16) -> u16 {
    let event_id = if namespace.is_of_mapping() {
        ""
    } else {
        event_id
    };
    u16::try_from(event_hash(namespace, event_id) % u64::from(partitions))
        .expect("a remainder is less than its divisor")
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    #[test]
    fn meetups_events_stay_where_they_always_were() {
        for id in ["", "jkpwmlywgbmb", "237513203", &"x".repeat(300)] {
            let hash = xxh3_64(id.as_bytes());
            assert_eq!(event_hash(Namespace::MEETUP, id), hash);
            assert_ne!(event_hash(Namespace(1), id), hash);
            assert_eq!(u64::from(partition_of(Namespace::MEETUP, id, 7)), hash % 7);
        }
    }
}
