//! What all parts of one opened journal share: names, limits, and whom to ask.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;

use headcount_kafka::Told;

use crate::error::{Error, Result};
use crate::kafka::Options;
use crate::kafka::topics::Topics;
use crate::kafka::wait::Switch;

/// How long to wait before a question is asked again.
const BREATH: Duration = Duration::from_millis(50);

/// A journal's place in Kafka.
pub(super) struct Cluster {
    pub(super) options: Options,
    pub(super) topics: Topics,
    pub(super) partitions: u16,
    /// Asks for what nobody has committed yet, too.
    asker: BaseConsumer<Told>,
    /// Thrown when the journal takes nothing more and everything taken is answered.
    pub(super) closed: Switch,
    /// Thrown when the brokers are not waited for any longer.
    pub(super) give_up: Switch,
}

impl Cluster {
    pub(super) fn open(options: Options) -> Result<Self> {
        options.check()?;
        let topics = Topics::of(&options);
        let asker: BaseConsumer<Told> = options
            .address
            .config()
            .set("isolation.level", "read_uncommitted")
            .create_with_context(Told)
            .map_err(|error| Error::cluster("connect to", &options.address, &error))?;
        let partitions = topics.open(&options, &asker)?;
        Ok(Self {
            options,
            topics,
            partitions,
            asker,
            closed: Switch::default(),
            give_up: Switch::default(),
        })
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
            // While the queue of a lane is full, only the topic of commits is asked for. The broker keeps that question
            // so long, and the lane waits for the answer; but a reader of an idle journal asks so often.
            .set("fetch.wait.max.ms", "20");
        config
    }

    /// The first offset of a topic's partition, and one past the last of what has been written, committed or not.
    pub(super) fn watermarks(&self, topic: &str, partition: u16) -> Result<(i64, i64)> {
        self.ask("ask for the end of", topic, |time| {
            self.asker
                .fetch_watermarks(topic, i32::from(partition), time)
        })
    }

    /// Whether a topic is there, as far as the brokers that can be reached say.
    pub(super) fn has(&self, topic: &str) -> Result<bool> {
        let metadata = self.ask("look for", topic, |time| {
            self.asker.fetch_metadata(Some(topic), time)
        })?;
        Ok(metadata
            .topics()
            .iter()
            .any(|found| found.error().is_none() && !found.partitions().is_empty()))
    }

    /// Asks until there is an answer, or patience ends, or nobody waits any longer.
    pub(super) fn ask<T>(
        &self,
        action: &'static str,
        topic: &str,
        question: impl Fn(Duration) -> Result<T, KafkaError>,
    ) -> Result<T> {
        let deadline = std::time::Instant::now() + self.options.patience;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            match question(
                left.min(Duration::from_secs(5))
                    .max(Duration::from_millis(1)),
            ) {
                Ok(answer) => return Ok(answer),
                Err(error) if left.is_zero() || self.give_up.wait(BREATH) => {
                    return Err(Error::cluster(action, &topic, &error));
                }
                Err(_) => {}
            }
        }
    }
}
