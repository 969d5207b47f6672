//! The event rows: one row an event, with its counts, its recent windows and its snapshot.

use hashbrown::HashTable;
use headcount_record::{Event, Key, Known, Namespace, Response, Version, event_hash};

use crate::{
    counts::{Answers, Counts},
    rows::Rows,
    window::{Buckets, Window},
    winners::Winner,
};

/// An event: the fact that every panel is a group-by of.
pub(crate) struct EventRow {
    /// Snapshot: the event, venue and group as the greatest record that tells them does.
    pub(crate) content: Known<Event>,
    /// Of that record; [`Version::NONE`] while no record has given more than the event's id.
    pub(crate) version: Version,
    pub(crate) record: u32,
    /// In the catalog, as is the venue.
    pub(crate) group: Option<Key>,
    pub(crate) venue: Option<u32>,
    /// What the snapshot was made from: most records tell the same again.
    pub(crate) keys: SnapshotKeys,
    /// Counts of winners.
    pub(crate) yes: u32,
    pub(crate) no: u32,
    pub(crate) maybe: u32,
    pub(crate) guests: u32,
    pub(crate) recent: Buckets,
}

// There are as many of them as events.
const _: () = assert!(size_of::<EventRow>() == 96);

/// The sub-objects of a record by their keys, and whose keys they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SnapshotKeys {
    /// The number of a translation; 0 is none.
    pub(crate) by: u32,
    pub(crate) event: Option<Key>,
    pub(crate) group: Option<Key>,
    pub(crate) venue: Option<Key>,
}

impl EventRow {
    /// What stands for the event in tables and digests.
    pub(crate) fn hash(&self) -> u64 {
        event_hash(self.content.namespace, &self.content.id)
    }

    /// People coming: 1 + guests of every `yes`.
    pub(crate) fn heads(&self) -> u64 {
        u64::from(self.yes) + u64::from(self.guests)
    }

    /// Reads the row and its last window, so that they are near when it is changed. The value means
    /// nothing.
    pub(crate) fn touch(&self) -> u32 {
        self.record ^ self.recent.touch()
    }

    /// Everybody who answered.
    pub(crate) fn answers(&self) -> u64 {
        u64::from(self.yes) + u64::from(self.no) + u64::from(self.maybe)
    }

    /// What the row comes to.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            // An event of which only the facts are known is none that anybody answered to.
            events: u64::from(self.answers() > 0),
            answers: Answers {
                yes: self.yes.into(),
                no: self.no.into(),
                maybe: self.maybe.into(),
            },
            heads: self.heads(),
        }
    }

    /// Counts a winner. Its window is kept from `oldest` on.
    pub(crate) fn count(&mut self, winner: &Winner, oldest: Window) {
        match winner.response() {
            Response::Yes => {
                self.yes += 1;
                self.guests += u32::from(winner.guests());
            }
            Response::No => self.no += 1,
            Response::Maybe => self.maybe += 1,
        }
        let window = Window::of(winner.version.time());
        if window >= oldest {
            self.recent.add(window, winner.response(), oldest);
        }
    }

    /// Takes back what a winner counted.
    pub(crate) fn retract(&mut self, winner: &Winner, oldest: Window) {
        match winner.response() {
            Response::Yes => {
                self.yes -= 1;
                self.guests -= u32::from(winner.guests());
            }
            Response::No => self.no -= 1,
            Response::Maybe => self.maybe -= 1,
        }
        let window = Window::of(winner.version.time());
        if window >= oldest {
            self.recent.remove(window, winner.response());
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

    pub(crate) fn find(&self, namespace: Namespace, id: &str) -> Option<u32> {
        let rows = &self.rows;
        let same = |&at: &u32| {
            let event = &rows[at].content;
            &*event.id == id && event.namespace == namespace
        };
        self.index.find(event_hash(namespace, id), same).copied()
    }

    /// Adds a row for an event that has none.
    pub(crate) fn push(&mut self, row: EventRow) -> u32 {
        let hash = row.hash();
        let at = self.rows.push(row);
        let rows = &self.rows;
        self.index.insert_unique(hash, at, |&at| rows[at].hash());
        at
    }
}
