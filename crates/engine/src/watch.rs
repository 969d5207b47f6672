//! Noting what changes, and telling it.

use std::ops::Range;

use headcount_record::{Event, Group};
use serde::Serialize;

use crate::{
    book::Book,
    catalog::Catalog,
    changes::{Changes, EventStatistic, Row, Table},
    events::EventRow,
    marks::Marks,
    partition::Partition,
    parts::Parts,
    stored::StoredEvent,
};

/// Rows of one piece when everything is told: a few megabytes.
const PIECE_ROWS: usize = if cfg!(test) { 7 } else { 10_000 };

/// What of a partition has been told, and what has changed since.
///
/// Rows of a table from the first on have been told, up to a number; those after it are new and
/// need no mark.
#[derive(Default)]
pub(crate) struct Watch {
    groups: u32,
    venues: u32,
    members: u32,
    changed_members: Marks,
    events: Parts,
    changed_events: Marks,
    /// The part of the digest that is of winners. It follows every change.
    pub(crate) digest: u128,
    /// The next offset when changes were last taken.
    taken: Option<u64>,
    /// All is to be told, and not all has been.
    anew: bool,
}

impl Watch {
    /// Notes that a winner was counted: its event's row and its member have changed.
    pub(crate) fn note(&mut self, event: u32, member: u32) {
        if event < self.events.told() {
            self.changed_events.mark(event);
        }
        self.note_member(member);
    }

    /// Notes what an event's row tells that is about to tell `next`.
    pub(crate) fn pass(&mut self, at: u32, row: &EventRow, next: &Event, catalog: &Catalog) {
        self.events.pass(at, row, next, catalog);
    }

    pub(crate) fn note_member(&mut self, member: u32) {
        if member < self.members {
            self.changed_members.mark(member);
        }
    }
}

impl Partition {
    /// Begins to note changes; with `all`, everything there is counts as changed. Whoever stores
    /// changes needs all unless it has the state of this offset or a later one already.
    pub fn watch(&mut self, all: bool) {
        let mut watch = Watch {
            digest: self.winners_digest(),
            anew: all,
            ..Watch::default()
        };
        if !all {
            let (rsvps, catalog) = (&self.rsvps, &self.rsvps.catalog);
            watch.groups = catalog.groups().len() as u32;
            watch.venues = catalog.venues().len() as u32;
            watch.members = rsvps.members.rows().len() as u32;
            for at in 0..rsvps.events.rows().len() as u32 {
                watch.events.follow(at, rsvps.events.rows(), catalog);
            }
            watch.events.take_countries(catalog);
            watch.events.take_venues(rsvps.events.rows(), catalog);
            watch.taken = Some(self.next_offset);
        }
        self.rsvps.watch = Some(Box::new(watch));
    }

    /// Whether there is anything to take. There is nothing within a batch, or if nobody watches.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let watch = self.rsvps.watch.as_ref();
        self.is_at_commit() && watch.is_some_and(|watch| watch.taken != Some(self.next_offset))
    }

    /// Takes what has changed since the last call, pulses too. To be called at a commit. Whoever
    /// has not called [`watch`](Self::watch) is told everything.
    ///
    /// It takes time and memory for what has changed; everything comes in pieces, see
    /// [`Changes::more`].
    pub fn take_changes(&mut self) -> Changes {
        if self.rsvps.watch.is_none() {
            self.watch(true);
        }
        let mut watch = self.rsvps.watch.take().unwrap_or_default();
        let mut changes = self.tell(&mut watch);
        self.rsvps.watch = Some(watch);
        if !changes.more {
            let pulses = serde_json::to_vec(&self.take_pulses());
            changes.pulses = pulses.expect("numbers and text");
        }
        changes
    }

    fn tell(&self, watch: &mut Watch) -> Changes {
        let mut changes = Changes {
            offset: self.next_offset,
            anew: watch.anew,
            pulses: b"[]".to_vec(),
            ..Changes::default()
        };
        let rows_max = if watch.anew { PIECE_ROWS } else { usize::MAX };
        changes.more = !self.tell_new(watch, rows_max, &mut changes);
        if !changes.more {
            self.tell_changed(watch, &mut changes);
            (watch.anew, watch.taken) = (false, Some(self.next_offset));
        }
        changes
    }

    /// Tells rows that have never been told, at most so many. Returns whether these were all.
    fn tell_new(&self, watch: &mut Watch, rows_max: usize, changes: &mut Changes) -> bool {
        let (catalog, members) = (&self.rsvps.catalog, self.rsvps.members.rows());
        let mut left = rows_max;
        for at in next(&mut watch.groups, catalog.groups().len(), &mut left) {
            changes.row(Table::Groups, at, &catalog.group(at).content.content);
        }
        for at in next(&mut watch.venues, catalog.venues().len(), &mut left) {
            changes.row(Table::Venues, at, &catalog.venue(at).content.content);
        }
        for at in next(&mut watch.members, members.len(), &mut left) {
            changes.row(Table::Members, at, &members[at]);
        }
        let mut told = watch.events.told();
        for at in next(&mut told, self.rsvps.events.rows().len(), &mut left) {
            self.tell_event(at, &mut watch.events, changes);
        }
        // When the piece is full, there may be more even if there is not.
        left > 0
    }

    fn tell_changed(&self, watch: &mut Watch, changes: &mut Changes) {
        let (events, catalog) = (self.rsvps.events.rows(), &self.rsvps.catalog);
        for at in watch.changed_members.take() {
            changes.row(Table::Members, at, &self.rsvps.members.rows()[at]);
        }
        for at in watch.changed_events.take() {
            self.tell_event(at, &mut watch.events, changes);
        }
        changes.statistics.countries = watch.events.take_countries(catalog);
        changes.statistics.venues = watch.events.take_venues(events, catalog);
        let digest = watch.digest.wrapping_add(watch.events.digest());
        changes.book = Book::of(self, digest).to_bytes();
    }

    fn tell_event(&self, at: u32, events: &mut Parts, changes: &mut Changes) {
        let (rows, catalog) = (self.rsvps.events.rows(), &self.rsvps.catalog);
        events.follow(at, rows, catalog);
        let row = &rows[at];
        let oldest = self.watermark.oldest_window();
        changes.row(Table::Events, at, &StoredEvent::since(row, oldest));
        let statistic = EventStatistic::of(row, &catalog.group(row.group).content);
        changes.statistics.events.push(statistic);
        let renamed = events.take_renamed(at, row);
        changes.statistics.renamed.extend(renamed);
    }
}

/// The numbers that come next, up to `end` and as many as are `left`.
fn next(from: &mut u32, end: usize, left: &mut usize) -> Range<u32> {
    let begin = *from;
    let count = (end - begin as usize).min(*left);
    *left -= count;
    *from += count as u32;
    begin..*from
}

impl Changes {
    fn row(&mut self, table: Table, number: u32, body: &impl Serialize) {
        let body = postcard::to_stdvec(body).expect("what is written to memory has a length");
        self.rows.push(Row {
            table,
            number,
            body,
        });
    }
}

impl EventStatistic {
    fn of(row: &EventRow, group: &Group) -> Self {
        let event = &row.content;
        Self {
            event_id: event.id.clone(),
            event_name: event.name.clone(),
            group_name: group.name.clone(),
            country: group.country.clone(),
            yes: row.yes.into(),
            no: row.no.into(),
            heads: row.heads(),
            event_url: Some(event.url.clone()).filter(|url| !url.is_empty()),
            time: event.time,
        }
    }
}
