//! One number for the state of a partition: equal states, equal digests.
//!
//! A digest is the wrapping sum of a 128-bit hash of every winner and every event row, so it
//! depends neither on the order of arrival nor on how events are spread over partitions.

use xxhash_rust::xxh3::xxh3_128;

use headcount_record::{Identity, Namespace, answer};

use crate::{catalog::Catalog, events::EventRow, winners::Winner};

/// The digest of a winner; `event` is the hash of its event.
pub(crate) fn winner_digest(winner: &Winner, event: u64, member: Identity) -> u128 {
    debug_assert!(member.check == 0 || member.namespace != Namespace::MEETUP);
    of_numbers([
        1,
        event,
        winner.rsvp,
        winner.version.to_bits(),
        winner.content.into(),
        member.bits,
        answer(winner.guests(), winner.response()),
    ])
}

pub(crate) fn row_digest(row: &EventRow, catalog: &Catalog) -> u128 {
    let venue = row
        .venue
        .map_or(0, |venue| catalog.venue(venue).content.hash);
    of_numbers([
        2,
        row.content.hash,
        row.group
            .map_or(0, |group| catalog.group(group).content.hash),
        venue,
        row.version.to_bits(),
        row.record.into(),
        row.yes.into(),
        // In one number, for there was no maybe when the first digests were made.
        u64::from(row.no) | u64::from(row.maybe) << 32,
        row.guests.into(),
    ])
}

/// XXH3 over little-endian values, the first of which tells what they are of.
fn of_numbers<const N: usize>(numbers: [u64; N]) -> u128 {
    xxh3_128(numbers.map(u64::to_le_bytes).as_flattened())
}
