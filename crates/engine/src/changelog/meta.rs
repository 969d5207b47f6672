//! What a partition's aggregates are made of besides its rows: the metadata of a commit.

use serde::{Deserialize, Serialize};

use crate::{
    changelog::stored::StoredSource, feeds::Feeds, secondary::SecondaryTotals, watermark::Watermark,
};

/// Format of the metadata and of the bodies of rows: the first byte of the metadata.
const FORMAT: u8 = 4;

/// The metadata of a partition at a commit.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct PartitionMeta {
    pub(crate) next_offset: u64,
    pub(crate) sources: Vec<(u16, StoredSource)>,
    pub(crate) feeds: Feeds,
    pub(crate) watermark: Watermark,
    pub(crate) secondary: SecondaryTotals,
    pub(crate) digest: u128,
    /// How many rows the tables have, by the table's number.
    pub(crate) rows: [u32; 4],
}

impl PartitionMeta {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![FORMAT]).expect("what is written to memory has a length")
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&format, body) = bytes.split_first()?;
        (format == FORMAT).then(|| postcard::from_bytes(body).ok())?
    }
}
