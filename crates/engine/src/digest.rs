//! One number for the state of a partition: equal states, equal digests.
//!
//! A digest is the wrapping sum of a 128-bit hash of every winner and every event row, so it
//! depends neither on the order of arrival nor on how events are spread over partitions.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use headcount_record::Identity;

use crate::{
    catalog::Catalog, events::EventRow, others::OtherWinner, partition::Partition, winners::Winner,
};

impl Partition {
    /// The digest over winners and event rows.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let rows = self.rsvps.events.rows().iter();
        let rows = rows.map(|row| row_digest(row, &self.rsvps.catalog));
        rows.fold(self.winners_digest(), u128::wrapping_add)
    }

    /// The part of the digest that is of winners.
    pub(crate) fn winners_digest(&self) -> u128 {
        let rows = self.rsvps.events.rows().iter();
        let events: Vec<u64> = rows.map(|row| event_hash(&row.content.id)).collect();
        let rsvps = self.rsvps.winners.rows().iter().map(|winner| {
            let member = self.rsvps.members.id(winner.member);
            winner_digest(winner, events[winner.event as usize], member)
        });
        let others = self.others.winners().iter();
        let others = others.map(|(identity, winner)| other_digest(identity, winner));
        rsvps.chain(others).fold(0, u128::wrapping_add)
    }
}

/// What stands for an event in the digest of a winner.
pub(crate) fn event_hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

/// The digest of a winner; `member` is the id.
pub(crate) fn winner_digest(winner: &Winner, event: u64, member: u64) -> u128 {
    of_numbers([
        1,
        event,
        winner.rsvp,
        winner.version.to_bits(),
        winner.content.into(),
        member,
        u64::from(winner.guests()) << 1 | u64::from(winner.yes()),
    ])
}

pub(crate) fn row_digest(row: &EventRow, catalog: &Catalog) -> u128 {
    let venue = row
        .venue
        .map_or(0, |venue| catalog.venue(venue).content.hash);
    of_numbers([
        2,
        row.content.hash,
        catalog.group(row.group).content.hash,
        venue,
        row.version.to_bits(),
        row.record.into(),
        row.yes.into(),
        row.no.into(),
        row.guests.into(),
    ])
}

pub(crate) fn other_digest(identity: &Identity, winner: &OtherWinner) -> u128 {
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
