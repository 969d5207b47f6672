//! Reading.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use headcount_engine::{Row, Table};
use scylla::{deserialize::row::DeserializeRow, serialize::row::SerializeRow};

use super::{
    super::{
        Error, Result,
        people::{CountryStatistic, EventStatisticRow, ResponseStatistic, VenueStatistic},
        rows::{ChangeChunk, PartitionCommit, RsvpCounts, VenueCell, VenueKey},
        totals::{StoredCountry, StoredVenue},
        write::bucket,
    },
    Cassandra,
    retry::{READING, RetryPolicy},
    row_groups::ungrouped,
    statements::StatementKind,
};

/// Venues asked for at once, of one bucket.
const VENUES: usize = 64;

/// Questions under way.
const IN_FLIGHT: usize = 32;

type CountryPartTuple = (String, String, i32, i64, i64, i64, Option<i64>, i64);
type VenuePartTuple = (
    i64,
    i32,
    String,
    String,
    String,
    String,
    i64,
    String,
    i64,
    i64,
    i64,
    i64,
    i64,
);
type EventTuple = (
    String,
    String,
    String,
    String,
    String,
    i32,
    i64,
    Option<String>,
    Option<i64>,
);

impl Cassandra {
    pub(crate) async fn latest_offsets(&self) -> Result<Vec<(u16, u64)>> {
        let rows: Vec<(i32, i64)> = self.few(StatementKind::LatestOffsets, ()).await?;
        Ok(rows
            .into_iter()
            .map(|(partition, offset)| (small(partition), offset.cast_unsigned()))
            .collect())
    }

    pub(crate) async fn latest(&self, partition: u16) -> Result<Option<PartitionCommit>> {
        self.commit(StatementKind::Latest, partition).await
    }

    pub(crate) async fn snapshot(&self, partition: u16) -> Result<Option<PartitionCommit>> {
        self.commit(StatementKind::Snapshot, partition).await
    }

    async fn commit(&self, kind: StatementKind, partition: u16) -> Result<Option<PartitionCommit>> {
        let rows: Vec<(i64, Vec<u8>)> = self.few(kind, (i32::from(partition),)).await?;
        Ok(rows
            .into_iter()
            .next()
            .map(|(offset, body)| PartitionCommit {
                offset: offset.cast_unsigned(),
                body,
            }))
    }

    pub(crate) async fn page(&self, partition: u16, table: Table, page: u32) -> Result<Vec<Row>> {
        let key = (
            i32::from(partition),
            i32::from(table.number()),
            page.cast_signed(),
        );
        let stored = self.few(StatementKind::Page, key).await?;
        ungrouped(table, stored).ok_or_else(|| Error::Refused {
            action: "read from",
            place: self.place.clone(),
            cause: "served_rows holds rows that headcount did not write; name another keyspace"
                .to_owned(),
        })
    }

    pub(crate) async fn changes(
        &self,
        partition: u16,
        offset: u64,
    ) -> Result<Vec<(i64, u16, ChangeChunk)>> {
        let key = (i32::from(partition), offset.cast_signed());
        let rows: Vec<(i64, i32, i64, i32, Vec<u8>)> =
            self.few(StatementKind::Changes, key).await?;
        Ok(rows
            .into_iter()
            .map(|(writer, chunk, previous, chunks, body)| {
                let cell = ChangeChunk {
                    previous: previous.cast_unsigned(),
                    chunks: small(chunks),
                    body,
                };
                (writer, small(chunk), cell)
            })
            .collect())
    }

    pub(crate) async fn country_parts(&self, codes: &[Arc<str>]) -> Result<Vec<StoredCountry>> {
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let codes: Vec<&str> = codes.iter().map(|code| &**code).collect();
        let rows = self.few(StatementKind::CountryParts, (codes,)).await?;
        Ok(rows.into_iter().map(stored_country).collect())
    }

    pub(crate) async fn all_country_parts(&self) -> Result<Vec<StoredCountry>> {
        let rows = self.many(StatementKind::AllCountryParts).await?;
        Ok(rows.into_iter().map(stored_country).collect())
    }

    pub(crate) async fn venue_parts(&self, venues: &[i64]) -> Result<Vec<StoredVenue>> {
        let neighbours = venues
            .chunk_by(|a, b| bucket(*a) == bucket(*b))
            .flat_map(|chunk| chunk.chunks(VENUES));
        let reads: Vec<_> = neighbours
            .map(|venues| {
                let bucket = i32::try_from(bucket(venues[0])).unwrap_or_default();
                self.few(StatementKind::VenueParts, (bucket, venues))
                    .boxed()
            })
            .collect();
        let rows: Vec<Vec<VenuePartTuple>> = stream::iter(reads)
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        Ok(rows.into_iter().flatten().map(stored_venue).collect())
    }

    pub(crate) async fn countries(&self) -> Result<Vec<CountryStatistic>> {
        let rows: Vec<(String, i64, i64, i64, i64)> = self.many(StatementKind::Countries).await?;
        Ok(rows
            .into_iter()
            .map(|(event_country, yes, no, maybe, heads)| CountryStatistic {
                event_country,
                yes: yes.cast_unsigned(),
                no: no.cast_unsigned(),
                maybe: maybe.cast_unsigned(),
                heads: heads.cast_unsigned(),
            })
            .collect())
    }

    pub(crate) async fn responses(&self) -> Result<Vec<ResponseStatistic>> {
        let rows: Vec<(String, i32)> = self.many(StatementKind::Responses).await?;
        Ok(rows
            .into_iter()
            .map(|(response, total)| ResponseStatistic {
                response,
                total_rsvps: total.unsigned_abs().into(),
            })
            .collect())
    }

    pub(crate) async fn events(&self, name: &str) -> Result<Vec<EventStatisticRow>> {
        let rows: Vec<EventTuple> = self.few(StatementKind::Events, (name,)).await?;
        let row = |row: EventTuple| EventStatisticRow {
            event_name: row.0,
            response: row.1,
            event_id: row.2,
            group_name: row.3,
            event_country: row.4,
            total_rsvps: row.5.unsigned_abs().into(),
            heads: row.6.cast_unsigned(),
            event_url: row.7,
            time: row.8,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    pub(crate) async fn venues(&self) -> Result<Vec<VenueStatistic>> {
        let rows: Vec<(String, String, String, String, i64, i32)> =
            self.many(StatementKind::Venues).await?;
        let row = |(venue_name, lon, lat, group_city, venue_id, count): (_, _, _, _, _, i32)| {
            VenueStatistic {
                venue_name,
                lon,
                lat,
                group_city,
                venue_id,
                count: count.unsigned_abs().into(),
            }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// An answer that fits one page.
    async fn few<T>(&self, kind: StatementKind, values: impl SerializeRow + Sync) -> Result<Vec<T>>
    where
        T: for<'f, 'm> DeserializeRow<'f, 'm> + Send,
    {
        let statement = self.statements.of(kind);
        self.retries()
            .until_done(|| {
                async {
                    let answer = self.session.execute_unpaged(statement, &values).await?;
                    let rows = answer.into_rows_result()?;
                    Ok(rows.rows::<T>()?.collect::<Result<_, _>>()?)
                }
                .boxed()
            })
            .await
    }

    /// A whole table.
    async fn many<T>(&self, kind: StatementKind) -> Result<Vec<T>>
    where
        T: for<'f, 'm> DeserializeRow<'f, 'm> + Send + 'static,
    {
        let statement = self.statements.of(kind);
        self.retries()
            .until_done(|| {
                async {
                    let pages = self.session.execute_iter(statement.clone(), ()).await?;
                    Ok(pages.rows_stream::<T>()?.try_collect().await?)
                }
                .boxed()
            })
            .await
    }

    fn retries(&self) -> RetryPolicy<'_> {
        RetryPolicy::new("read from", &self.place, READING)
    }
}

/// Was a `u16` when it was written.
fn small(value: i32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

fn stored_country(row: CountryPartTuple) -> StoredCountry {
    let (code, country, partition, as_of, yes, no, maybe, heads) = row;
    StoredCountry {
        code: code.into(),
        country: country.into(),
        partition: small(partition),
        as_of: as_of.cast_unsigned(),
        counts: RsvpCounts {
            yes: yes.cast_unsigned(),
            no: no.cast_unsigned(),
            maybe: maybe.map(i64::cast_unsigned),
            heads: heads.cast_unsigned(),
        },
    }
}

fn stored_venue(row: VenuePartTuple) -> StoredVenue {
    let (id, partition, name, lon, lat, group_city, as_of, country, yes, no, maybe, latest, tie) =
        row;
    StoredVenue {
        partition: small(partition),
        key: VenueKey {
            id,
            name: name.into(),
            lon: lon.into(),
            lat: lat.into(),
            group_city: group_city.into(),
        },
        as_of: as_of.cast_unsigned(),
        cell: VenueCell {
            country: country.into(),
            yes: yes.cast_unsigned(),
            no: no.cast_unsigned(),
            maybe: maybe.cast_unsigned(),
            latest: (
                latest.cast_unsigned(),
                u32::try_from(tie).unwrap_or_default(),
            ),
        },
    }
}
