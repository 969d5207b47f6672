//! Deletes the old segments of a local journal that every reader has.

use anyhow::{Context, Result};
use headcount_clock::now_ms;
use headcount_journal::Journal;

use crate::{disk::retention::Retention, roles::process::checkpoints::Checkpoints, text::number};

/// How far the readers of a partition are: before these offsets they need nothing any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReaderOffsets {
    /// That of the newest checkpoint.
    pub(crate) checkpointed: u64,
    /// That of the archive, if the journal is archived.
    pub(crate) archived: Option<u64>,
}

impl ReaderOffsets {
    fn least(self) -> u64 {
        self.checkpointed.min(self.archived.unwrap_or(u64::MAX))
    }
}

/// Deletes what a partition need not keep. The newest checkpoint becomes its base first: with what is left of the
/// journal it gives everything that the whole journal gave.
pub(crate) fn delete_old(
    retention: Retention,
    journal: &Journal,
    checkpoints: &Checkpoints,
    at: u16,
    readers: ReaderOffsets,
) -> Result<()> {
    let (closed, open_bytes) = journal.closed_segments(at)?;
    let limit = retention.deletable(&closed, open_bytes, journal.partitions(), now_ms());
    let limit = limit.min(readers.least());
    let Some(last) = closed.iter().rev().find(|it| it.end <= limit) else {
        return Ok(());
    };
    let base = checkpoints
        .keep_base(journal.id(), at)
        .with_context(|| format!("keep a checkpoint of partition {at} as its base"))?;
    if base < last.end {
        return Ok(());
    }
    journal
        .delete_before(at, last.end)
        .with_context(|| format!("delete old segments of partition {at}"))?;
    tracing::info!(
        "partition {at}: deleted the journal before offset {}, as --keep says",
        number(last.end)
    );
    Ok(())
}
