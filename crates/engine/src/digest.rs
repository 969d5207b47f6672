//! One number for the state of a partition: equal states, equal digests.
//!
//! A digest is the wrapping sum of a 128-bit hash of every winner and every event row, so it
//! depends neither on the order of arrival nor on how events are spread over partitions.

use xxhash_rust::xxh3::xxh3_128;

use headcount_record::{Identity, Namespace, answer};

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
        let events: Vec<u64> = rows.map(EventRow::hash).collect();
        let rsvps = self.rsvps.winners.rows().iter().map(|winner| {
            let member = self.rsvps.members.identity(winner.member);
            winner_digest(winner, events[winner.event as usize], member)
        });
        let others = self.others.winners().iter();
        let others =
            others.map(|((kind, id), winner)| other_digest(&self.feeds[kind].name, id, winner));
        rsvps.chain(others).fold(0, u128::wrapping_add)
    }
}

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

pub(crate) fn other_digest(feed: &str, id: &str, winner: &OtherWinner) -> u128 {
    let mut bytes = Vec::new();
    let number = |bytes: &mut Vec<u8>, number: u64| bytes.extend(number.to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        number(bytes, text.len() as u64);
        bytes.extend(text.as_bytes());
    };
    number(&mut bytes, 3);
    text(&mut bytes, feed);
    text(&mut bytes, id);
    number(&mut bytes, winner.version.to_bits());
    number(&mut bytes, winner.content.into());
    text(&mut bytes, winner.status.as_deref().unwrap_or_default());
    xxh3_128(&bytes)
}

/// XXH3 over little-endian values, the first of which tells what they are of.
fn of_numbers<const N: usize>(numbers: [u64; N]) -> u128 {
    xxh3_128(numbers.map(u64::to_le_bytes).as_flattened())
}
