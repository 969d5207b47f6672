//! The winner of every RSVP: what the RSVP *is*.

use hashbrown::HashTable;
use headcount_record::{Response, Rsvp, Version};
use serde::{Deserialize, Serialize};

use crate::{hash::mix, rows::Rows};

/// The greatest record of one RSVP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Winner {
    pub(crate) rsvp: u64,
    pub(crate) version: Version,
    /// Row of its event.
    pub(crate) event: u32,
    /// Index into the members.
    pub(crate) member: u32,
    pub(crate) content: u32,
    /// Guests times four, plus the number of the response.
    answer: u16,
    /// The check of its identity. It stands where there would be a gap, so it takes no memory.
    pub(crate) check: u16,
}

// There are as many of them as RSVPs.
const _: () = assert!(size_of::<Winner>() == 32);

impl Winner {
    pub(crate) fn new(rsvp: &Rsvp, event: u32, member: u32) -> Self {
        Self {
            rsvp: rsvp.id,
            version: rsvp.version,
            event,
            member,
            content: rsvp.content,
            answer: rsvp.guests << 2 | u16::from(rsvp.response.number()),
            check: rsvp.id_check,
        }
    }

    pub(crate) fn response(&self) -> Response {
        Response::of((self.answer & 3) as u8).expect("made from a response")
    }

    pub(crate) fn guests(&self) -> u16 {
        self.answer >> 2
    }

    /// Whether it can have been made from a response; one that was read may not.
    pub(crate) fn is_sound(&self) -> bool {
        Response::of((self.answer & 3) as u8).is_some()
    }

    fn key(&self) -> u64 {
        mix(self.rsvp, self.event)
    }
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    New,
    Replaced(Winner),
    Repeated,
    Stale,
    /// It is another RSVP whose id has the same bits.
    Collided,
}

/// All winners of a partition, found by event and RSVP.
#[derive(Default)]
pub(crate) struct Winners {
    rows: Rows<Winner>,
    index: HashTable<u32>,
}

impl Winners {
    pub(crate) fn from_rows(rows: Rows<Winner>) -> Self {
        let mut index = HashTable::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            index.insert_unique(row.key(), at as u32, |&at| rows[at].key());
        }
        Self { rows, index }
    }

    pub(crate) fn rows(&self) -> &Rows<Winner> {
        &self.rows
    }

    /// Reads what [`offer`](Self::offer) will look at, so that it is near when it does. The value
    /// means nothing.
    pub(crate) fn touch(&self, rsvp: u64, event: u32) -> u32 {
        let key = mix(rsvp, event);
        let rows = &self.rows;
        let same = |&at: &u32| rows[at].rsvp == rsvp && rows[at].event == event;
        self.index.find(key, same).copied().unwrap_or(0)
    }

    /// The row of a record's winner, if it has one.
    pub(crate) fn row_of(&self, rsvp: u64, event: u32) -> Option<u32> {
        let rows = &self.rows;
        let same = |&at: &u32| rows[at].rsvp == rsvp && rows[at].event == event;
        self.index.find(mix(rsvp, event), same).copied()
    }

    /// Lets a record compete for its RSVP. `member` is asked for only if it wins.
    pub(crate) fn offer(
        &mut self,
        rsvp: &Rsvp,
        event: u32,
        member: impl FnOnce() -> u32,
    ) -> Outcome {
        let key = mix(rsvp.id, event);
        let rows = &self.rows;
        let found = self.index.find(key, |&at| {
            let row = &rows[at];
            row.rsvp == rsvp.id && row.event == event
        });
        let Some(&at) = found else {
            let at = self.rows.push(Winner::new(rsvp, event, member()));
            let rows = &self.rows;
            self.index.insert_unique(key, at, |&at| rows[at].key());
            return Outcome::New;
        };
        let winner = &mut self.rows[at];
        // The same 64 bits, and another id: neither may count for the other.
        if winner.check != rsvp.id_check {
            return Outcome::Collided;
        }
        if (rsvp.version, rsvp.content) > (winner.version, winner.content) {
            let old = std::mem::replace(winner, Winner::new(rsvp, event, member()));
            return Outcome::Replaced(old);
        }
        if rsvp.version.second() == winner.version.second() {
            Outcome::Repeated
        } else {
            Outcome::Stale
        }
    }
}
