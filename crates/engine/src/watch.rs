//! Noting what changes, and telling it.
//!
//! It is told twice. [`Changes`] are for tables, which need much work for every row and so are
//! brought up to date when there is time; until then changes gather, where they take no more room
//! however many there are. [`Step`]s are for those who follow, and come often.

use headcount_record::{Event, Key, Namespace};
use serde::Serialize;

use crate::{
    book::Book,
    catalog::Catalog,
    changes::{Changes, EventStatistic, Row, Step, Table, Whole},
    events::EventRow,
    heard::{Due, Heard, Lengths},
    partition::Partition,
    parts::Parts,
    stored::StoredEvent,
};

/// Rows of one piece: a few megabytes.
const PIECE_ROWS: usize = if cfg!(test) { 7 } else { 10_000 };

/// What of a partition has been told, and what has changed since.
#[derive(Default)]
pub(crate) struct Watch {
    tables: Heard,
    /// What is being told to tables, piece by piece.
    round: Option<Round>,
    /// None while no step leads to where the partition is.
    steps: Option<Steps>,
    sums: Parts,
    /// The part of the digest that is of winners. It follows every change.
    pub(crate) digest: u128,
    /// The next offset when changes were last taken.
    taken: Option<u64>,
    /// All is to be told.
    anew: bool,
}

struct Round {
    due: Due,
    whole: Whole,
}

/// Those who follow.
struct Steps {
    heard: Heard,
    /// They begin with tables that are told up to here.
    from: u64,
    /// To where the last step has led.
    at: u64,
    /// None has been taken.
    fresh: bool,
}

impl Steps {
    fn from(offset: u64, there: Lengths) -> Self {
        Self {
            heard: Heard::all(there),
            from: offset,
            at: offset,
            fresh: true,
        }
    }
}

impl Watch {
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
            let (rows, catalog) = (self.rsvps.events.rows(), &self.rsvps.catalog);
            let there = Lengths::of(self);
            watch.tables = Heard::all(there);
            for at in 0..there.events {
                watch.sums.follow(at, rows, catalog);
            }
            watch.sums.take_countries(catalog);
            watch.sums.take_venues(rows, catalog);
            watch.taken = Some(self.next_offset);
            watch.steps = Some(Steps::from(self.next_offset, there));
        }
        self.rsvps.watch = Some(Box::new(watch));
    }

    /// Whether there is anything to take. There is nothing within a batch, or if nobody watches.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let due = |watch: &Watch| {
            let told = watch.round.is_none() && watch.steps.is_some();
            !told || watch.taken != Some(self.next_offset)
        };
        self.is_at_commit() && self.rsvps.watch.as_deref().is_some_and(due)
    }

    /// Takes the next piece of what has changed, see [`Changes`]. To be called at a commit. Whoever
    /// has not called [`watch`](Self::watch) is told everything.
    ///
    /// It takes time and memory for what has changed.
    pub fn take_changes(&mut self) -> Changes {
        if self.rsvps.watch.is_none() {
            self.watch(true);
        }
        let mut watch = self.rsvps.watch.take().unwrap_or_default();
        let changes = self.tell_changes(&mut watch);
        self.rsvps.watch = Some(watch);
        changes
    }

    fn tell_changes(&self, watch: &mut Watch) -> Changes {
        let mut changes = Changes {
            offset: self.next_offset,
            ..Changes::default()
        };
        let mut round = match watch.round.take() {
            Some(mut round) => {
                watch.tables.reach(&mut round.due, Lengths::of(self));
                round
            }
            None => self.begin_round(watch, &mut changes),
        };
        for (table, at) in round.due.by_ref().take(PIECE_ROWS) {
            changes.rows.push(self.row(table, at));
            if table == Table::Events {
                self.tell_event(at, &mut watch.sums, &mut changes);
            }
        }
        if round.due.is_empty() {
            changes.whole = Some(round.whole);
        } else {
            watch.round = Some(round);
        }
        changes
    }

    fn begin_round(&self, watch: &mut Watch, changes: &mut Changes) -> Round {
        let (rows, catalog) = (self.rsvps.events.rows(), &self.rsvps.catalog);
        let there = Lengths::of(self);
        let due = watch.tables.take(there);
        for at in due.events() {
            watch.sums.follow(at, rows, catalog);
        }
        changes.statistics.countries = watch.sums.take_countries(catalog);
        changes.statistics.venues = watch.sums.take_venues(rows, catalog);
        changes.anew = std::mem::take(&mut watch.anew);
        watch.taken = Some(self.next_offset);
        let whole = Whole {
            offset: self.next_offset,
            book: self.book(watch),
            reached: watch.steps.is_some(),
        };
        if watch.steps.is_none() {
            watch.steps = Some(Steps {
                fresh: false,
                ..Steps::from(self.next_offset, there)
            });
        }
        Round { due, whole }
    }

    /// Whether there is a step to take for somebody whose tables have been told up to `told`, if at
    /// all.
    #[must_use]
    pub fn has_step(&self, told: Option<u64>) -> bool {
        let steps = self
            .rsvps
            .watch
            .as_ref()
            .and_then(|watch| watch.steps.as_ref());
        let due = |steps: &Steps| steps.fresh || steps.at != self.next_offset;
        self.is_at_commit() && steps.is_some_and(|steps| told >= Some(steps.from) && due(steps))
    }

    /// Takes the step from where the last one led to here, at a commit. None if it would have more
    /// rows than `rows_max`: then steps go on from the changes that are taken next.
    pub fn take_step(&mut self, rows_max: usize) -> Option<Step> {
        let mut watch = self.rsvps.watch.take()?;
        let step = self.tell_step(&mut watch, rows_max);
        self.rsvps.watch = Some(watch);
        step
    }

    fn tell_step(&self, watch: &mut Watch, rows_max: usize) -> Option<Step> {
        let there = Lengths::of(self);
        let mut steps = watch.steps.take()?;
        if steps.heard.due(there) > rows_max {
            return None;
        }
        let due = steps.heard.take(there);
        for at in due.events() {
            let (rows, catalog) = (self.rsvps.events.rows(), &self.rsvps.catalog);
            watch.sums.follow(at, rows, catalog);
        }
        let step = Step {
            previous: std::mem::replace(&mut steps.at, self.next_offset),
            offset: self.next_offset,
            rows: due.map(|(table, at)| self.row(table, at)).collect(),
            book: self.book(watch),
        };
        steps.fresh = false;
        watch.steps = Some(steps);
        Some(step)
    }

    fn row(&self, table: Table, at: u32) -> Row {
        let catalog = &self.rsvps.catalog;
        match table {
            Table::Groups => row(table, at, &catalog.groups()[at as usize].content.content),
            Table::Venues => row(table, at, &catalog.venue(at).content.content),
            Table::Members => row(table, at, &self.rsvps.members.rows()[at]),
            Table::Events => {
                let event = &self.rsvps.events.rows()[at];
                let oldest = self.watermark.oldest_window();
                row(table, at, &StoredEvent::since(event, oldest))
            }
        }
    }

    fn tell_event(&self, at: u32, sums: &mut Parts, changes: &mut Changes) {
        let row = &self.rsvps.events.rows()[at];
        let statistic = EventStatistic::of(row, &self.rsvps.catalog);
        changes.statistics.events.push(statistic);
        changes
            .statistics
            .renamed
            .extend(sums.take_renamed(at, row));
    }

    /// The book at this commit, to which the sums have been brought.
    fn book(&self, watch: &Watch) -> Vec<u8> {
        let digest = watch.digest.wrapping_add(watch.sums.digest());
        Book::of(self, digest).to_bytes()
    }
}

fn row(table: Table, number: u32, body: &impl Serialize) -> Row {
    let body = postcard::to_stdvec(body).expect("what is written to memory has a length");
    Row {
        table,
        number,
        body,
    }
}

impl EventStatistic {
    fn of(row: &EventRow, catalog: &Catalog) -> Self {
        let group_name = |group: Key| catalog.group(group).content.name.clone();
        let event = &row.content;
        Self {
            event_id: event.id.clone(),
            event_name: event.name.clone(),
            group_name: row.group.map(group_name).unwrap_or_default(),
            country: catalog.country_name(row.group).clone(),
            yes: row.yes.into(),
            no: row.no.into(),
            maybe: (event.namespace != Namespace::MEETUP).then(|| row.maybe.into()),
            heads: row.heads(),
            event_url: Some(event.url.clone()).filter(|url| !url.is_empty()),
            time: event.time,
        }
    }
}
