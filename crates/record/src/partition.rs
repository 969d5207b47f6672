//! Which partition a record belongs to.

use xxhash_rust::xxh3::xxh3_64;

/// The partition of an event: follows from its id alone, for the life of a journal.
///
/// # Panics
/// When `partitions` is 0.
#[must_use]
pub fn partition_of(event_id: &str, partitions: u16) -> u16 {
    u16::try_from(xxh3_64(event_id.as_bytes()) % u64::from(partitions))
        .expect("a remainder is less than its divisor")
}
