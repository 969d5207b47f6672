//! The event rows: one row an event, with its counts, its recent windows and its snapshot.

use hashbrown::HashTable;
use headcount_record::{Event, Key, Known, Version};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    rows::Rows,
    window::{Buckets, Window},
    winners::Winner,
};

/// An event: the fact that every panel is a group-by of.
pub(crate) struct EventRow {
    /// Snapshot: the event, venue and group as its greatest record tells them.
    pub(crate) content: Known<Event>,
    pub(crate) version: Version,
    pub(crate) record: u32,
    pub(crate) group: u32,
    pub(crate) venue: Option<u32>,
    /// What the snapshot was made from: most records tell the same again.
    pub(crate) told: Told,
    /// Counts of winners.
    pub(crate) yes: u32,
    pub(crate) no: u32,
    pub(crate) guests: u32,
    pub(crate) recent: Buckets,
}

/// The sub-objects of a record by their keys, and whose keys they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The number of a translation; 0 is none.
    pub(crate) by: u32,
    pub(crate) event: Key,
    pub(crate) group: Key,
    pub(crate) venue: Option<Key>,
}

impl EventRow {
    /// People coming: 1 + guests of every `yes`.
    pub(crate) fn heads(&self) -> u64 {
        u64::from(self.yes) + u64::from(self.guests)
    }

    /// Reads the row and its last window, so that they are near when it is changed. The value means
    /// nothing.
    pub(crate) fn touch(&self) -> u32 {
        self.record ^ self.recent.touch()
    }

    /// Counts a winner. Its window is kept from `oldest` on.
    pub(crate) fn count(&mut self, winner: &Winner, oldest: Window) {
        if winner.yes() {
            self.yes += 1;
            self.guests += u32::from(winner.guests());
        } else {
            self.no += 1;
        }
        let window = Window::of(winner.version.mtime());
        if window >= oldest {
            self.recent.add(window, winner.yes(), oldest);
        }
    }

    /// Takes back what a winner counted.
    pub(crate) fn retract(&mut self, winner: &Winner, oldest: Window) {
        if winner.yes() {
            self.yes -= 1;
            self.guests -= u32::from(winner.guests());
        } else {
            self.no -= 1;
        }
        let window = Window::of(winner.version.mtime());
        if window >= oldest {
            self.recent.remove(window, winner.yes());
        }
    }
}

/// All event rows of a partition, found by event id.
#[derive(Default)]
pub(crate) struct EventRows {
    rows: Rows<EventRow>,
    index: HashTable<u32>,
}

impl EventRows {
    pub(crate) fn rows(&self) -> &Rows<EventRow> {
        &self.rows
    }

    pub(crate) fn row_mut(&mut self, at: u32) -> &mut EventRow {
        &mut self.rows[at]
    }

    pub(crate) fn row(&self, at: u32) -> &EventRow {
        &self.rows[at]
    }

    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        let rows = &self.rows;
        self.index
            .find(xxh3_64(id.as_bytes()), |&at| &*rows[at].content.id == id)
            .copied()
    }

    /// Adds a row for an event that has none.
    pub(crate) fn push(&mut self, row: EventRow) -> u32 {
        let hash = xxh3_64(row.content.id.as_bytes());
        let at = self.rows.push(row);
        let rows = &self.rows;
        self.index
            .insert_unique(hash, at, |&at| xxh3_64(rows[at].content.id.as_bytes()));
        at
    }
}
