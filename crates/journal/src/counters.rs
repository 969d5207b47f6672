//! What the writer of one partition has done since the journal was opened.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::figures::Figures;
use crate::metrics::{JournalBackend, METRICS};
use crate::queue::Queue;

/// Counted by the partition's writer, read by anyone.
#[derive(Default)]
pub(crate) struct PartitionCounters {
    entries: AtomicU64,
    bytes: AtomicU64,
    groups: AtomicU64,
    commit_us: AtomicU64,
}

impl PartitionCounters {
    /// Counts a group that has become durable, here and in the metrics of the process.
    pub(crate) fn committed(&self, to: JournalBackend, entries: u64, bytes: u64, took: Duration) {
        METRICS.committed(to, entries, bytes, took);
        self.entries.fetch_add(entries, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        let took = took.as_micros().try_into().unwrap_or(u64::MAX);
        self.commit_us.store(took, Ordering::Relaxed);
    }

    /// The figures of the partition, whose batches wait in `queue`.
    pub(crate) fn figures(&self, queue: &Queue) -> Figures {
        let (queue_batches, queue_bytes) = queue.depth();
        Figures {
            entries: self.entries.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            groups: self.groups.load(Ordering::Relaxed),
            last_commit_us: self.commit_us.load(Ordering::Relaxed),
            queue_batches,
            queue_bytes,
        }
    }
}
