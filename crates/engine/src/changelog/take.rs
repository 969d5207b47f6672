//! The changelog of a partition.
//!
//! It goes out in two forms. [`Changes`] are for tables, which need much work for every row and so
//! are brought up to date when there is time; until then changes gather, where they take no more
//! room however many there are. [`Delta`]s are for subscribers that follow, and come often.

use headcount_record::{Key, Response};
use serde::Serialize;

use crate::{
    catalog::Catalog,
    changelog::aggregates::Aggregates,
    changelog::changes::{Changes, Delta, EventStatistic, Row, SnapshotComplete, Table},
    changelog::meta::PartitionMeta,
    changelog::row_cursor::{RowCursor, TableLengths},
    changelog::stored::{StoredEvent, StoredSource},
    changelog::tracker::{ChangeTracker, DeltaCursor, SnapshotInProgress},
    decoders::Decoders,
    events::EventRow,
    partition::Partition,
};

/// Rows of one piece: a few megabytes.
const PIECE_ROWS: usize = if cfg!(test) { 7 } else { 10_000 };

impl Partition {
    /// Begins to note changes; with `all`, everything there is counts as changed. A store needs all
    /// unless it has the state of this offset or a later one already.
    pub fn watch(&mut self, all: bool) {
        let mut tracker = ChangeTracker {
            digest: self.winners_digest(),
            full_refresh: all,
            ..ChangeTracker::default()
        };
        if !all {
            let (rows, catalog) = (self.rsvps.events.rows(), &self.rsvps.catalog);
            let there = self.lengths();
            tracker.tables = RowCursor::all(there);
            for at in 0..there.events {
                tracker.aggregates.follow(at, rows, catalog);
            }
            tracker.aggregates.take_countries(catalog, &self.decoders);
            tracker.aggregates.take_venues(rows, catalog);
            tracker.taken = Some(self.next_offset);
            tracker.deltas = Some(DeltaCursor::from(self.next_offset, there));
        }
        self.rsvps.tracker = Some(Box::new(tracker));
    }

    /// Whether there is anything to take. There is nothing within a batch, or if nobody watches.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let has_some = |tracker: &ChangeTracker| {
            let sent = tracker.snapshot.is_none() && tracker.deltas.is_some();
            !sent || tracker.taken != Some(self.next_offset)
        };
        self.is_at_commit() && self.rsvps.tracker.as_deref().is_some_and(has_some)
    }

    /// Takes the next piece of what has changed, see [`Changes`]. To be called at a commit. Without
    /// a call of [`watch`](Self::watch) before, it returns everything.
    ///
    /// It takes time and memory for what has changed.
    pub fn take_changes(&mut self) -> Changes {
        if self.rsvps.tracker.is_none() {
            self.watch(true);
        }
        let mut tracker = self.rsvps.tracker.take().unwrap_or_default();
        let changes = self.collect_changes(&mut tracker);
        self.rsvps.tracker = Some(tracker);
        changes
    }

    fn collect_changes(&self, tracker: &mut ChangeTracker) -> Changes {
        let mut changes = Changes {
            offset: self.next_offset,
            ..Changes::default()
        };
        let mut snapshot = match tracker.snapshot.take() {
            Some(mut snapshot) => {
                tracker.tables.reach(&mut snapshot.pending, self.lengths());
                snapshot
            }
            None => self.begin_snapshot(tracker, &mut changes),
        };
        for (table, at) in snapshot.pending.by_ref().take(PIECE_ROWS) {
            changes.rows.push(self.row(table, at));
            if table == Table::Events {
                self.add_statistic(at, &mut tracker.aggregates, &mut changes);
            }
        }
        if snapshot.pending.is_empty() {
            changes.snapshot_complete = Some(snapshot.complete);
        } else {
            tracker.snapshot = Some(snapshot);
        }
        changes
    }

    fn begin_snapshot(
        &self,
        tracker: &mut ChangeTracker,
        changes: &mut Changes,
    ) -> SnapshotInProgress {
        let (rows, catalog) = (self.rsvps.events.rows(), &self.rsvps.catalog);
        let there = self.lengths();
        let pending = tracker.tables.take(there);
        for at in pending.events() {
            tracker.aggregates.follow(at, rows, catalog);
        }
        changes.statistics.countries = tracker.aggregates.take_countries(catalog, &self.decoders);
        changes.statistics.venues = tracker.aggregates.take_venues(rows, catalog);
        changes.full_refresh = std::mem::take(&mut tracker.full_refresh);
        tracker.taken = Some(self.next_offset);
        let complete = SnapshotComplete {
            offset: self.next_offset,
            meta: self.meta(tracker),
            covered_by_delta: tracker.deltas.is_some(),
        };
        if tracker.deltas.is_none() {
            tracker.deltas = Some(DeltaCursor {
                fresh: false,
                ..DeltaCursor::from(self.next_offset, there)
            });
        }
        SnapshotInProgress { pending, complete }
    }

    /// Whether there is a delta to take for a subscriber whose tables have been written up to `written`,
    /// if at all.
    #[must_use]
    pub fn has_delta(&self, written: Option<u64>) -> bool {
        let deltas = self
            .rsvps
            .tracker
            .as_ref()
            .and_then(|tracker| tracker.deltas.as_ref());
        let has_some = |deltas: &DeltaCursor| deltas.fresh || deltas.at != self.next_offset;
        self.is_at_commit()
            && deltas.is_some_and(|deltas| written >= Some(deltas.from) && has_some(deltas))
    }

    /// Takes the delta from where the last one led to here, at a commit. None if it would have more
    /// rows than `rows_max`: then deltas go on from the changes that are taken next.
    pub fn take_delta(&mut self, rows_max: usize) -> Option<Delta> {
        let mut tracker = self.rsvps.tracker.take()?;
        let delta = self.collect_delta(&mut tracker, rows_max);
        self.rsvps.tracker = Some(tracker);
        delta
    }

    fn collect_delta(&self, tracker: &mut ChangeTracker, rows_max: usize) -> Option<Delta> {
        let there = self.lengths();
        let mut deltas = tracker.deltas.take()?;
        if deltas.rows.pending(there) > rows_max {
            return None;
        }
        // The digest in the metadata is over the rows as they are sent, so they are brought up to date first.
        let pending = deltas.rows.take(there);
        for at in pending.events() {
            let (rows, catalog) = (self.rsvps.events.rows(), &self.rsvps.catalog);
            tracker.aggregates.follow(at, rows, catalog);
        }
        debug_assert!(deltas.at <= self.next_offset, "deltas lead forwards");
        let delta = Delta {
            previous: std::mem::replace(&mut deltas.at, self.next_offset),
            offset: self.next_offset,
            rows: pending.map(|(table, at)| self.row(table, at)).collect(),
            meta: self.meta(tracker),
        };
        deltas.fresh = false;
        tracker.deltas = Some(deltas);
        Some(delta)
    }

    /// How many rows each table has.
    fn lengths(&self) -> TableLengths {
        let (rsvps, catalog) = (&self.rsvps, &self.rsvps.catalog);
        TableLengths {
            groups: catalog.groups().len() as u32,
            venues: catalog.venues().len() as u32,
            members: rsvps.members.rows().len() as u32,
            events: rsvps.events.rows().len() as u32,
        }
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

    fn add_statistic(&self, at: u32, aggregates: &mut Aggregates, changes: &mut Changes) {
        let row = &self.rsvps.events.rows()[at];
        let statistic = EventStatistic::of(row, &self.rsvps.catalog, &self.decoders);
        changes.statistics.events.push(statistic);
        changes
            .statistics
            .renamed
            .extend(aggregates.take_renamed(at, row));
    }

    /// The metadata at this commit, to which the aggregates have been brought.
    fn meta(&self, tracker: &ChangeTracker) -> Vec<u8> {
        let digest = tracker.digest.wrapping_add(tracker.aggregates.digest());
        let sources = self.sources.iter();
        let rows = self.lengths();
        let meta = PartitionMeta {
            next_offset: self.next_offset,
            sources: sources
                .map(|(number, state)| (*number, StoredSource::of(state)))
                .collect(),
            feeds: self.feeds.clone(),
            watermark: self.watermark.clone(),
            secondary: self.secondary.totals().bounded().into_owned(),
            digest,
            rows: [rows.groups, rows.venues, rows.events, rows.members],
        };
        meta.to_bytes()
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
    fn of(row: &EventRow, catalog: &Catalog, decoders: &Decoders) -> Self {
        let group_name = |group: Key| catalog.group(group).content.name.clone();
        let event = &row.content;
        Self {
            event_id: event.id.clone(),
            event_name: event.name.clone(),
            group_name: row.group.map(group_name).unwrap_or_default(),
            country: catalog.country_name(row.group).clone(),
            yes: row.yes.into(),
            no: row.no.into(),
            maybe: decoders
                .may_answer_to(event.namespace, Response::Maybe)
                .then(|| row.maybe.into()),
            heads: row.heads(),
            event_url: Some(event.url.clone()).filter(|url| !url.is_empty()),
            time: event.time,
        }
    }
}
