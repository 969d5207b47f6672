//! What a partition tells into the store.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use headcount_engine::{Changes, CountryPart, Delta, Statistics};
use tokio::sync::Mutex;

use super::{
    Error, Result, Serving, changelog,
    rows::{self, PartitionCommit, RsvpCounts, Stamped, WORLD, Write},
    totals,
};

/// Made and sent at once: more would take memory and not be sooner there.
const WRITES_MAX: usize = 8_192;

/// Venues whose parts are kept, written and read together: each 1,024th is a neighbour.
pub(crate) const VENUE_BUCKETS: i64 = 1024;

/// The state of the writers, one for each partition.
pub(crate) struct Writers(Vec<PartitionWriter>);

struct PartitionWriter {
    /// Random: tells what this process wrote, since it began with the partition, from what another wrote up to the same
    /// offset.
    id: AtomicI64,
    /// What the countries were last, by name as in the feed; none before the first changes. Held while a piece is written,
    /// so that pieces follow each other.
    countries: Mutex<Option<Countries>>,
}

type Countries = BTreeMap<Arc<str>, RsvpCounts>;

impl Writers {
    pub(crate) fn new(partitions: u16) -> Self {
        Self((0..partitions).map(|_| PartitionWriter::new()).collect())
    }
}

impl PartitionWriter {
    fn new() -> Self {
        Self {
            id: random().into(),
            countries: Mutex::default(),
        }
    }
}

fn random() -> i64 {
    headcount_clock::random_id().cast_signed()
}

impl Serving {
    /// Forgets what was written of a partition, which another process may have counted meanwhile. To be called before it
    /// is counted here.
    pub async fn begin(&self, partition: u16) {
        if let Ok(writer) = self.writer(partition) {
            writer.id.store(random(), Ordering::Relaxed);
            *writer.countries.lock().await = None;
        }
    }

    /// Writes a piece of what changed into the tables. All values are absolute: it may be repeated, and after an error it
    /// must be, with the same piece. Pieces of one partition are to be written in their order.
    ///
    /// # Errors
    /// When the store does not take them within some seconds; [`Error::is_retryable`] says whether it may yet.
    pub async fn write(&self, partition: u16, changes: &Changes) -> Result<()> {
        let mut countries = self.writer(partition)?.countries.lock().await;
        let writes = rows_of(partition, changes).chain(events_of(partition, changes));
        // CountryTotals are made of parts that are there, and the snapshot offset says that all is there.
        self.write_many(writes).await?;
        self.write_countries(partition, changes, &mut countries)
            .await?;
        self.write_venues(partition, changes).await?;
        if let Some(complete) = &changes.snapshot_complete {
            let snapshot = Write::Snapshot {
                partition,
                commit: commit(complete.offset, &complete.meta),
            };
            self.store.write(vec![snapshot.at(complete.offset)]).await?;
            if !complete.covered_by_delta {
                self.write_latest(partition, complete.offset, &complete.meta)
                    .await?;
            }
        }
        Ok(())
    }

    /// Writes the delta from a commit to a later one into the changelog; `pulses` as JSON. Write the deltas of a partition
    /// in order, and repeat one after an error.
    ///
    /// # Errors
    /// As [`Serving::write`].
    pub async fn write_delta(&self, partition: u16, delta: &Delta, pulses: &[u8]) -> Result<()> {
        let writer = self.writer(partition)?.id.load(Ordering::Relaxed);
        let change = changelog::writes(partition, writer, delta, pulses);
        // The changes first: readers that see a latest commit look for what leads to it.
        self.store.write(change).await?;
        self.write_latest(partition, delta.offset, &delta.meta)
            .await
    }

    async fn write_latest(&self, partition: u16, offset: u64, meta: &[u8]) -> Result<()> {
        let latest = Write::Latest {
            partition,
            commit: commit(offset, meta),
        };
        self.store.write(vec![latest.at(offset)]).await
    }

    /// Writes many, few at a time: of a partition that has been waiting for its store there may be very many.
    async fn write_many(&self, writes: impl Iterator<Item = Stamped>) -> Result<()> {
        let mut writes = writes.peekable();
        while writes.peek().is_some() {
            self.store
                .write(writes.by_ref().take(WRITES_MAX).collect())
                .await?;
        }
        Ok(())
    }

    fn writer(&self, partition: u16) -> Result<&PartitionWriter> {
        self.writers
            .0
            .get(usize::from(partition))
            .ok_or(Error::NoPartition {
                partition,
                partitions: self.identity.partitions,
            })
    }

    /// This partition's parts of the countries that changed, and their totals over all partitions.
    async fn write_countries(
        &self,
        partition: u16,
        changes: &Changes,
        last: &mut Option<Countries>,
    ) -> Result<()> {
        let mut countries = changes.statistics.countries.clone();
        if countries.is_empty() && !changes.full_refresh {
            return Ok(());
        }
        // After a start it is not known what the store has; a country that is gone must become 0 there.
        if changes.full_refresh || last.is_none() {
            let known = self.known_countries(partition).await?;
            if changes.full_refresh {
                let told: HashSet<_> = countries.iter().map(|part| part.country.clone()).collect();
                let gone = known.keys().filter(|country| !told.contains(*country));
                countries.extend(gone.map(no_longer));
            }
            *last = Some(known);
        }
        if countries.is_empty() {
            return Ok(());
        }
        let all = last.get_or_insert_default();
        let mut parts = Vec::new();
        let mut codes = vec![Arc::from(WORLD)];
        for part in &countries {
            parts.push(rows::country_part(partition, part, changes.offset));
            codes.push(rows::country_code(&part.country));
            all.insert(rows::key_text(&part.country), counts(part));
        }
        let mut world = RsvpCounts::default();
        all.values().for_each(|counts| world.add(*counts));
        parts.push(rows::world_part(partition, world, changes.offset));
        codes.sort_unstable();
        codes.dedup();
        // Read after they are written: see `totals` for why the last total is then right.
        self.write_many(parts.into_iter()).await?;
        let parts = self.store.country_parts(&codes).await?;
        self.write_many(totals::countries(parts).into_iter()).await
    }

    /// This partition's parts of the venues that changed, and their totals over all partitions, some at a time.
    async fn write_venues(&self, partition: u16, changes: &Changes) -> Result<()> {
        let mut venues: Vec<_> = changes.statistics.venues.iter().collect();
        // Neighbours side by side.
        venues.sort_by_key(|part| (bucket(part.venue_id), part.venue_id));
        for venues in venues.chunks(WRITES_MAX) {
            let parts = venues.iter();
            let parts = parts.map(|part| rows::venue_part(partition, part, changes.offset));
            self.store.write(parts.collect()).await?;
            let mut ids: Vec<_> = venues.iter().map(|part| part.venue_id).collect();
            ids.dedup();
            let parts = self.store.venue_parts(&ids).await?;
            self.write_many(totals::venues(parts).into_iter()).await?;
        }
        Ok(())
    }

    /// What the store has of the countries of a partition.
    async fn known_countries(&self, partition: u16) -> Result<Countries> {
        let parts = self.store.all_country_parts().await?;
        Ok(parts
            .into_iter()
            .filter(|part| part.partition == partition && &*part.code != WORLD)
            .map(|part| (part.country, part.counts))
            .collect())
    }
}

/// Which venues are neighbours.
pub(crate) fn bucket(venue: i64) -> i64 {
    venue.rem_euclid(VENUE_BUCKETS)
}

fn counts(part: &CountryPart) -> RsvpCounts {
    RsvpCounts {
        yes: part.yes,
        no: part.no,
        maybe: part.maybe,
        heads: part.heads,
    }
}

fn no_longer(country: &Arc<str>) -> CountryPart {
    CountryPart {
        country: country.clone(),
        yes: 0,
        no: 0,
        // The sum of a partition has the answer if any of its countries has.
        maybe: None,
        heads: 0,
    }
}

/// Rows of a page side by side.
fn rows_of(partition: u16, changes: &Changes) -> impl Iterator<Item = Stamped> {
    let mut rows: Vec<_> = changes.rows.iter().collect();
    rows.sort_unstable_by_key(|row| (row.table, row.number));
    rows.into_iter()
        .map(move |row| rows::row(partition, row, changes.offset))
}

fn events_of(partition: u16, changes: &Changes) -> impl Iterator<Item = Stamped> {
    let Statistics {
        events, renamed, ..
    } = &changes.statistics;
    let gone = renamed
        .iter()
        .flat_map(|key| rows::event_gone(key, changes.offset));
    let there = events
        .iter()
        .flat_map(move |event| rows::event(partition, event, changes.offset));
    gone.chain(there)
}

fn commit(offset: u64, body: &[u8]) -> PartitionCommit {
    PartitionCommit {
        offset,
        body: body.to_vec(),
    }
}
