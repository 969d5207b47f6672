//! The winner of an answer since the tables were last written, and the versions that it was chosen from.

use std::sync::Arc;

use headcount_record::Version;
use serde::{Deserialize, Serialize};

use crate::model::{RsvpVersion, Time};

/// Which answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RsvpKey {
    pub(crate) event: Arc<str>,
    pub(crate) id: u64,
}

/// The order of two records of an answer: of equal versions the hash of the content decides.
pub(crate) type Rank = (Version, u32);

/// A winner that the tables have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredWinner {
    pub(crate) rank: Rank,
    /// With which batch of rows it was written.
    pub(crate) batch: u32,
}

/// What the tables do not have yet of a winner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PendingWinner {
    pub(crate) rank: Rank,
    pub(crate) member: i64,
    pub(crate) guests: u16,
    pub(crate) response: Arc<str>,
    pub(crate) visibility: Option<Arc<str>>,
    /// When it was appended to the journal.
    pub(crate) received: Time,
}

/// An answer that has been told of since the tables were written.
#[derive(Debug, Default)]
pub(crate) struct PendingRsvp {
    /// The winner that the tables have.
    pub(crate) stored: Option<StoredWinner>,
    /// A greater one.
    pub(crate) winner: Option<PendingWinner>,
    /// Versions told since the tables were written that are not the winner.
    pub(crate) others: Vec<Rank>,
}

impl PendingRsvp {
    /// Takes a record. Returns what it was, unless exactly this version has come before; `is_known` looks for a version
    /// among those that the tables have beside the winner.
    pub(crate) fn offer(
        &mut self,
        record: PendingWinner,
        is_known: impl FnOnce(Rank) -> bool,
    ) -> Option<&'static str> {
        let known = self.rank();
        let Some(known) = known else {
            self.winner = Some(record);
            return Some("new");
        };
        if record.rank == known {
            return None;
        }
        if record.rank > known {
            // What was the winner is one of the others from now on.
            self.others.push(known);
            self.winner = Some(record);
            return Some("replaced");
        }
        if self.others.contains(&record.rank) || is_known(record.rank) {
            return None;
        }
        self.others.push(record.rank);
        let is_repetition = record.rank.0.second() == known.0.second();
        Some(if is_repetition { "repeated" } else { "stale" })
    }

    fn rank(&self) -> Option<Rank> {
        let winner = self.winner.as_ref().map(|winner| winner.rank);
        winner.or(self.stored.map(|stored| stored.rank))
    }
}

/// The row of a version.
pub(crate) fn version_row(
    key: &RsvpKey,
    record: &PendingWinner,
    outcome: &'static str,
) -> RsvpVersion {
    RsvpVersion {
        event_id: Arc::clone(&key.event),
        rsvp_id: key.id.cast_signed(),
        mtime: Time(record.rank.0.time()),
        content: i64::from(record.rank.1),
        outcome: outcome.into(),
        member_id: record.member,
        response: Arc::clone(&record.response),
        guests: i32::from(record.guests),
        received_at: record.received,
    }
}
