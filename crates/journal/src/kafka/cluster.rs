//! What all parts of one open journal share: names, limits, and the client that asks the brokers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;

use headcount_kafka::TracingContext;

use crate::error::{Error, Result};
use crate::kafka::options::Options;
use crate::kafka::topic::{COMMITS, POSITIONS};
use crate::kafka::wait::Wakeup;
use crate::latch::Latch;
use crate::waiting::Waiting;

/// How long to wait before a question that failed is asked again.
const BACKOFF: Duration = Duration::from_millis(50);

/// A journal's place in Kafka.
pub(super) struct Cluster {
    pub(super) options: Options,
    /// The topic of the commit messages.
    pub(super) commits: String,
    /// The topic of positions, claims and the journal's identity.
    pub(super) positions: String,
    /// Answers about the brokers and their topics; it also sees what is not committed yet.
    pub(super) metadata_client: BaseConsumer<TracingContext>,
    /// Set when the journal takes nothing more and everything taken is answered.
    pub(super) closed: Latch,
    /// Says that the brokers are waited for, and whether they still are.
    pub(super) waiting: Waiting,
    /// The readers that are to be told when the journal is closed.
    readers: Mutex<Vec<Weak<Wakeup>>>,
}

impl Cluster {
    /// Connects; nothing is asked yet.
    pub(super) fn connect(options: Options) -> Result<Self> {
        options.check()?;
        let metadata_client: BaseConsumer<TracingContext> = options
            .address
            .config()
            .set("isolation.level", "read_uncommitted")
            .create_with_context(TracingContext)
            .map_err(|error| Error::cluster("connect to", &options.address, &error))?;
        let topic = |name: &str| format!("{}.{name}", options.address.name());
        Ok(Self {
            commits: topic(COMMITS),
            positions: topic(POSITIONS),
            options,
            metadata_client,
            closed: Latch::default(),
            waiting: Waiting::default(),
            readers: Mutex::default(),
        })
    }

    /// The journal's name.
    pub(super) fn name(&self) -> &str {
        self.options.address.name()
    }

    /// The full name of a topic of records.
    pub(super) fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.name())
    }

    /// Says that nothing more comes, also to readers that are waiting.
    pub(super) fn close(&self) {
        self.closed.set();
        for reader in self.readers().iter().filter_map(Weak::upgrade) {
            reader.notify();
        }
    }

    /// Has a reader notified when the journal is closed.
    pub(super) fn register(&self, reader: &Arc<Wakeup>) {
        let mut readers = self.readers();
        readers.retain(|reader| reader.strong_count() > 0);
        readers.push(Arc::downgrade(reader));
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Weak<Wakeup>>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What consumers that read what is committed have in common. None of them joins its group or stores anything in
    /// it; the library wants a name.
    pub(super) fn consumer_config(&self) -> ClientConfig {
        let mut config = self.options.address.config();
        config
            .set(
                "group.id",
                format!("{}.readers", self.options.address.name()),
            )
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            // Never a jump: an offset that is not there is an error.
            .set("auto.offset.reset", "error")
            .set("check.crcs", "true")
            // A queue that was full is filled again at once, and a fetch that failed is tried again soon.
            .set("fetch.queue.backoff.ms", "5")
            .set("fetch.error.backoff.ms", "50")
            // While the queue of a topic of records is full, only the topic of commits is asked for. The broker keeps that
            // question so long, and the other topic waits for the answer; but a reader of an idle journal asks so often.
            .set("fetch.wait.max.ms", "20");
        config
    }

    /// The first offset of a topic's partition, and one past the last of what has been written, committed or not.
    pub(super) fn watermarks(&self, topic: &str, partition: u16) -> Result<(i64, i64)> {
        self.ask("ask for the end of", topic, |time| {
            self.metadata_client
                .fetch_watermarks(topic, i32::from(partition), time)
        })
    }

    /// Whether a topic is there, as far as the brokers that can be reached say.
    pub(super) fn has(&self, topic: &str) -> Result<bool> {
        let metadata = self.ask("look for", topic, |time| {
            self.metadata_client.fetch_metadata(Some(topic), time)
        })?;
        Ok(metadata
            .topics()
            .iter()
            .any(|found| found.error().is_none() && !found.partitions().is_empty()))
    }

    /// Repeats a request until it is answered, its time limit is over, or the journal is closing.
    pub(super) fn ask<T>(
        &self,
        action: &'static str,
        topic: &str,
        question: impl Fn(Duration) -> Result<T, KafkaError>,
    ) -> Result<T> {
        let deadline = Instant::now() + self.options.request_timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match question(
                left.min(Duration::from_secs(5))
                    .max(Duration::from_millis(1)),
            ) {
                Ok(answer) => return Ok(answer),
                Err(error) if left.is_zero() || self.waiting.give_up.wait(BACKOFF) => {
                    return Err(Error::cluster(action, &topic, &error));
                }
                Err(_) => {}
            }
        }
    }
}
