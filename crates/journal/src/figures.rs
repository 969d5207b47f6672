//! The figures of a partition.

/// What a partition has done since the journal was opened, and what is waiting. Of a journal that others write too,
/// only this process is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Entries that became durable.
    pub entries: u64,
    /// Bytes written for them.
    pub bytes: u64,
    /// Groups: each was one sync, or one transaction.
    pub groups: u64,
    /// How long the last group took to become durable, in microseconds.
    pub last_commit_us: u64,
    /// Batches that are queued, by all partitions that share the queue.
    pub queue_batches: usize,
    /// Bytes that are queued, likewise.
    pub queue_bytes: usize,
}
