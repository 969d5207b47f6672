//! The distinct members among winners.

use hashbrown::HashTable;
use headcount_record::{Identity, Namespace};
use serde::{Deserialize, Serialize};

use crate::{hash::mix, rows::Rows};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberRow {
    id: u64,
    /// Winners of this member. A member without any does not count.
    winners: u32,
    namespace: Namespace,
    check: u16,
}

// Namespace and check stand where there would be a gap.
const _: () = assert!(size_of::<MemberRow>() == 16);

impl MemberRow {
    /// The identity of a member with a winner.
    pub(crate) fn counted(&self) -> Option<Identity> {
        (self.winners > 0).then_some(self.identity())
    }

    fn identity(&self) -> Identity {
        Identity {
            namespace: self.namespace,
            check: self.check,
            bits: self.id,
        }
    }

    fn key(&self) -> u64 {
        mix(self.id, self.namespace.0.into())
    }

    fn has_bits_of(&self, identity: Identity) -> bool {
        self.id == identity.bits && self.namespace == identity.namespace
    }
}

#[derive(Default)]
pub(crate) struct MemberRows {
    rows: Rows<MemberRow>,
    index: HashTable<u32>,
}

impl MemberRows {
    pub(crate) fn from_rows(rows: Rows<MemberRow>) -> Self {
        let mut index = HashTable::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            index.insert_unique(row.key(), at as u32, |&at| rows[at].key());
        }
        Self { rows, index }
    }

    pub(crate) fn rows(&self) -> &Rows<MemberRow> {
        &self.rows
    }

    pub(crate) fn identity(&self, at: u32) -> Identity {
        self.rows[at].identity()
    }

    /// Whether the member at this index is another one with an identity of the same bits.
    pub(crate) fn collides(&self, at: u32, member: Identity) -> bool {
        self.rows[at].check != member.check
    }

    /// The index of a member. Members stay where they are.
    pub(crate) fn find(&self, member: Identity) -> Option<u32> {
        let rows = &self.rows;
        let key = mix(member.bits, member.namespace.0.into());
        let same = |&at: &u32| rows[at].has_bits_of(member);
        self.index.find(key, same).copied()
    }

    /// Counts a winner of this member, which does not [collide](Self::collides) and is at this index
    /// if it is known, and returns the member's index.
    pub(crate) fn add(&mut self, known: Option<u32>, member: Identity) -> u32 {
        let at = known.unwrap_or_else(|| {
            let row = MemberRow {
                id: member.bits,
                winners: 0,
                namespace: member.namespace,
                check: member.check,
            };
            let (rows, key) = (&mut self.rows, row.key());
            let at = rows.push(row);
            self.index.insert_unique(key, at, |&at| rows[at].key());
            at
        });
        self.rows[at].winners += 1;
        at
    }

    /// Takes back a winner of the member at this index.
    pub(crate) fn remove(&mut self, at: u32) {
        self.rows[at].winners -= 1;
    }
}
