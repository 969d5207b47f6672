//! Which rows a subscriber has been sent, and which it lacks.

use std::ops::Range;

use crate::{changelog::changes::Table, changelog::dense_set::DenseSet};

/// How many rows each table has.
#[derive(Clone, Copy, Default)]
pub(crate) struct TableLengths {
    pub(crate) groups: u32,
    pub(crate) venues: u32,
    pub(crate) members: u32,
    pub(crate) events: u32,
}

/// Rows of a table from the first on have been sent, up to a number; those after it are new. Rows
/// among the former that have changed since are in a dirty set. Groups and venues never change.
#[derive(Default)]
pub(crate) struct RowCursor {
    sent: TableLengths,
    members: DenseSet,
    events: DenseSet,
}

impl RowCursor {
    /// A subscriber that has all that is there.
    pub(crate) fn all(there: TableLengths) -> Self {
        Self {
            sent: there,
            ..Self::default()
        }
    }

    /// Notes that an event's row and its member have changed.
    pub(crate) fn note(&mut self, event: u32, member: u32) {
        self.note_event(event);
        self.note_member(member);
    }

    pub(crate) fn note_event(&mut self, event: u32) {
        if event < self.sent.events {
            self.events.insert(event);
        }
    }

    pub(crate) fn note_member(&mut self, member: u32) {
        if member < self.sent.members {
            self.members.insert(member);
        }
    }

    /// How many rows are pending.
    pub(crate) fn pending(&self, there: TableLengths) -> usize {
        let new = |there: u32, sent: u32| (there - sent) as usize;
        new(there.groups, self.sent.groups)
            + new(there.venues, self.sent.venues)
            + new(there.members, self.sent.members)
            + new(there.events, self.sent.events)
            + self.members.len()
            + self.events.len()
    }

    /// Adds groups and venues that have come since `pending` was taken: events may refer to them
    /// by the time they are sent.
    pub(crate) fn reach(&mut self, pending: &mut PendingRows, there: TableLengths) {
        let [(_, (groups, _)), (_, (venues, _)), ..] = &mut pending.tables;
        (groups.end, venues.end) = (there.groups, there.venues);
        (self.sent.groups, self.sent.venues) = (there.groups, there.venues);
    }

    /// Takes what is pending, which counts as sent from now on.
    pub(crate) fn take(&mut self, there: TableLengths) -> PendingRows {
        let sent = std::mem::replace(&mut self.sent, there);
        let all = |numbers: Range<u32>| (numbers, Vec::new().into_iter());
        PendingRows {
            tables: [
                (Table::Groups, all(sent.groups..there.groups)),
                (Table::Venues, all(sent.venues..there.venues)),
                (
                    Table::Members,
                    (sent.members..there.members, self.members.take().into_iter()),
                ),
                (
                    Table::Events,
                    (sent.events..there.events, self.events.take().into_iter()),
                ),
            ],
        }
    }
}

/// New rows of a table, and changed ones.
type Numbers = (Range<u32>, std::vec::IntoIter<u32>);

/// Numbers of pending rows, each once, in the order in which rows are best loaded.
pub(crate) struct PendingRows {
    tables: [(Table, Numbers); 4],
}

impl PendingRows {
    /// The events among them that have not been taken yet.
    pub(crate) fn events(&self) -> impl Iterator<Item = u32> {
        let (_, (new, changed)) = &self.tables[3];
        changed.as_slice().iter().copied().chain(new.clone())
    }

    pub(crate) fn is_empty(&self) -> bool {
        let mut tables = self.tables.iter();
        tables.all(|(_, (new, changed))| new.is_empty() && changed.as_slice().is_empty())
    }
}

impl Iterator for PendingRows {
    type Item = (Table, u32);

    fn next(&mut self) -> Option<Self::Item> {
        self.tables.iter_mut().find_map(|(table, (new, changed))| {
            let number = changed.next().or_else(|| new.next())?;
            Some((*table, number))
        })
    }
}
