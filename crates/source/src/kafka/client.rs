//! The client library, and what it is asked.

use std::time::Duration;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::{Offset, TopicPartitionList};

use super::begin::Range;
use super::log_context::LogContext;
use super::session::SessionEnd;
use crate::error::Error;
use crate::kafka::TopicAddress;
use crate::shown::fit_to_show;

/// The library wants a group to be named, though none is joined and nothing is committed.
const GROUP: &str = "headcount-source";

/// How many existing topics the error about a missing one lists.
const NAMED_MAX: usize = 12;

/// A connection to the brokers of an address.
pub(super) struct TopicClient {
    pub(super) consumer: BaseConsumer<LogContext>,
    brokers: String,
    /// The longest that a question may take.
    limit: Duration,
}

impl TopicClient {
    pub(super) fn new(address: &TopicAddress, limit: Duration) -> Result<Self, Error> {
        let mut config = address.kafka().config();
        config
            .set("group.id", GROUP)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // An offset that is not there is never replaced by another in silence.
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("check.crcs", "true")
            // What waits in the library is bounded by these 32 MiB and one answer of a broker.
            .set("queued.max.messages.kbytes", "32768")
            .set("queued.min.messages", "100000")
            .set("fetch.message.max.bytes", "4194304")
            .set("fetch.max.bytes", "33554432")
            // The default waits a second when the queue was full.
            .set("fetch.queue.backoff.ms", "5")
            .set("socket.timeout.ms", "10000")
            .set("topic.metadata.refresh.interval.ms", "10000")
            // For LogContext: only the log of topics reports that one was recreated.
            .set("debug", "topic")
            .set_log_level(RDKafkaLogLevel::Debug);
        let consumer = config
            .create_with_context(LogContext::default())
            .map_err(|error| Error::Client(error.to_string()))?;
        Ok(TopicClient {
            consumer,
            brokers: address.kafka().bootstrap(),
            limit,
        })
    }

    /// Which cluster it is: the id that it was given when it was made.
    pub(super) fn cluster(&self) -> Result<String, SessionEnd> {
        let id = self.consumer.client().fetch_cluster_id(self.limit);
        id.ok_or_else(|| {
            SessionEnd::Trouble(format!(
                "Kafka at {} does not report its cluster id",
                self.brokers
            ))
        })
    }

    /// The partitions of topics.
    pub(super) fn partitions(&self, topics: &[String]) -> Result<Vec<(String, i32)>, SessionEnd> {
        let mut partitions = Vec::new();
        for topic in topics {
            let answer = self.consumer.fetch_metadata(Some(topic), self.limit);
            let metadata = answer.map_err(|error| self.silent(&error))?;
            let known = metadata.topics().iter().find(|known| known.name() == topic);
            let Some(known) = known.filter(|known| is_there(known)) else {
                return Err(self.missing(topic));
            };
            if let Some(error) = known.error() {
                return Err(SessionEnd::Trouble(format!(
                    "Kafka at {} denies access to topic {topic} ({})",
                    self.brokers,
                    KafkaError::MetadataFetch(error.into())
                )));
            }
            let ids = known.partitions().iter().map(|partition| partition.id());
            partitions.extend(ids.map(|id| (topic.clone(), id)));
        }
        partitions.sort();
        Ok(partitions)
    }

    /// The offsets there are of a partition.
    pub(super) fn range(&self, topic: &str, partition: i32) -> Result<Range, SessionEnd> {
        let found = self
            .consumer
            .fetch_watermarks(topic, partition, self.limit)
            .map_err(|error| self.silent(&error))?;
        match (u64::try_from(found.0), u64::try_from(found.1)) {
            (Ok(low), Ok(high)) => Ok(Range { low, high }),
            _ => Err(SessionEnd::Trouble(format!(
                "Kafka at {} does not report where topic {topic}, partition {partition} begins",
                self.brokers
            ))),
        }
    }

    /// The offset of the first record that is as young as that; `None` if there is none.
    pub(super) fn at_time(
        &self,
        topic: &str,
        partition: i32,
        ms: i64,
    ) -> Result<Option<u64>, SessionEnd> {
        let mut asked = TopicPartitionList::new();
        let answer = asked
            .add_partition_offset(topic, partition, Offset::Offset(ms))
            .and_then(|()| self.consumer.offsets_for_times(asked, self.limit))
            .map_err(|error| self.silent(&error))?;
        let found = answer.elements_for_topic(topic);
        Ok(match found.first().map(|element| element.offset()) {
            Some(Offset::Offset(offset)) => u64::try_from(offset).ok(),
            _ => None,
        })
    }

    /// No broker answers, or the answer lacks what was requested.
    pub(super) fn silent(&self, error: &KafkaError) -> SessionEnd {
        SessionEnd::Trouble(format!(
            "Kafka at {} does not answer ({})",
            self.brokers,
            fit_to_show(&error.to_string())
        ))
    }

    /// A sentence for a topic that is not there, with those that are.
    pub(super) fn missing(&self, topic: &str) -> SessionEnd {
        let all = match self.consumer.fetch_metadata(None, self.limit) {
            Ok(metadata) => named(&metadata),
            Err(error) => return self.silent(&error),
        };
        SessionEnd::Missing(format!(
            "there is no topic {} in Kafka at {} ({all}): correct the address, or create the topic",
            topic, self.brokers
        ))
    }
}

fn is_there(topic: &MetadataTopic) -> bool {
    use rdkafka::error::RDKafkaErrorCode::{UnknownTopic, UnknownTopicOrPartition};
    let unknown = topic
        .error()
        .is_some_and(|error| matches!(error.into(), UnknownTopic | UnknownTopicOrPartition));
    !unknown && (topic.error().is_some() || !topic.partitions().is_empty())
}

fn named(metadata: &Metadata) -> String {
    let mut names: Vec<&str> = metadata
        .topics()
        .iter()
        .map(MetadataTopic::name)
        .filter(|name| !name.starts_with("__"))
        .collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    match (names.len(), more) {
        (0, _) => "it has none".to_owned(),
        (_, 0) => format!("it has {}", names.join(", ")),
        (_, more) => format!("it has {} and {more} more", names.join(", ")),
    }
}
