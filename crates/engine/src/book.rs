//! What a partition's surveys are made of besides its rows.

use serde::{Deserialize, Serialize};

use crate::{
    feeds::Feeds, others::OtherTotals, partition::Partition, stored::StoredSource,
    watermark::Watermark,
};

/// Format of books and of rows' bodies: the first byte of a book.
const FORMAT: u8 = 3;

/// The book of a partition at a commit.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) next_offset: u64,
    pub(crate) sources: Vec<(u16, StoredSource)>,
    pub(crate) feeds: Feeds,
    pub(crate) watermark: Watermark,
    pub(crate) others: OtherTotals,
    pub(crate) digest: u128,
    /// How many rows the tables have, by the table's number.
    pub(crate) rows: [u32; 4],
}

impl Book {
    pub(crate) fn of(partition: &Partition, digest: u128) -> Self {
        let rsvps = &partition.rsvps;
        let sources = partition.sources.iter();
        Self {
            next_offset: partition.next_offset,
            sources: sources
                .map(|(number, state)| (*number, StoredSource::of(state)))
                .collect(),
            feeds: partition.feeds.clone(),
            watermark: partition.watermark.clone(),
            others: partition.others.totals().clone(),
            digest,
            rows: [
                rsvps.catalog.groups().len() as u32,
                rsvps.catalog.venues().len() as u32,
                rsvps.events.rows().len() as u32,
                rsvps.members.rows().len() as u32,
            ],
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![FORMAT]).expect("what is written to memory has a length")
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&format, body) = bytes.split_first()?;
        (format == FORMAT).then(|| postcard::from_bytes(body).ok())?
    }
}
