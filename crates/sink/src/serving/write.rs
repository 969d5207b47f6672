//! One commit of a partition into the store.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
};

use futures_util::future::try_join;
use headcount_engine::{Changes, CountryPart, Statistics, Step};
use tokio::sync::Mutex;

use super::{
    Error, Result, Serving,
    cells::{self, Counts, Key, Put, Value, WORLD},
    tail, totals,
};

/// Made and sent at once: more would take memory and not be sooner there.
const PUTS_MAX: usize = 8_192;

/// Venues whose parts are kept, written and read together: each 1,024th is a neighbour.
pub(crate) const SHELVES: i64 = 1024;

/// Who writes: a state for each partition, so that commits of one follow each other.
pub(crate) struct Writers {
    /// Random: tells what this process wrote from what another wrote up to the same offset.
    id: i64,
    partitions: Vec<Mutex<Writer>>,
}

#[derive(Default)]
struct Writer {
    /// What the countries were last, by name as in the feed; none before the first commit.
    countries: Option<BTreeMap<Arc<str>, Counts>>,
}

impl Writers {
    pub(crate) fn new(partitions: u16) -> Self {
        Self {
            id: RandomState::new().build_hasher().finish().cast_signed(),
            partitions: (0..partitions).map(|_| Mutex::default()).collect(),
        }
    }
}

impl Serving {
    /// Writes a piece of what changed into the tables. All values are absolute: it may be repeated, and after an error it
    /// must be, with the same piece. Pieces of one partition are to be written in their order.
    ///
    /// # Errors
    /// When the store does not take them within some seconds; [`Error::is_retryable`] says whether it may yet.
    pub async fn write(&self, partition: u16, changes: &Changes) -> Result<()> {
        let mut writer = self.writer(partition)?.lock().await;
        let puts = rows(partition, changes).chain(event_puts(partition, changes));
        let parts = self.parts(partition, changes, &mut writer).await?;
        let touched = Touched::of(&parts);
        // Totals are made of parts that are there, and the base says that all is there.
        self.put(puts.chain(parts)).await?;
        self.total(touched).await?;
        if let Some(whole) = &changes.whole {
            let base = book(Key::Base { partition }, whole.offset, &whole.book);
            self.store.put(vec![base]).await?;
            if !whole.reached {
                let head = book(Key::Book { partition }, whole.offset, &whole.book);
                self.store.put(vec![head]).await?;
            }
        }
        Ok(())
    }

    /// Tells those who follow what leads from a commit to a later one; `pulses` as JSON. Steps of one partition are to
    /// be written in their order, and to be repeated after an error.
    ///
    /// # Errors
    /// As [`Serving::write`].
    pub async fn write_step(&self, partition: u16, step: &Step, pulses: &[u8]) -> Result<()> {
        self.writer(partition)?;
        let tail = tail::puts(partition, self.writers.id, step, pulses);
        self.store.put(tail).await?;
        let head = book(Key::Book { partition }, step.offset, &step.book);
        self.store.put(vec![head]).await
    }

    /// Puts many, few at a time: of a partition that has been waiting for its store there may be very many.
    async fn put(&self, puts: impl Iterator<Item = Put>) -> Result<()> {
        let mut puts = puts.peekable();
        while puts.peek().is_some() {
            self.store
                .put(puts.by_ref().take(PUTS_MAX).collect())
                .await?;
        }
        Ok(())
    }

    fn writer(&self, partition: u16) -> Result<&Mutex<Writer>> {
        self.writers
            .partitions
            .get(usize::from(partition))
            .ok_or(Error::NoPartition {
                partition,
                partitions: self.identity.partitions,
            })
    }

    /// This partition's parts of what changed.
    async fn parts(
        &self,
        partition: u16,
        changes: &Changes,
        writer: &mut Writer,
    ) -> Result<Vec<Put>> {
        let as_of = changes.offset;
        let Statistics {
            countries, venues, ..
        } = &changes.statistics;
        let mut venues: Vec<_> = venues.iter().collect();
        venues.sort_by_key(|part| (shelf(part.venue_id), part.venue_id));
        let mut puts: Vec<_> = venues
            .into_iter()
            .map(|part| cells::venue_part(partition, part, as_of))
            .collect();
        let mut countries = countries.clone();
        if countries.is_empty() && !changes.anew {
            return Ok(puts);
        }
        if changes.anew || writer.countries.is_none() {
            let known = self.known_countries(partition).await?;
            if changes.anew {
                let told: HashSet<_> = countries.iter().map(|part| part.country.clone()).collect();
                let gone = known.keys().filter(|country| !told.contains(*country));
                countries.extend(gone.map(no_longer));
            }
            writer.countries = Some(known);
        }
        if countries.is_empty() {
            return Ok(puts);
        }
        let all = writer.countries.get_or_insert_default();
        for part in &countries {
            puts.push(cells::country_part(partition, part, as_of));
            all.insert(cells::key_text(&part.country), counts(part));
        }
        let mut world = Counts::default();
        all.values().for_each(|counts| world.add(*counts));
        puts.push(cells::world_part(partition, world, as_of));
        Ok(puts)
    }

    /// What the store has of the countries of a partition.
    async fn known_countries(&self, partition: u16) -> Result<BTreeMap<Arc<str>, Counts>> {
        let parts = self.store.all_country_parts().await?;
        Ok(parts
            .into_iter()
            .filter(|part| part.partition == partition && &*part.code != WORLD)
            .map(|part| (part.country, part.counts))
            .collect())
    }

    /// The totals over all partitions of what was touched.
    async fn total(&self, touched: Touched) -> Result<()> {
        let (countries, venues) = try_join(
            self.store.country_parts(&touched.codes),
            self.store.venue_parts(&touched.venues),
        )
        .await?;
        let mut puts = totals::countries(countries);
        puts.extend(totals::venues(venues));
        self.put(puts.into_iter()).await
    }
}

/// Whose totals are other ones now.
struct Touched {
    codes: Vec<Arc<str>>,
    /// Neighbours side by side.
    venues: Vec<i64>,
}

impl Touched {
    fn of(parts: &[Put]) -> Self {
        let mut codes = Vec::new();
        let mut venues = Vec::new();
        for part in parts {
            match &part.key {
                Key::CountryPart { code, .. } => codes.push(code.clone()),
                Key::VenuePart { venue, .. } => venues.push(venue.id),
                _ => {}
            }
        }
        codes.sort_unstable();
        codes.dedup();
        venues.dedup();
        Self { codes, venues }
    }
}

/// Which venues are neighbours.
pub(crate) fn shelf(venue: i64) -> i64 {
    venue.rem_euclid(SHELVES)
}

fn counts(part: &CountryPart) -> Counts {
    Counts {
        yes: part.yes,
        no: part.no,
        heads: part.heads,
    }
}

fn no_longer(country: &Arc<str>) -> CountryPart {
    CountryPart {
        country: country.clone(),
        yes: 0,
        no: 0,
        heads: 0,
    }
}

/// Rows of a page side by side.
fn rows(partition: u16, changes: &Changes) -> impl Iterator<Item = Put> {
    let mut rows: Vec<_> = changes.rows.iter().collect();
    rows.sort_unstable_by_key(|row| (row.table, row.number));
    rows.into_iter()
        .map(move |row| cells::row(partition, row, changes.offset))
}

fn event_puts(partition: u16, changes: &Changes) -> impl Iterator<Item = Put> {
    let Statistics {
        events, renamed, ..
    } = &changes.statistics;
    let gone = renamed
        .iter()
        .flat_map(|key| cells::event_gone(key, changes.offset));
    let there = events
        .iter()
        .flat_map(move |event| cells::event(partition, event, changes.offset));
    gone.chain(there)
}

fn book(key: Key, offset: u64, body: &[u8]) -> Put {
    let value = Value::Book {
        offset,
        body: body.to_vec(),
    };
    Put::set(key, value, offset)
}
