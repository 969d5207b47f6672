//! Where the state of partitions is kept between starts: the data folder, or the lake.

use anyhow::{Context, Result};
use headcount_engine::Partition;
use headcount_lake::checkpoints::CheckpointStore;

use crate::data::DataDir;

/// Keeps checkpoints and finds the newest.
#[derive(Clone)]
pub(crate) enum Checkpoints {
    /// One file a partition.
    Folder(DataDir),
    /// Objects that any process of the cluster can go on from.
    Lake(CheckpointStore),
}

/// Where counting a partition begins.
pub(crate) struct Start {
    pub(crate) partition: Partition,
    /// Where the journal's reader stands, in its own words.
    pub(crate) hint: Vec<u8>,
    /// Whether everything up to here is served.
    pub(crate) served: bool,
}

impl Start {
    /// From the beginning of the journal, with a partition that has counted nothing.
    pub(crate) fn anew(partition: Partition) -> Self {
        Self {
            partition,
            hint: Vec::new(),
            served: false,
        }
    }
}

impl Checkpoints {
    /// The newest checkpoint of a partition, or the beginning if there is none that can be used:
    /// it is only a shortcut, and everything is in the journal.
    pub(crate) fn start(&self, journal: u64, at: u16) -> Start {
        match self.newest(journal, at) {
            Ok(Some((partition, hint))) => Start {
                partition,
                hint,
                served: false,
            },
            Ok(None) => Start::anew(Partition::new()),
            Err(error) => {
                tracing::warn!("{error:#}; counting anew from the journal");
                Start::anew(Partition::new())
            }
        }
    }

    fn newest(&self, journal: u64, at: u16) -> Result<Option<(Partition, Vec<u8>)>> {
        match self {
            Self::Folder(data) => Ok(Some(Partition::load(&data.state(at), journal, at)?)),
            Self::Lake(store) => {
                let read = |offset, bytes: &[u8]| {
                    let place = format!("checkpoint of partition {at} at offset {offset}");
                    Partition::from_bytes(bytes, &place, journal, at)
                };
                let newest = store
                    .newest(at, read)
                    .with_context(|| format!("read the checkpoint of partition {at}"))?;
                for (name, reason) in newest.damaged {
                    tracing::warn!("{name}: {reason}; going on from the one before");
                }
                Ok(newest.checkpoint.map(|(_, state)| state))
            }
        }
    }

    /// Keeps the state of a partition at `offset`.
    pub(crate) fn save(&self, at: u16, offset: u64, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Folder(data) => Ok(headcount_engine::write_checkpoint(&data.state(at), bytes)?),
            Self::Lake(store) => store
                .save(at, offset, bytes)
                .with_context(|| format!("write the checkpoint of partition {at} to the lake")),
        }
    }
}
