//! Which rows somebody has been told.

use std::ops::Range;

use crate::{changes::Table, marks::Marks};

/// How many rows each table has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lengths {
    pub(crate) groups: u32,
    pub(crate) venues: u32,
    pub(crate) members: u32,
    pub(crate) events: u32,
}

/// Rows of a table from the first on have been told, up to a number; those after it are new and
/// need no mark. Groups and venues never change.
#[derive(Default)]
pub(crate) struct Heard {
    told: Lengths,
    members: Marks,
    events: Marks,
}

impl Heard {
    /// Somebody who knows all that is there.
    pub(crate) fn all(there: Lengths) -> Self {
        Self {
            told: there,
            ..Self::default()
        }
    }

    /// Notes that an event's row and its member have changed.
    pub(crate) fn note(&mut self, event: u32, member: u32) {
        self.note_event(event);
        self.note_member(member);
    }

    pub(crate) fn note_event(&mut self, event: u32) {
        if event < self.told.events {
            self.events.mark(event);
        }
    }

    pub(crate) fn note_member(&mut self, member: u32) {
        if member < self.told.members {
            self.members.mark(member);
        }
    }

    /// How many rows are to be told.
    pub(crate) fn due(&self, there: Lengths) -> usize {
        let new = |there: u32, told: u32| (there - told) as usize;
        new(there.groups, self.told.groups)
            + new(there.venues, self.told.venues)
            + new(there.members, self.told.members)
            + new(there.events, self.told.events)
            + self.members.len()
            + self.events.len()
    }

    /// Adds groups and venues that have come since `due` was taken: events may refer to them by the
    /// time they are told.
    pub(crate) fn reach(&mut self, due: &mut Due, there: Lengths) {
        let [(_, (groups, _)), (_, (venues, _)), ..] = &mut due.tables;
        (groups.end, venues.end) = (there.groups, there.venues);
        (self.told.groups, self.told.venues) = (there.groups, there.venues);
    }

    /// Takes what is to be told, which counts as told from now on.
    pub(crate) fn take(&mut self, there: Lengths) -> Due {
        let told = std::mem::replace(&mut self.told, there);
        let all = |numbers: Range<u32>| (numbers, Vec::new().into_iter());
        Due {
            tables: [
                (Table::Groups, all(told.groups..there.groups)),
                (Table::Venues, all(told.venues..there.venues)),
                (
                    Table::Members,
                    (told.members..there.members, self.members.take().into_iter()),
                ),
                (
                    Table::Events,
                    (told.events..there.events, self.events.take().into_iter()),
                ),
            ],
        }
    }
}

/// New rows of a table, and changed ones.
type Numbers = (Range<u32>, std::vec::IntoIter<u32>);

/// Numbers of rows that are to be told, each once, in the order in which rows are best loaded.
pub(crate) struct Due {
    tables: [(Table, Numbers); 4],
}

impl Due {
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

impl Iterator for Due {
    type Item = (Table, u32);

    fn next(&mut self) -> Option<Self::Item> {
        self.tables.iter_mut().find_map(|(table, (new, changed))| {
            let number = changed.next().or_else(|| new.next())?;
            Some((*table, number))
        })
    }
}
