//! The changelog: the last commits of a partition, for readers that have what was before.
//!
//! An entry is found by the offset to which it leads, which is a commit's, and names the offset from which it leads. So
//! a reader goes back from the latest commit until it meets what it has:
//!
//! ```text
//!  reader has 97          97 <── 103 <── 110 <── latest: 110
//! ```
//!
//! All values are absolute, so an entry that begins before what the reader has is as good as one that begins there.

use std::collections::BTreeMap;

use headcount_engine::{Delta, Row};
use serde::{Deserialize, Serialize};

use super::{
    Error, Result, Serving,
    rows::{ChangeChunk, ChangeKey, Stamped, Write},
};

/// Quick, and still a third of the bytes.
const ZSTD_LEVEL: i32 = 1;

/// A cell of Cassandra should not be larger.
const CHUNK_BYTES: usize = 256 << 10;

/// Compressed bytes that a reader gathers before it loads the tables again instead, which needs less memory; nor are longer entries
/// written.
const BYTES_MAX: usize = 16 << 20;

/// A commit as it is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangelogEntry {
    /// The next offset: the state at this commit.
    pub offset: u64,
    /// Those that changed, in the order in which they are best applied.
    pub rows: Vec<Row>,
    /// Answers for the map, as JSON.
    pub pulses: Vec<u8>,
}

#[derive(Serialize)]
struct EncodedEntry<'a> {
    rows: &'a [Row],
    pulses: &'a [u8],
}

#[derive(Deserialize)]
struct DecodedEntry {
    rows: Vec<Row>,
    pulses: Vec<u8>,
}

/// The entry, in chunks; none when it leads nowhere or is too long: then readers load the tables again.
pub(crate) fn writes(partition: u16, writer: i64, delta: &Delta, pulses: &[u8]) -> Vec<Stamped> {
    if delta.previous >= delta.offset {
        return Vec::new();
    }
    let Some(body) = encoded(&delta.rows, pulses) else {
        return Vec::new();
    };
    let chunks = body.chunks(CHUNK_BYTES).count().try_into().unwrap_or(0);
    let chunk = |(number, body): (u16, &[u8])| {
        let key = ChangeKey {
            partition,
            offset: delta.offset,
            writer,
            chunk: number,
        };
        let chunk = ChangeChunk {
            previous: delta.previous,
            chunks,
            body: body.to_vec(),
        };
        Write::Change { key, chunk }.at(delta.offset)
    };
    (0..).zip(body.chunks(CHUNK_BYTES)).map(chunk).collect()
}

fn encoded(rows: &[Row], pulses: &[u8]) -> Option<Vec<u8>> {
    let plain = postcard::to_stdvec(&EncodedEntry { rows, pulses }).ok()?;
    zstd::bulk::compress(&plain, ZSTD_LEVEL)
        .ok()
        .filter(|body| body.len() <= BYTES_MAX)
}

impl Serving {
    /// What followed `after`, up to the latest commit; none when that is no longer known, so that the partition is to
    /// be loaded again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn changes_since(
        &self,
        partition: u16,
        after: u64,
    ) -> Result<Option<Vec<ChangelogEntry>>> {
        match self.store.latest(partition).await? {
            Some(latest) => self.changes_between(partition, after, latest.offset).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn changes_between(
        &self,
        partition: u16,
        after: u64,
        until: u64,
    ) -> Result<Option<Vec<ChangelogEntry>>> {
        let mut found = Vec::new();
        let mut bytes = 0;
        let mut at = until;
        // Backwards, for an entry names only what is before it.
        while at > after {
            let chunks = self.store.changes(partition, at).await?;
            let Some((previous, body)) = whole(at, chunks) else {
                return Ok(None);
            };
            bytes += body.len();
            if bytes > BYTES_MAX {
                return Ok(None);
            }
            debug_assert!(previous < at, "or this would never end");
            found.push((at, body));
            at = previous;
        }
        let entries = found.into_iter().rev();
        entries
            .map(|(offset, body)| self.decoded(partition, offset, &body))
            .collect::<Result<Vec<_>>>()
            .map(|entries| (after <= until).then_some(entries))
    }

    fn decoded(&self, partition: u16, offset: u64, body: &[u8]) -> Result<ChangelogEntry> {
        let damaged = |cause: String| Error::Damaged {
            place: self.store.place(),
            what: "an entry of the changelog",
            partition,
            cause,
        };
        let plain = zstd::decode_all(body).map_err(|error| damaged(error.to_string()))?;
        let DecodedEntry { rows, pulses } =
            postcard::from_bytes(&plain).map_err(|error| damaged(error.to_string()))?;
        Ok(ChangelogEntry {
            offset,
            rows,
            pulses,
        })
    }
}

/// Of the entries of all writers that are there whole, the one that leads back furthest.
fn whole(offset: u64, chunks: Vec<(i64, u16, ChangeChunk)>) -> Option<(u64, Vec<u8>)> {
    let mut writers: BTreeMap<i64, Vec<(u16, ChangeChunk)>> = BTreeMap::new();
    for (writer, chunk, cell) in chunks {
        writers.entry(writer).or_default().push((chunk, cell));
    }
    writers
        .into_values()
        .filter_map(|mut chunks| {
            chunks.sort_by_key(|(chunk, _)| *chunk);
            let (_, first) = chunks.first()?;
            let previous = first.previous;
            let all = previous < offset && chunks.len() == usize::from(first.chunks);
            all.then(|| (previous, chunks.into_iter().flat_map(|(_, cell)| cell.body)))
        })
        .min_by_key(|(previous, _)| *previous)
        .map(|(previous, body)| (previous, body.collect()))
}
