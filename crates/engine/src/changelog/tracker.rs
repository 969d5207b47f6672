//! What of a partition has been sent, and what has changed since.

use headcount_record::Event;

use crate::{
    catalog::Catalog,
    changelog::aggregates::Aggregates,
    changelog::changes::SnapshotComplete,
    changelog::row_cursor::{PendingRows, RowCursor, TableLengths},
    events::EventRow,
};

/// What of a partition has been sent, and what has changed since.
#[derive(Default)]
pub(crate) struct ChangeTracker {
    pub(crate) tables: RowCursor,
    /// What is being sent to tables, piece by piece.
    pub(crate) snapshot: Option<SnapshotInProgress>,
    /// None while no delta leads to where the partition is.
    pub(crate) deltas: Option<DeltaCursor>,
    pub(crate) aggregates: Aggregates,
    /// The part of the digest that is of winners. It follows every change.
    pub(crate) digest: u128,
    /// The next offset when changes were last taken.
    pub(crate) taken: Option<u64>,
    /// All is to be sent.
    pub(crate) full_refresh: bool,
}

/// Changes that are taken in pieces.
pub(crate) struct SnapshotInProgress {
    pub(crate) pending: PendingRows,
    pub(crate) complete: SnapshotComplete,
}

/// How far subscribers have come that follow delta by delta.
pub(crate) struct DeltaCursor {
    pub(crate) rows: RowCursor,
    /// They begin with tables that are sent up to here.
    pub(crate) from: u64,
    /// To where the last delta has led.
    pub(crate) at: u64,
    /// None has been taken.
    pub(crate) fresh: bool,
}

impl DeltaCursor {
    pub(crate) fn from(offset: u64, there: TableLengths) -> Self {
        Self {
            rows: RowCursor::all(there),
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
        if let Some(deltas) = &mut self.deltas {
            deltas.rows.note(event, member);
        }
    }

    /// Notes that what is known of an event has changed.
    pub(crate) fn note_event(&mut self, event: u32) {
        self.tables.note_event(event);
        if let Some(deltas) = &mut self.deltas {
            deltas.rows.note_event(event);
        }
    }

    /// Notes what an event's row tells that is about to tell `next`.
    pub(crate) fn pass(&mut self, at: u32, row: &EventRow, next: &Event, catalog: &Catalog) {
        self.aggregates.pass(at, row, next, catalog);
    }

    pub(crate) fn note_member(&mut self, member: u32) {
        self.tables.note_member(member);
        if let Some(deltas) = &mut self.deltas {
            deltas.rows.note_member(member);
        }
    }
}
