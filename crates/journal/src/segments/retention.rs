//! Deletes the oldest segments of a partition, whole ones only.
//!
//! First the mark says durably where the partition begins from now on, then readers see them no more, then their files go,
//! the oldest first. After a crash in between the files that are left lie before the mark: nobody reads them, and the next
//! opening removes them.

use crate::Offset;
use crate::error::{Error, Result};
use crate::metrics::METRICS;
use crate::segments::mark::Mark;
use crate::segments::writer::SegmentPartition;

impl SegmentPartition {
    /// Deletes the segments that end at `offset` or before. Readers must stand there or behind.
    pub(crate) fn delete_before(&self, offset: Offset) -> Result<()> {
        let gone = self.tail.before(offset);
        let Some(first) = gone.last().map(|(_, closed)| closed.end) else {
            return Ok(());
        };
        self.mark.change(|mark| Mark { first, ..mark })?;
        self.tail.forget_before(first);
        for (segment, closed) in gone {
            self.folder
                .disk
                .remove(&segment.path)
                .map_err(Error::io("remove", &segment.path))?;
            METRICS.deleted_bytes.inc_by(closed.bytes);
        }
        let dir = &self.folder.dir;
        self.folder
            .disk
            .sync_dir(dir)
            .map_err(Error::io("sync", dir))
    }
}
