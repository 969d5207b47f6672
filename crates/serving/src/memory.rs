//! The store in memory: the model of the seam, whose rules are Cassandra's.

use std::{
    collections::BTreeMap,
    ops::RangeBounds,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use headcount_engine::{Row, Table};

use super::{
    Result,
    people::{CountryStatistic, EventStatisticRow, ResponseStatistic, VenueStatistic},
    rows::{
        ChangeChunk, ChangeKey, CountryPartKey, CountryTotals, EventCell, EventRowKey,
        PartitionCommit, RowKey, Stamped, VenueKey, VenueTotals, Write,
    },
    store::PAGE_ROWS,
    totals::{StoredCountry, StoredVenue},
};

/// Chunks of the changelog that are kept for a partition; readers that are further behind load the tables again. Cassandra keeps
/// them by time.
const CHANGES_MAX: usize = 256;

#[derive(Default)]
pub(crate) struct Memory {
    /// Apart, so that a store is small whichever it is.
    tables: Box<Mutex<MemoryTables>>,
    /// Gives way before every step, so that a test can let writers overtake each other.
    #[cfg(test)]
    steps: bool,
    /// As long as it is set, no page can be read.
    #[cfg(test)]
    pub(crate) fails: std::sync::atomic::AtomicBool,
}

/// A table for each kind of [`Write`].
#[derive(Default)]
struct MemoryTables {
    rows: Cells<RowKey, Vec<u8>>,
    events: Cells<EventRowKey, EventCell>,
    country_parts: Cells<CountryPartKey, CountryTotals>,
    venue_parts: Cells<(u16, VenueKey), VenueTotals>,
    countries: Cells<Arc<str>, CountryTotals>,
    /// Offsets and totals.
    responses: Cells<&'static str, (u64, u64)>,
    venues: Cells<VenueKey, VenueTotals>,
    changes: Cells<ChangeKey, ChangeChunk>,
    latest: Cells<u16, PartitionCommit>,
    snapshots: Cells<u16, PartitionCommit>,
}

/// Values with their stamps. A deleted one is kept as none, so that an older value that comes later stays deleted.
struct Cells<K, V>(BTreeMap<K, (i64, Option<V>)>);

impl<K, V> Default for Cells<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V: Ord> Cells<K, V> {
    /// The greater stamp wins; of equal ones a deletion, then the greater value.
    fn put(&mut self, key: K, value: Option<V>, stamp: i64) {
        let wins = |known: &(i64, Option<V>)| match (known, &value) {
            ((at, _), _) if *at != stamp => *at < stamp,
            ((_, None), _) => false,
            (_, None) => true,
            ((_, Some(known)), Some(value)) => known < value,
        };
        if self.0.get(&key).is_none_or(wins) {
            self.0.insert(key, (stamp, value));
        }
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)?.1.as_ref()
    }

    fn all(&self) -> impl Iterator<Item = (&K, &V)> {
        self.range(..)
    }

    fn range(&self, keys: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &V)> {
        self.0
            .range(keys)
            .filter_map(|(key, (_, value))| Some((key, value.as_ref()?)))
    }
}

impl MemoryTables {
    fn apply(&mut self, Stamped { write, stamp }: Stamped) {
        match write {
            Write::Row { key, body } => self.rows.put(key, Some(body), stamp),
            Write::Event { key, cell } => self.events.put(key, Some(cell), stamp),
            Write::DeleteEvent { key } => self.events.put(key, None, stamp),
            Write::CountryPart { key, part } => self.country_parts.put(key, Some(part), stamp),
            Write::VenuePart {
                partition,
                key,
                part,
            } => self.venue_parts.put((partition, key), Some(part), stamp),
            Write::Country { code, total } => self.countries.put(code, Some(total), stamp),
            Write::Response {
                response,
                as_of,
                total,
            } => self.responses.put(response, Some((as_of, total)), stamp),
            Write::Venue { key, total } => self.venues.put(key, Some(total), stamp),
            Write::DeleteVenue { key } => self.venues.put(key, None, stamp),
            Write::Change { key, chunk } => {
                self.changes.put(key, Some(chunk), stamp);
                self.forget_changes(key.partition);
            }
            Write::Latest { partition, commit } => self.latest.put(partition, Some(commit), stamp),
            Write::Snapshot { partition, commit } => {
                self.snapshots.put(partition, Some(commit), stamp);
            }
        }
    }

    /// One chunk comes at a time, so one goes.
    fn forget_changes(&mut self, partition: u16) {
        let changes = &mut self.changes.0;
        let keys = || changes_between(partition, 0, u64::MAX);
        if changes.range(keys()).count() > CHANGES_MAX {
            let oldest = changes.range(keys()).next().map(|(key, _)| *key);
            oldest.and_then(|key| changes.remove(&key));
        }
    }
}

fn changes_between(partition: u16, from: u64, to: u64) -> std::ops::RangeInclusive<ChangeKey> {
    let key = |offset, writer, chunk| ChangeKey {
        partition,
        offset,
        writer,
        chunk,
    };
    key(from, i64::MIN, 0)..=key(to, i64::MAX, u16::MAX)
}

impl Memory {
    #[cfg(test)]
    pub(crate) fn stepping() -> Self {
        Self {
            steps: true,
            ..Self::default()
        }
    }

    pub(crate) fn place(&self) -> String {
        "memory:".to_owned()
    }

    pub(crate) async fn write(&self, writes: Vec<Stamped>) -> Result<()> {
        for write in writes {
            self.step().await;
            self.tables().apply(write);
        }
        Ok(())
    }

    pub(crate) async fn latest_offsets(&self) -> Result<Vec<(u16, u64)>> {
        self.step().await;
        let tables = self.tables();
        let offsets = tables.latest.all();
        Ok(offsets
            .map(|(partition, commit)| (*partition, commit.offset))
            .collect())
    }

    pub(crate) async fn latest(&self, partition: u16) -> Result<Option<PartitionCommit>> {
        self.step().await;
        Ok(self.tables().latest.get(&partition).cloned())
    }

    pub(crate) async fn snapshot(&self, partition: u16) -> Result<Option<PartitionCommit>> {
        self.step().await;
        Ok(self.tables().snapshots.get(&partition).cloned())
    }

    pub(crate) async fn page(&self, partition: u16, table: Table, page: u32) -> Result<Vec<Row>> {
        self.step().await;
        self.check()?;
        let key = |number| RowKey {
            partition,
            table,
            number,
        };
        let first = page * PAGE_ROWS;
        let tables = self.tables();
        let rows = tables.rows.range(key(first)..=key(first + (PAGE_ROWS - 1)));
        Ok(rows
            .map(|(key, body)| Row {
                table,
                number: key.number,
                body: body.clone(),
            })
            .collect())
    }

    pub(crate) async fn changes(
        &self,
        partition: u16,
        offset: u64,
    ) -> Result<Vec<(i64, u16, ChangeChunk)>> {
        self.step().await;
        let tables = self.tables();
        let chunks = tables
            .changes
            .range(changes_between(partition, offset, offset));
        Ok(chunks
            .map(|(key, chunk)| (key.writer, key.chunk, chunk.clone()))
            .collect())
    }

    pub(crate) async fn country_parts(&self, codes: &[Arc<str>]) -> Result<Vec<StoredCountry>> {
        let mut parts = self.all_country_parts().await?;
        parts.retain(|part| codes.contains(&part.code));
        Ok(parts)
    }

    pub(crate) async fn all_country_parts(&self) -> Result<Vec<StoredCountry>> {
        self.step().await;
        let tables = self.tables();
        let parts = tables.country_parts.all();
        Ok(parts
            .map(|(key, part)| StoredCountry {
                code: key.code.clone(),
                country: key.country.clone(),
                partition: key.partition,
                as_of: part.as_of,
                counts: part.counts,
            })
            .collect())
    }

    pub(crate) async fn venue_parts(&self, venues: &[i64]) -> Result<Vec<StoredVenue>> {
        self.step().await;
        let tables = self.tables();
        let parts = tables.venue_parts.all();
        Ok(parts
            .filter(|((_, key), _)| venues.contains(&key.id))
            .map(|((partition, key), part)| StoredVenue {
                partition: *partition,
                key: key.clone(),
                as_of: part.as_of,
                cell: part.cell.clone(),
            })
            .collect())
    }

    pub(crate) async fn countries(&self) -> Result<Vec<CountryStatistic>> {
        let tables = self.tables();
        let countries = tables.countries.all();
        Ok(countries
            .map(|(code, CountryTotals { counts, .. })| CountryStatistic {
                event_country: code.to_string(),
                yes: counts.yes,
                no: counts.no,
                maybe: counts.maybe.unwrap_or_default(),
                heads: counts.heads,
            })
            .collect())
    }

    pub(crate) async fn responses(&self) -> Result<Vec<ResponseStatistic>> {
        let tables = self.tables();
        let responses = tables.responses.all();
        Ok(responses
            .map(|(response, &(_, total_rsvps))| ResponseStatistic {
                response: (*response).to_owned(),
                total_rsvps,
            })
            .collect())
    }

    pub(crate) async fn events(&self, wanted: &str) -> Result<Vec<EventStatisticRow>> {
        let tables = self.tables();
        let events = tables.events.all().filter(|(key, _)| &*key.name == wanted);
        Ok(events
            .map(|(key, cell)| EventStatisticRow {
                event_name: key.name.to_string(),
                response: key.response.to_owned(),
                event_id: key.id.to_string(),
                group_name: cell.group_name.to_string(),
                event_country: cell.event_country.to_string(),
                total_rsvps: cell.total_rsvps,
                heads: cell.heads,
                event_url: cell.event_url.as_ref().map(ToString::to_string),
                time: cell.time,
            })
            .collect())
    }

    pub(crate) async fn venues(&self) -> Result<Vec<VenueStatistic>> {
        let tables = self.tables();
        let venues = tables.venues.all();
        Ok(venues
            .map(|(key, total)| VenueStatistic {
                venue_name: key.name.to_string(),
                lon: key.lon.to_string(),
                lat: key.lat.to_string(),
                group_city: key.group_city.to_string(),
                venue_id: key.id,
                count: total.cell.yes,
            })
            .collect())
    }

    fn tables(&self) -> MutexGuard<'_, MemoryTables> {
        // Every change of a table is a single insertion, so it is whole whoever panicked.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error that a test has asked for.
    fn check(&self) -> Result<()> {
        #[cfg(test)]
        if self.fails.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(super::Error::Unavailable {
                action: "read from",
                place: self.place(),
                cause: "a test says so".to_owned(),
            });
        }
        Ok(())
    }

    async fn step(&self) {
        #[cfg(test)]
        if self.steps {
            tokio::task::yield_now().await;
        }
    }
}
