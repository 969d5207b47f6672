//! How a journal on Kinesis is opened.

use std::time::Duration;

use headcount_kinesis::KinesisAddress;

use crate::PARTITIONS_MAX;
use crate::error::{Error, Result};
use crate::queue::Limits;

/// How a journal on Kinesis is opened. The defaults are right for most.
#[derive(Debug, Clone)]
pub struct Options {
    /// The stream. It is created if it is not there, with a shard for every partition; where reading begins is the
    /// journal's own business, so what the address says of that means nothing.
    pub address: KinesisAddress,
    /// Credentials and time limits of the client.
    pub client: headcount_kinesis::Options,
    /// How many partitions the journal has; not given, as many as it has, or `new_partitions`. Fixed at creation: for a
    /// journal that is there, another number is an error.
    pub partitions: Option<u16>,
    /// How many a new journal gets by default (1; at most 1,000).
    pub new_partitions: u16,
    /// The least time for which the stream is to keep a record, in hours: a stream that keeps less is told to keep so
    /// much. What is older than that can only come from checkpoints and archives.
    pub retention_hours: i32,
    /// How long an outage may last before a partition takes nothing more.
    pub delivery_timeout: Duration,
    /// A put is closed when it has this many bytes. 4 MiB are four seconds of what a shard takes.
    pub group_bytes: usize,
    /// A put is closed when it has this many entries.
    pub group_entries: usize,
    /// An append waits while this many bytes are queued, per partition.
    pub queue_bytes: usize,
    /// An append waits while this many batches are queued, per partition.
    pub queue_batches: usize,
}

impl Options {
    /// The defaults for a stream.
    #[must_use]
    pub fn new(address: KinesisAddress) -> Self {
        Self {
            address,
            client: headcount_kinesis::Options::default(),
            partitions: None,
            new_partitions: 1,
            retention_hours: 7 * 24,
            delivery_timeout: Duration::from_secs(60 * 60),
            group_bytes: 4 << 20,
            group_entries: 16_384,
            queue_bytes: 16 << 20,
            queue_batches: 1_024,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let refuse = |what: String| Err(Error::Option(what));
        if self
            .partitions
            .is_some_and(|n| !(1..=PARTITIONS_MAX).contains(&n))
        {
            return refuse(format!("partitions must be between 1 and {PARTITIONS_MAX}"));
        }
        if self.group_bytes == 0
            || self.group_entries == 0
            || self.queue_bytes == 0
            || self.queue_batches == 0
        {
            return refuse(
                "group_bytes, group_entries, queue_bytes and queue_batches must be at least 1"
                    .to_owned(),
            );
        }
        Ok(())
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            queue_bytes: self.queue_bytes,
            queue_batches: self.queue_batches,
            group_bytes: self.group_bytes,
            group_entries: self.group_entries,
        }
    }
}
