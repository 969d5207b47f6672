//! How a journal on disk is opened.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::queue::Limits;
use crate::{BATCH_BYTES_MAX, PARTITIONS_MAX};

/// How a journal on disk is opened. The defaults are right for most.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many partitions a new journal gets (1 if not given, at most 1,000). Fixed at creation: for a journal that
    /// is there, another number is an error.
    pub partitions: Option<u16>,
    /// Where a segment ends and the next begins. The room is reserved when the segment is created, so that a commit
    /// changes no metadata; 64 MiB is read through in a few hundredths of a second when a start finds no clean end.
    pub segment_bytes: u64,
    /// How long a group waits at most for others to join. It waits only if others were there a moment ago, and
    /// never longer than the last sync took; a batch that comes alone is written at once.
    pub group_interval: Duration,
    /// A group is closed when it has this many bytes. 4 MiB amortises a sync of a few milliseconds.
    pub group_bytes: usize,
    /// A group is closed when it has this many entries.
    pub group_entries: usize,
    /// An append waits while this many bytes are queued, per partition.
    pub queue_bytes: usize,
    /// An append waits while this many batches are queued, per partition.
    pub queue_batches: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            partitions: None,
            segment_bytes: 64 << 20,
            group_interval: Duration::from_millis(5),
            group_bytes: 4 << 20,
            group_entries: 16_384,
            queue_bytes: 16 << 20,
            queue_batches: 1_024,
        }
    }
}

impl Options {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            queue_bytes: self.queue_bytes,
            queue_batches: self.queue_batches,
            group_bytes: self.group_bytes,
            group_entries: self.group_entries,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |what: String| Err(Error::Option(what));
        if self
            .partitions
            .is_some_and(|n| !(1..=PARTITIONS_MAX).contains(&n))
        {
            return refuse(format!("partitions must be between 1 and {PARTITIONS_MAX}"));
        }
        if !(4096..=1 << 40).contains(&self.segment_bytes) {
            return refuse("segment_bytes must be between 4 KiB and 1 TiB".to_owned());
        }
        if self.group_interval > Duration::from_secs(1) {
            return refuse("group_interval must be at most a second".to_owned());
        }
        if !(1..=BATCH_BYTES_MAX).contains(&self.group_bytes) {
            return refuse(format!(
                "group_bytes must be between 1 and {BATCH_BYTES_MAX}"
            ));
        }
        if self.group_entries == 0 || self.queue_bytes == 0 || self.queue_batches == 0 {
            return refuse(
                "group_entries, queue_bytes and queue_batches must be at least 1".to_owned(),
            );
        }
        Ok(())
    }
}
