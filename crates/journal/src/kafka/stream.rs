//! One topic's partition, as a reader takes from it: the records of a writer in their order, those of others kept until
//! their turn.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _};
use rdkafka::{Message as _, Offset, TopicPartitionList};

use headcount_kafka::TracingContext;

use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::kafka::message::{SEQ, WRITER};
use crate::kafka::wait::Wakeup;
use crate::read_waker::Interrupt;

/// What may be kept for other writers. Each has at most one transaction here, so this is far more than there can be.
const KEPT_BYTES_MAX: usize = 512 << 20;

/// How long a poll waits for a notification before it looks whether there is a message after all.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One topic's partition that is read by hand, with a queue of its own.
pub(super) struct PartitionStream {
    cluster: Arc<Cluster>,
    consumer: Arc<BaseConsumer<TracingContext>>,
    queue: PartitionQueue<TracingContext>,
    /// The reader's, notified when any of its queues is no longer empty. To wait in the queue itself takes a processor: the
    /// library's wrapper asks again and again for the last millisecond.
    wakeup: Arc<Wakeup>,
    topic: String,
    partition: u16,
    /// What is read next.
    pub(super) next: i64,
}

/// What one poll brought.
pub(super) enum Polled<'a> {
    Message(BorrowedMessage<'a>),
    /// Everything that was committed has been seen.
    End,
    Nothing,
}

impl PartitionStream {
    /// Begins at an offset.
    pub(super) fn open(
        cluster: &Arc<Cluster>,
        consumer: &Arc<BaseConsumer<TracingContext>>,
        topic: &str,
        partition: u16,
        from: i64,
        wakeup: &Arc<Wakeup>,
    ) -> Result<Self> {
        let failed = |why: &dyn std::fmt::Display| Error::cluster("read", &topic, why);
        // Before it is assigned, so that no message takes the way of the others.
        let mut queue = consumer
            .split_partition_queue(topic, i32::from(partition))
            .ok_or_else(|| failed(&"the client library has no queue for it"))?;
        let filled = Arc::clone(wakeup);
        queue.set_nonempty_callback(move || filled.notify());
        let mut place = TopicPartitionList::new();
        place
            .add_partition_offset(topic, i32::from(partition), Offset::Offset(from))
            .and_then(|()| consumer.incremental_assign(&place))
            .map_err(|error| failed(&error))?;
        Ok(Self {
            cluster: Arc::clone(cluster),
            consumer: Arc::clone(consumer),
            queue,
            wakeup: Arc::clone(wakeup),
            topic: topic.to_owned(),
            partition,
            next: from,
        })
    }

    /// Goes back or forth; what was fetched is forgotten.
    pub(super) fn seek(&mut self, to: i64) -> Result<()> {
        let place = Offset::Offset(to);
        self.cluster.ask("read", &self.topic, |time| {
            self.consumer
                .seek(&self.topic, i32::from(self.partition), place, time)
        })?;
        self.next = to;
        Ok(())
    }

    /// The next message, if there is one in time; a notification of the reader's ends the wait without. An error is for
    /// ever.
    pub(super) fn poll(&mut self, wait: Duration) -> Result<Polled<'_>> {
        // The queue first: its notification may have been taken by a poll of another queue.
        let mut polled = self.queue.poll(Duration::ZERO);
        if polled.is_none() && !wait.is_zero() {
            // The library tells of the first message in an empty queue. Should it ever not, a look once in a while costs nothing,
            // and a wait for a record that is there would cost ten minutes.
            self.wakeup.wait(wait.min(LOOK_AGAIN));
            polled = self.queue.poll(Duration::ZERO);
        }
        match polled {
            None => Ok(Polled::Nothing),
            Some(Ok(message)) => {
                self.next = message.offset() + 1;
                Ok(Polled::Message(message))
            }
            Some(Err(KafkaError::PartitionEOF(_))) => Ok(Polled::End),
            Some(Err(error)) => self.judge(&error).map(|()| Polled::Nothing),
        }
    }

    /// Whether reading can go on after an error.
    fn judge(&self, error: &KafkaError) -> Result<()> {
        use RDKafkaErrorCode as Code;
        let failed = || Error::cluster("read", &self.topic, error);
        match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation) => {
                let (low, high) = self.cluster.watermarks(&self.topic, self.partition)?;
                Err(match (low..=high).contains(&self.next) {
                    true => failed(),
                    false => Error::not_there(&self.topic, self.partition, self.next, low, high),
                })
            }
            Some(
                Code::UnknownTopicOrPartition
                | Code::UnknownTopic
                | Code::UnknownPartition
                | Code::UnknownTopicId,
            ) => match self.cluster.has(&self.topic)? {
                true => Ok(()),
                false => Err(Error::topic(
                    &self.topic,
                    "the topic no longer exists; restore it, or import the archive into another journal"
                        .to_owned(),
                )),
            },
            Some(Code::TopicAuthorizationFailed | Code::GroupAuthorizationFailed) => Err(failed()),
            // The library connects and fetches again by itself.
            _ => {
                tracing::debug!(%error, "waiting to read {}", self.topic);
                Ok(())
            }
        }
    }

    pub(super) fn damaged(&self, offset: i64, why: impl Into<String>) -> Error {
        Error::message(&self.topic, self.partition, offset, why.into())
    }

    /// A record that a commit message names is not where it should be.
    fn missing(&self, seq: u64) -> Error {
        let why = format!("a record of batch {seq} of the same writer is missing before it");
        self.damaged(self.next - 1, why)
    }

    /// One past the last message that is committed or before the first that may yet be.
    pub(super) fn watermark(&self) -> Result<i64> {
        self.cluster
            .ask("ask for the end of", &self.topic, |time| {
                self.consumer
                    .fetch_watermarks(&self.topic, i32::from(self.partition), time)
            })
            .map(|(_, stable)| stable)
    }
}

/// A topic's partition with records, read by writer.
pub(super) struct RecordStream {
    stream: PartitionStream,
    /// Where reading began.
    start: i64,
    interrupt: Interrupt,
    /// Records of other writers, each with the number of its batch.
    kept: HashMap<Vec<u8>, VecDeque<(u64, Vec<u8>)>>,
    kept_bytes: usize,
}

/// The outcome of asking for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TakeOutcome {
    One,
    /// It was there and not accepted.
    Refused,
    /// None came in time.
    None,
}

impl RecordStream {
    pub(super) fn new(stream: PartitionStream, interrupt: Interrupt) -> Self {
        Self {
            interrupt,
            start: stream.next,
            stream,
            kept: HashMap::new(),
            kept_bytes: 0,
        }
    }

    /// Makes sure that records from an offset on are seen. Where one reader began, another writer's records may lie
    /// before, though they come later in the journal.
    pub(super) fn reach_back(&mut self, to: i64) -> Result<()> {
        if to < self.start {
            self.kept.clear();
            self.kept_bytes = 0;
            self.stream.seek(to)?;
            self.start = to;
        }
        Ok(())
    }

    /// Shows the next record of a writer's batch to `accept`, if it comes in time; one that is not accepted stays.
    ///
    /// Records of the writer's batches before are passed over: where a reader begins, some lie that come earlier in
    /// the journal.
    pub(super) fn take(
        &mut self,
        writer: &[u8],
        seq: u64,
        deadline: Instant,
        mut accept: impl FnMut(&[u8]) -> bool,
    ) -> Result<TakeOutcome> {
        if let Some(kept) = self.kept.get_mut(writer) {
            while let Some((of, body)) = kept.front() {
                match of.cmp(&seq) {
                    Ordering::Less => {}
                    Ordering::Equal if !accept(body) => return Ok(TakeOutcome::Refused),
                    Ordering::Equal => {}
                    Ordering::Greater => return Err(self.stream.missing(seq)),
                }
                let taken = *of == seq;
                self.kept_bytes -= body.len();
                kept.pop_front();
                if taken {
                    return Ok(TakeOutcome::One);
                }
            }
            self.kept.remove(writer);
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = match self.stream.poll(left)? {
                Polled::Message(message) => message,
                Polled::End | Polled::Nothing if left.is_zero() || self.interrupt.take() => {
                    return Ok(TakeOutcome::None);
                }
                Polled::End | Polled::Nothing => continue,
            };
            let Some((by, of)) = origin(&message) else {
                // Somebody else's record: it is in no commit message, so it is no part of the journal.
                continue;
            };
            let body = message.payload().unwrap_or_default();
            let ours = by == writer;
            if ours {
                match of.cmp(&seq) {
                    Ordering::Less => continue,
                    Ordering::Equal if accept(body) => return Ok(TakeOutcome::One),
                    Ordering::Equal => {}
                    Ordering::Greater => {
                        drop(message);
                        return Err(self.stream.missing(seq));
                    }
                }
            }
            self.kept_bytes += body.len();
            let kept = self.kept.entry(by.to_vec()).or_default();
            kept.push_back((of, body.to_vec()));
            if self.kept_bytes > KEPT_BYTES_MAX {
                drop(message);
                return Err(self.stream.missing(seq));
            }
            if ours {
                return Ok(TakeOutcome::Refused);
            }
        }
    }
}

/// Whose record it is, and of which batch: the first two headers.
fn origin<'a>(message: &'a BorrowedMessage<'_>) -> Option<(&'a [u8], u64)> {
    let headers = message.headers()?;
    let writer = headers.try_get(0).filter(|first| first.key == WRITER)?;
    let seq = headers.try_get(1).filter(|second| second.key == SEQ)?;
    let seq = std::str::from_utf8(seq.value?).ok()?.parse().ok()?;
    Some((writer.value?, seq))
}
