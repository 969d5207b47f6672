//! What of a partition has been told, and what has changed since.

use headcount_record::Event;

use crate::{
    catalog::Catalog,
    changes::Whole,
    events::EventRow,
    heard::{Due, Heard, Lengths},
    parts::Parts,
};

/// What of a partition has been told, and what has changed since.
#[derive(Default)]
pub(crate) struct ChangeTracker {
    pub(crate) tables: Heard,
    /// What is being told to tables, piece by piece.
    pub(crate) round: Option<Round>,
    /// None while no step leads to where the partition is.
    pub(crate) steps: Option<Steps>,
    pub(crate) sums: Parts,
    /// The part of the digest that is of winners. It follows every change.
    pub(crate) digest: u128,
    /// The next offset when changes were last taken.
    pub(crate) taken: Option<u64>,
    /// All is to be told.
    pub(crate) anew: bool,
}

pub(crate) struct Round {
    pub(crate) due: Due,
    pub(crate) whole: Whole,
}

/// Those who follow.
pub(crate) struct Steps {
    pub(crate) heard: Heard,
    /// They begin with tables that are told up to here.
    pub(crate) from: u64,
    /// To where the last step has led.
    pub(crate) at: u64,
    /// None has been taken.
    pub(crate) fresh: bool,
}

impl Steps {
    pub(crate) fn from(offset: u64, there: Lengths) -> Self {
        Self {
            heard: Heard::all(there),
            from: offset,
            at: offset,
            fresh: true,
        }
    }
}

impl ChangeTracker {
    /// Notes that a winner was counted: its event's row and its member have changed.
    pub(crate) fn note(&mut self, event: u32, member: u32) {
        self.tables.note(event, member);
        if let Some(steps) = &mut self.steps {
            steps.heard.note(event, member);
        }
    }

    /// Notes that what is known of an event has changed.
    pub(crate) fn note_event(&mut self, event: u32) {
        self.tables.note_event(event);
        if let Some(steps) = &mut self.steps {
            steps.heard.note_event(event);
        }
    }

    /// Notes what an event's row tells that is about to tell `next`.
    pub(crate) fn pass(&mut self, at: u32, row: &EventRow, next: &Event, catalog: &Catalog) {
        self.sums.pass(at, row, next, catalog);
    }

    pub(crate) fn note_member(&mut self, member: u32) {
        self.tables.note_member(member);
        if let Some(steps) = &mut self.steps {
            steps.heard.note_member(member);
        }
    }
}
