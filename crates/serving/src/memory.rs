//! The store in memory: the model of the seam, whose rules are Cassandra's.

use std::{
    collections::BTreeMap,
    ops::RangeBounds,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use headcount_engine::{Row, Table};

use super::{
    Result,
    cells::{Key, Put, TailCell, Value},
    people::{CountryStatistic, EventStatisticRow, ResponseStatistic, VenueStatistic},
    store::PAGE_ROWS,
    totals::{StoredCountry, StoredVenue},
};

/// Offsets whose tail is kept for a partition; readers that are further behind load anew. Cassandra keeps it by time.
const TAILS_MAX: usize = 256;

type Cells = BTreeMap<Key, (i64, Option<Value>)>;

#[derive(Default)]
pub(crate) struct Memory {
    cells: Mutex<Cells>,
    /// Gives way before every step, so that a test can let writers overtake each other.
    #[cfg(test)]
    steps: bool,
    /// As long as it is set, no page can be read.
    #[cfg(test)]
    pub(crate) fails: std::sync::atomic::AtomicBool,
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

    pub(crate) async fn put(&self, puts: Vec<Put>) -> Result<()> {
        for put in puts {
            self.step().await;
            apply(&mut self.cells(), put);
        }
        Ok(())
    }

    pub(crate) async fn heads(&self) -> Result<Vec<(u16, u64)>> {
        self.step().await;
        let cells = self.cells();
        Ok(heads(&cells).collect())
    }

    pub(crate) async fn book(&self, partition: u16) -> Result<Option<(u64, Vec<u8>)>> {
        self.one_book(Key::Book { partition }).await
    }

    pub(crate) async fn base(&self, partition: u16) -> Result<Option<(u64, Vec<u8>)>> {
        self.one_book(Key::Base { partition }).await
    }

    async fn one_book(&self, key: Key) -> Result<Option<(u64, Vec<u8>)>> {
        self.step().await;
        Ok(match self.cells().get(&key) {
            Some((_, Some(Value::Book { offset, body }))) => Some((*offset, body.clone())),
            _ => None,
        })
    }

    pub(crate) async fn page(&self, partition: u16, table: Table, page: u32) -> Result<Vec<Row>> {
        self.step().await;
        self.check()?;
        let key = |number| Key::Row {
            partition,
            table,
            number,
        };
        let first = page * PAGE_ROWS;
        let rows = |key: &Key, value: &Value| match (key, value) {
            (&Key::Row { table, number, .. }, Value::Row(body)) => Some(Row {
                table,
                number,
                body: body.clone(),
            }),
            _ => None,
        };
        Ok(self.all(key(first)..=key(first + (PAGE_ROWS - 1)), rows))
    }

    pub(crate) async fn tail(
        &self,
        partition: u16,
        offset: u64,
    ) -> Result<Vec<(i64, u16, TailCell)>> {
        self.step().await;
        let chunks = tail_keys(partition, offset, offset);
        Ok(self.all(chunks, |key, value| match (key, value) {
            (&Key::Tail { writer, chunk, .. }, Value::Tail(cell)) => {
                Some((writer, chunk, cell.clone()))
            }
            _ => None,
        }))
    }

    pub(crate) async fn country_parts(&self, codes: &[Arc<str>]) -> Result<Vec<StoredCountry>> {
        let mut parts = self.all_country_parts().await?;
        parts.retain(|part| codes.contains(&part.code));
        Ok(parts)
    }

    pub(crate) async fn all_country_parts(&self) -> Result<Vec<StoredCountry>> {
        self.step().await;
        Ok(self.all(.., |key, value| match (key, value) {
            (
                Key::CountryPart {
                    code,
                    country,
                    partition,
                },
                &Value::CountryPart { as_of, counts },
            ) => Some(StoredCountry {
                code: code.clone(),
                country: country.clone(),
                partition: *partition,
                as_of,
                counts,
            }),
            _ => None,
        }))
    }

    pub(crate) async fn venue_parts(&self, venues: &[i64]) -> Result<Vec<StoredVenue>> {
        self.step().await;
        Ok(self.all(.., |key, value| match (key, value) {
            (Key::VenuePart { partition, venue }, Value::VenuePart { as_of, cell })
                if venues.contains(&venue.id) =>
            {
                Some(StoredVenue {
                    partition: *partition,
                    key: venue.clone(),
                    as_of: *as_of,
                    cell: cell.clone(),
                })
            }
            _ => None,
        }))
    }

    pub(crate) async fn countries(&self) -> Result<Vec<CountryStatistic>> {
        Ok(self.all(.., |key, value| match (key, value) {
            (Key::Country { code }, Value::Country { counts, .. }) => Some(CountryStatistic {
                event_country: code.to_string(),
                yes: counts.yes,
                no: counts.no,
                maybe: counts.maybe,
                heads: counts.heads,
            }),
            _ => None,
        }))
    }

    pub(crate) async fn responses(&self) -> Result<Vec<ResponseStatistic>> {
        Ok(self.all(.., |key, value| match (key, value) {
            (&Key::Response { response }, &Value::Response { total, .. }) => {
                Some(ResponseStatistic {
                    response: response.to_owned(),
                    total_rsvps: total,
                })
            }
            _ => None,
        }))
    }

    pub(crate) async fn events(&self, wanted: &str) -> Result<Vec<EventStatisticRow>> {
        Ok(self.all(.., |key, value| match (key, value) {
            (Key::Event { name, response, id }, Value::Event(cell)) if &**name == wanted => {
                Some(EventStatisticRow {
                    event_name: name.to_string(),
                    response: (*response).to_owned(),
                    event_id: id.to_string(),
                    group_name: cell.group_name.to_string(),
                    event_country: cell.event_country.to_string(),
                    total_rsvps: cell.total_rsvps,
                    heads: cell.heads,
                    event_url: cell.event_url.as_ref().map(ToString::to_string),
                    time: cell.time,
                })
            }
            _ => None,
        }))
    }

    pub(crate) async fn venues(&self) -> Result<Vec<VenueStatistic>> {
        Ok(self.all(.., |key, value| match (key, value) {
            (Key::Venue(venue), Value::Venue { cell, .. }) => Some(VenueStatistic {
                venue_name: venue.name.to_string(),
                lon: venue.lon.to_string(),
                lat: venue.lat.to_string(),
                group_city: venue.group_city.to_string(),
                venue_id: venue.id,
                count: cell.yes,
            }),
            _ => None,
        }))
    }

    fn cells(&self) -> MutexGuard<'_, Cells> {
        // Every change of the map is a single insertion, so it is whole whoever panicked.
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all<T>(
        &self,
        keys: impl RangeBounds<Key>,
        pick: impl Fn(&Key, &Value) -> Option<T>,
    ) -> Vec<T> {
        self.cells()
            .range(keys)
            .filter_map(|(key, (_, value))| pick(key, value.as_ref()?))
            .collect()
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

fn apply(cells: &mut Cells, put: Put) {
    let Put { key, value, stamp } = put;
    let tail = match &key {
        Key::Tail { partition, .. } => Some(*partition),
        _ => None,
    };
    let wins = |known: &(i64, Option<Value>)| match (known, &value) {
        ((at, _), _) if *at != stamp => *at < stamp,
        // A deletion wins, then the greater value.
        ((_, None), _) => false,
        (_, None) => true,
        ((_, Some(known)), Some(value)) => known < value,
    };
    if cells.get(&key).is_none_or(wins) {
        cells.insert(key, (stamp, value));
    }
    if let Some(partition) = tail {
        forget_tails(cells, partition);
    }
}

fn forget_tails(cells: &mut Cells, partition: u16) {
    let keys = || tail_keys(partition, 0, u64::MAX);
    if cells.range(keys()).count() > TAILS_MAX {
        let oldest = cells.range(keys()).next().map(|(key, _)| key.clone());
        oldest.and_then(|key| cells.remove(&key));
    }
}

fn tail_keys(partition: u16, from: u64, to: u64) -> std::ops::RangeInclusive<Key> {
    let key = |offset, writer, chunk| Key::Tail {
        partition,
        offset,
        writer,
        chunk,
    };
    key(from, i64::MIN, 0)..=key(to, i64::MAX, u16::MAX)
}

fn heads(cells: &Cells) -> impl Iterator<Item = (u16, u64)> {
    let of = |partition| Key::Book { partition };
    cells
        .range(of(0)..=of(u16::MAX))
        .filter_map(|(key, (_, value))| match (key, value) {
            (Key::Book { partition }, Some(Value::Book { offset, .. })) => {
                Some((*partition, *offset))
            }
            _ => None,
        })
}
