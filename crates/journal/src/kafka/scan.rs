//! Reads a small topic from an offset to its current end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, Offset, TopicPartitionList};

use headcount_kafka::TracingContext;

use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;

/// How long one wait for the broker is at most, so that a journal that is being closed is noticed. What the broker sends ends
/// it at once.
const SLICE: Duration = Duration::from_millis(100);

/// Reads committed messages of one topic after another.
pub(super) struct Scanner {
    cluster: Arc<Cluster>,
    consumer: Mutex<BaseConsumer<TracingContext>>,
}

impl Scanner {
    pub(super) fn new(cluster: &Arc<Cluster>) -> Result<Self> {
        let consumer = cluster
            .consumer_config()
            .set("queued.max.messages.kbytes", "4096")
            .create_with_context(TracingContext)
            .map_err(|error| Error::cluster("connect to", &cluster.options.address, &error))?;
        Ok(Self {
            cluster: Arc::clone(cluster),
            consumer: Mutex::new(consumer),
        })
    }

    /// Shows every committed message from `from` on (or from the first, if that is later and `from` is 0) that was
    /// there when this was called. Returns from where to go on.
    pub(super) fn scan(
        &self,
        topic: &str,
        partition: u16,
        from: i64,
        mut visit: impl FnMut(&BorrowedMessage<'_>) -> Result<()>,
    ) -> Result<i64> {
        let (low, high) = self.cluster.watermarks(topic, partition)?;
        let from = if from == 0 { low } else { from };
        if from < low || from > high {
            return Err(Error::not_there(topic, partition, from, low, high));
        }
        if from == high {
            return Ok(high);
        }
        let consumer = self.consumer.lock().unwrap_or_else(PoisonError::into_inner);
        self.wait_for_commits(&consumer, topic, partition, high)?;
        let failed = |error: KafkaError| Error::cluster("read", &topic, &error);
        assign(&consumer, topic, partition, from).map_err(failed)?;
        let read = read(
            &consumer,
            high,
            self.cluster.options.request_timeout,
            &mut visit,
        );
        consumer.unassign().map_err(failed)?;
        read.unwrap_or_else(|error| Err(failed(error)))
    }

    /// Waits until everything before `high` is committed or aborted.
    ///
    /// Brokers do not tell when a transaction ends. But they deliver nothing behind its first message before, so the next
    /// thing that comes to a consumer that stands there says so: a message, or that there is none up to the new end.
    fn wait_for_commits(
        &self,
        consumer: &BaseConsumer<TracingContext>,
        topic: &str,
        partition: u16,
        high: i64,
    ) -> Result<()> {
        let options = &self.cluster.options;
        let failed = |error: KafkaError| Error::cluster("read", &topic, &error);
        // Kafka aborts an abandoned transaction by itself; it looks for them every ten seconds.
        let deadline = Instant::now() + options.request_timeout + options.transaction_timeout;
        let mut stands_at = None;
        let ended = loop {
            let (_, stable) = self.cluster.ask("ask for the end of", topic, |time| {
                consumer.fetch_watermarks(topic, i32::from(partition), time)
            })?;
            if stable >= high {
                break Ok(());
            }
            if Instant::now() >= deadline {
                let why = "a transaction in it has not ended in time";
                break Err(Error::cluster("read", &topic, &why));
            }
            if self.cluster.waiting.give_up.is_set() {
                break Err(Error::cluster("read", &topic, &"the journal is closing"));
            }
            if stands_at != Some(stable) {
                assign(consumer, topic, partition, stable).map_err(failed)?;
                stands_at = Some(stable);
            }
            if let Some(Err(error)) = consumer.poll(SLICE)
                && !matches!(error, KafkaError::PartitionEOF(_))
            {
                tracing::debug!(%error, "waiting for a transaction in {topic}");
            }
        };
        if stands_at.is_some() {
            consumer.unassign().map_err(failed)?;
        }
        ended
    }
}

/// Has the consumer read one partition from an offset on, and nothing else.
fn assign(
    consumer: &BaseConsumer<TracingContext>,
    topic: &str,
    partition: u16,
    from: i64,
) -> Result<(), KafkaError> {
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(topic, i32::from(partition), Offset::Offset(from))?;
    consumer.assign(&place)
}

/// Reads up to `high`; the outer result is Kafka's, the inner one the visitor's.
fn read(
    consumer: &BaseConsumer<TracingContext>,
    high: i64,
    timeout: Duration,
    visit: &mut impl FnMut(&BorrowedMessage<'_>) -> Result<()>,
) -> Result<Result<i64>, KafkaError> {
    let mut last_event = Instant::now();
    let mut next = high;
    loop {
        match consumer.poll(SLICE) {
            Some(Ok(message)) => {
                last_event = Instant::now();
                if let Err(error) = visit(&message) {
                    return Ok(Err(error));
                }
                next = next.max(message.offset() + 1);
                if message.offset() + 1 >= high {
                    return Ok(Ok(next));
                }
            }
            // The end of what is committed, which reaches at least to `high`.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Ok(next)),
            Some(Err(error)) if last_event.elapsed() >= timeout => return Err(error),
            None if last_event.elapsed() >= timeout => return Err(KafkaError::NoMessageReceived),
            Some(Err(_)) | None => {}
        }
    }
}
