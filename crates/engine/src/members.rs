//! The distinct members among winners.

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use crate::{hash::mix, rows::Rows};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    id: u64,
    /// Winners of this member. A member without any does not count.
    winners: u32,
}

impl Member {
    /// The id of a member with a winner.
    pub(crate) fn counted(&self) -> Option<u64> {
        (self.winners > 0).then_some(self.id)
    }
}

#[derive(Default)]
pub(crate) struct Members {
    rows: Rows<Member>,
    index: HashTable<u32>,
}

impl Members {
    pub(crate) fn from_rows(rows: Rows<Member>) -> Self {
        let mut index = HashTable::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            index.insert_unique(mix(row.id, 0), at as u32, |&at| mix(rows[at].id, 0));
        }
        Self { rows, index }
    }

    pub(crate) fn rows(&self) -> &Rows<Member> {
        &self.rows
    }

    pub(crate) fn id(&self, at: u32) -> u64 {
        self.rows[at].id
    }

    /// Reads what [`add`](Self::add) will look at, so that it is near when it does. The value
    /// means nothing.
    pub(crate) fn touch(&self, id: u64) -> u32 {
        let rows = &self.rows;
        let found = self.index.find(mix(id, 0), |&at| rows[at].id == id);
        found.copied().unwrap_or(0)
    }

    /// Counts a winner of this member and returns the member's index.
    pub(crate) fn add(&mut self, id: u64) -> u32 {
        let rows = &mut self.rows;
        let key = mix(id, 0);
        let at = match self.index.find(key, |&at| rows[at].id == id) {
            Some(&at) => at,
            None => {
                let at = rows.push(Member { id, winners: 0 });
                self.index.insert_unique(key, at, |&at| mix(rows[at].id, 0));
                at
            }
        };
        self.rows[at].winners += 1;
        at
    }

    /// Takes back a winner of the member at this index.
    pub(crate) fn remove(&mut self, at: u32) {
        self.rows[at].winners -= 1;
    }
}
