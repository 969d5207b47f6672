//! How a journal on Kafka is opened.

use std::fmt;
use std::time::Duration;

use headcount_kafka::KafkaAddress;

use crate::error::{Error, Result};
use crate::kafka::topic::{COMMITS, JournalTopic, POSITIONS};
use crate::queue::Limits;
use crate::{BATCH_BYTES_MAX, PARTITIONS_MAX};

/// As in Kafka's own clients of old: a worker that is restarted is back before it is over.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// How a journal on Kafka is opened.
#[derive(Clone)]
pub struct Options {
    /// Where it is; the name is that of the journal.
    pub address: KafkaAddress,
    /// What this process is called among those that write the journal: an older process of the same name can write
    /// no more when this one has opened it.
    pub worker: String,
    /// False for a process that only reads: it fences no writer.
    pub writes: bool,
    /// How many partitions the journal has; not given, as many as it has, or `new_partitions`. Fixed at creation.
    pub partitions: Option<u16>,
    /// How many a new journal gets by default (1).
    pub new_partitions: u16,
    /// Whether a journal that is not there is made.
    pub creates: bool,
    /// On how many brokers everything is kept: of a new journal three, or as many as there are if they are fewer.
    /// An existing one with fewer is refused.
    pub replication: Option<u16>,
    /// How many brokers must have a batch before it is acknowledged: of a new journal one less than the replication.
    /// An existing one that asks for fewer is refused; not given, two are the least where there are three copies.
    pub min_insync: Option<u16>,
    /// How long the topics must keep what they have, in milliseconds; not given, for ever. An existing one that keeps it
    /// shorter is refused.
    pub retention_ms: Option<u64>,
    /// The topics of records. A new journal gets these, and an existing one those of them whose kinds have no topic in it
    /// yet; it keeps the ones that it has, for they are recorded in it. Entries of a kind without a topic stand in the
    /// message that commits their batch, so they should be small.
    pub topics: Vec<JournalTopic>,
    /// An append waits while this many bytes are queued, by all partitions together.
    pub queue_bytes: usize,
    /// An append waits while this many batches are queued.
    pub queue_batches: usize,
    /// A transaction is closed when it has this many bytes. 4 MiB of records are a few hundredths of a second.
    pub group_bytes: usize,
    /// Kafka aborts the transaction of a process that died after this time, and readers get past it.
    pub transaction_timeout: Duration,
    /// A worker that sends no heartbeat for this long loses its partitions.
    pub session_timeout: Duration,
    /// How long opening, closing and requests wait for brokers that do not answer. Appends wait without end.
    pub request_timeout: Duration,
}

impl Options {
    /// The defaults for a journal and a worker. What the address says after the `?` (`partitions`, `replication`,
    /// `min_insync`, `retention_ms`, `session_ms`) is taken.
    pub fn new(
        address: KafkaAddress,
        worker: impl Into<String>,
        topics: Vec<JournalTopic>,
    ) -> Result<Self> {
        let option = |error: headcount_kafka::AddressError| Error::Option(error.to_string());
        // A parameter with a typing error would be a journal with other settings than somebody believes.
        address
            .only(&[
                "partitions",
                "replication",
                "min_insync",
                "retention_ms",
                "session_ms",
            ])
            .map_err(option)?;
        let number = |key| address.parsed(key, "a whole number").map_err(option);
        let millis = |key| {
            address
                .parsed(key, "milliseconds, a whole number")
                .map_err(option)
        };
        let (session_ms, retention_ms) = (millis("session_ms")?, millis("retention_ms")?);
        Ok(Self {
            partitions: number("partitions")?,
            new_partitions: 1,
            creates: true,
            replication: number("replication")?,
            min_insync: number("min_insync")?,
            retention_ms,
            address,
            worker: worker.into(),
            writes: true,
            topics,
            queue_bytes: 16 << 20,
            queue_batches: 1_000,
            group_bytes: 4 << 20,
            transaction_timeout: Duration::from_secs(10),
            session_timeout: session_ms.map_or(SESSION_TIMEOUT, Duration::from_millis),
            request_timeout: Duration::from_secs(30),
        })
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            queue_bytes: self.queue_bytes,
            queue_batches: self.queue_batches,
            group_bytes: self.group_bytes,
            group_entries: usize::MAX,
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
        if self.replication == Some(0) || self.min_insync == Some(0) {
            return refuse("replication and min_insync must be at least 1".to_owned());
        }
        if let (Some(copies), Some(least)) = (self.replication, self.min_insync)
            && least > copies
        {
            return refuse(format!(
                "min_insync {least} exceeds the replication {copies}, so no write could succeed"
            ));
        }
        if self.worker.is_empty() {
            return refuse("a worker needs a name".to_owned());
        }
        // Checked here, for all callers, because what is made on brokers cannot be taken back.
        let reserved = [COMMITS, POSITIONS];
        for (at, topic) in self.topics.iter().enumerate() {
            let other = self.topics[..at]
                .iter()
                .find(|other| other.conflicts_with(topic));
            if other.is_some() || reserved.contains(&&*topic.name) || topic.kinds.0 > topic.kinds.1
            {
                return refuse(format!(
                    "topic {}: no two topics of a journal may share a name or a kind",
                    topic.name
                ));
            }
        }
        if !(1..=BATCH_BYTES_MAX).contains(&self.group_bytes)
            || self.queue_bytes == 0
            || self.queue_batches == 0
        {
            return refuse(format!(
                "group_bytes must be between 1 and {BATCH_BYTES_MAX}, queue_bytes and queue_batches at least 1"
            ));
        }
        if self.transaction_timeout < Duration::from_secs(1)
            || self.session_timeout < Duration::from_secs(1)
            || self.request_timeout < Duration::from_secs(1)
        {
            return refuse("timeouts must be at least a second".to_owned());
        }
        Ok(())
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("address", &self.address.to_string())
            .field("worker", &self.worker)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}
