//! One number for the state of a partition: equal states, equal digests.
//!
//! A digest is the wrapping sum of a 128-bit hash of every winner and every event row, so it
//! depends neither on the order of arrival nor on how events are spread over partitions.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use headcount_record::Identity;

use crate::{events::EventRow, others::OtherWinner, partition::Partition, winners::Winner};

impl Partition {
    /// The digest over winners and event rows.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let events: Vec<u64> = self
            .rsvps
            .events
            .rows()
            .iter()
            .map(|row| xxh3_64(row.content.id.as_bytes()))
            .collect();
        let rsvps = self
            .rsvps
            .winners
            .rows()
            .iter()
            .map(|winner| self.winner_digest(winner, events[winner.event as usize]));
        let rows = self
            .rsvps
            .events
            .rows()
            .iter()
            .map(|row| self.row_digest(row));
        let others = self.others.winners();
        let others = others.map(|(identity, winner)| other_digest(identity, winner));
        rsvps.chain(rows).chain(others).fold(0, u128::wrapping_add)
    }

    fn winner_digest(&self, winner: &Winner, event: u64) -> u128 {
        of_numbers([
            1,
            event,
            winner.rsvp,
            winner.version.to_bits(),
            winner.content.into(),
            self.rsvps.members.id(winner.member),
            u64::from(winner.guests()) << 1 | u64::from(winner.yes()),
        ])
    }

    fn row_digest(&self, row: &EventRow) -> u128 {
        let venue = row
            .venue
            .map_or(0, |venue| self.rsvps.catalog.venue(venue).content.hash);
        of_numbers([
            2,
            row.content.hash,
            self.rsvps.catalog.group(row.group).content.hash,
            venue,
            row.version.to_bits(),
            row.record.into(),
            row.yes.into(),
            row.no.into(),
            row.guests.into(),
        ])
    }
}

fn other_digest(identity: &Identity, winner: &OtherWinner) -> u128 {
    let mut bytes = Vec::new();
    let number = |bytes: &mut Vec<u8>, number: u64| bytes.extend(number.to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        number(bytes, text.len() as u64);
        bytes.extend(text.as_bytes());
    };
    number(&mut bytes, 3);
    text(&mut bytes, identity.feed.name());
    text(&mut bytes, &identity.id);
    number(&mut bytes, winner.version.to_bits());
    number(&mut bytes, winner.content.into());
    text(&mut bytes, winner.status.as_deref().unwrap_or_default());
    xxh3_128(&bytes)
}

/// XXH3 over little-endian values, the first of which tells what they are of.
fn of_numbers<const N: usize>(numbers: [u64; N]) -> u128 {
    xxh3_128(numbers.map(u64::to_le_bytes).as_flattened())
}
