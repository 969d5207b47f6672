//! One number for the state of a partition: equal states, equal digests.
//!
//! A digest is the wrapping sum of a 128-bit hash of every winner and every event row, so it
//! depends neither on the order of arrival nor on how events are spread over partitions.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::{events::EventRow, partition::Partition, winners::Winner};

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
        let others = self.others.winners().map(|(identity, winner)| {
            let mut hash = Digest::new(3);
            hash.text(identity.feed.name()).text(&identity.id);
            hash.number(winner.version.to_bits())
                .number(winner.content.into());
            hash.text(winner.status.as_deref().unwrap_or_default())
                .finish()
        });
        rsvps.chain(rows).chain(others).fold(0, u128::wrapping_add)
    }

    fn winner_digest(&self, winner: &Winner, event: u64) -> u128 {
        Digest::new(1)
            .number(event)
            .number(winner.rsvp)
            .number(winner.version.to_bits())
            .number(winner.content.into())
            .number(self.rsvps.members.id(winner.member))
            .number(u64::from(winner.guests()) << 1 | u64::from(winner.yes()))
            .finish()
    }

    fn row_digest(&self, row: &EventRow) -> u128 {
        let venue = row
            .venue
            .map_or(0, |venue| self.rsvps.catalog.venue(venue).content.hash);
        Digest::new(2)
            .number(row.content.hash)
            .number(self.rsvps.catalog.group(row.group).content.hash)
            .number(venue)
            .number(row.version.to_bits())
            .number(row.record.into())
            .number(row.yes.into())
            .number(row.no.into())
            .number(row.guests.into())
            .finish()
    }
}

/// XXH3 over little-endian values, gathered first because that is quicker.
struct Digest(Vec<u8>);

impl Digest {
    fn new(kind: u64) -> Self {
        let mut digest = Self(Vec::with_capacity(128));
        digest.number(kind);
        digest
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn finish(&self) -> u128 {
        xxh3_128(&self.0)
    }
}
