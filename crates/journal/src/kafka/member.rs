//! A member of a consumer group over the topic of commits. The group shares partitions and nothing else: no message is
//! ever taken through it.

use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use headcount_kafka::log_line;

use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::latch::Latch;
use crate::membership::{Ack, Change};

/// How many changes may wait to be taken.
const CHANGES: usize = 16;

/// How long one poll of the group lasts before the thread checks whether to stop.
const SLICE: Duration = Duration::from_millis(50);

/// A member.
pub(crate) struct KafkaMember {
    changes: Receiver<Change>,
    consumer: Option<Arc<BaseConsumer<GroupContext>>>,
    thread: Option<JoinHandle<()>>,
}

/// What the group asks of its member, kept until the thread handles it.
struct GroupContext {
    asked: Mutex<Vec<Rebalance>>,
    stop: Latch,
}

enum Rebalance {
    Assigned(Vec<u16>),
    Revoked(TopicPartitionList, bool),
}

impl KafkaMember {
    pub(super) fn join(cluster: &Arc<Cluster>, group: &str, worker: &str) -> Result<Self> {
        let options = &cluster.options;
        let session = options.session_timeout.as_millis();
        let context = GroupContext {
            asked: Mutex::default(),
            stop: Latch::default(),
        };
        let failed =
            |error: KafkaError| Error::cluster("join the group of", &options.address, &error);
        let consumer: BaseConsumer<GroupContext> = options
            .address
            .config()
            .set("group.id", group)
            .set("client.id", worker)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", session.to_string())
            .set("heartbeat.interval.ms", (session / 4).to_string())
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("queued.max.messages.kbytes", "64")
            .create_with_context(context)
            .map_err(failed)?;
        consumer.subscribe(&[&cluster.commits]).map_err(failed)?;
        let consumer = Arc::new(consumer);
        let (tell, changes) = sync_channel(CHANGES);
        let run = MemberThread {
            consumer: Arc::clone(&consumer),
            tell,
            // Kafka allows a revocation five minutes; that is too long to wait for.
            revocation_timeout: options.request_timeout,
        };
        let thread = std::thread::Builder::new()
            .name("journal-member".to_owned())
            .spawn(move || run.run())
            .map_err(|error| Error::cluster("join the group of", &options.address, &error))?;
        Ok(Self {
            changes,
            consumer: Some(consumer),
            thread: Some(thread),
        })
    }

    pub(crate) fn next(&mut self, timeout: Duration) -> Result<Option<Change>> {
        match self.changes.recv_timeout(timeout) {
            Ok(change) => Ok(Some(change)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Error::Closed),
        }
    }
}

impl Drop for KafkaMember {
    fn drop(&mut self) {
        if let Some(consumer) = &self.consumer {
            consumer.context().stop.set();
        }
        // The last to let go of the consumer leaves the group, which takes a moment.
        self.consumer = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on standard error.
            let _ = thread.join();
        }
    }
}

struct MemberThread {
    consumer: Arc<BaseConsumer<GroupContext>>,
    tell: SyncSender<Change>,
    revocation_timeout: Duration,
}

impl MemberThread {
    fn run(self) {
        let group = Arc::clone(self.consumer.context());
        while !group.stop.is_set() {
            // Nothing is fetched, so what comes are the group's wishes, by way of its context, or errors that pass.
            if let Some(Err(error)) = self.consumer.poll(SLICE) {
                tracing::debug!(%error, "the consumer group reports an error");
            }
            for asked in group.take() {
                match asked {
                    Rebalance::Assigned(partitions) => self.say(Change::Assigned(partitions)),
                    Rebalance::Revoked(list, lost) => self.revoke(&list, lost),
                }
            }
        }
    }

    fn revoke(&self, list: &TopicPartitionList, lost: bool) {
        let partitions = numbers(list);
        if !partitions.is_empty() {
            if lost {
                self.say(Change::Lost(partitions));
            } else {
                let (open, gone) = channel();
                self.say(Change::Revoked(partitions, Ack::new(open)));
                let deadline = Instant::now() + self.revocation_timeout;
                while Instant::now() < deadline && !self.consumer.context().stop.is_set() {
                    match gone.recv_timeout(SLICE) {
                        Err(RecvTimeoutError::Timeout) => {}
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                    }
                }
            }
        }
        if let Err(error) = self.consumer.incremental_unassign(list) {
            tracing::warn!(%error, "could not give partitions back to the group");
        }
    }

    fn say(&self, mut change: Change) {
        loop {
            match self.tell.try_send(change) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(back)) => change = back,
            }
            if self.consumer.context().stop.wait(SLICE) {
                return;
            }
        }
    }
}

impl GroupContext {
    fn put(&self, asked: Rebalance) {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(asked);
    }

    fn take(&self) -> Vec<Rebalance> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "kafka: {reason}");
    }
}

impl ConsumerContext for GroupContext {
    /// An assignment is taken at once; a revocation is finished by the thread, when the partitions are laid down.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let done = if what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let partitions = numbers(list);
            if !partitions.is_empty() {
                self.put(Rebalance::Assigned(partitions));
            }
            consumer
                .incremental_assign(list)
                .and_then(|()| consumer.pause(list))
        } else if self.stop.is_set() {
            consumer.incremental_unassign(list)
        } else {
            self.put(Rebalance::Revoked(list.clone(), consumer.assignment_lost()));
            Ok(())
        };
        match done {
            Ok(()) => {}
            // A list that is empty leaves nothing to pause.
            Err(KafkaError::PauseResume(_)) if list.count() == 0 => {}
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Noop) => {}
            Err(error) => tracing::warn!(%error, "could not apply a rebalance of the group"),
        }
    }
}

fn numbers(list: &TopicPartitionList) -> Vec<u16> {
    list.elements()
        .iter()
        .filter_map(|element| u16::try_from(element.partition()).ok())
        .collect()
}
