//! The digest of a partition's whole state, counted afresh.

use crate::{
    digest::{row_digest, winner_digest},
    events::EventRow,
    partition::Partition,
    secondary::secondary_digest,
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
        let secondary = self.secondary.winners().iter();
        let secondary = secondary
            .map(|((kind, id), winner)| secondary_digest(&self.feeds[kind].name, id, winner));
        let all = rsvps.chain(secondary).fold(0, u128::wrapping_add);
        all.wrapping_add(self.rsvps.withdrawals.digest())
    }
}
