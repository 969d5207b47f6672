//! Transactions of one transactional id, and what their failures mean.

use std::fmt;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseRecord, Producer as _, PurgeConfig, ThreadedProducer};

use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::kafka::delivery::{Deliveries, NOT_ASKED, Slot};
use crate::kafka::message::MESSAGE_BYTES_MAX;
use crate::latch::Latch;

/// How long one call into the client library may take before we look around.
const STEP: Duration = Duration::from_secs(1);

/// How long to wait before a call that failed is tried again, where nothing tells when it may succeed.
const BACKOFF: Duration = Duration::from_millis(10);

/// How long deliveries are waited for before a fatal error of the client, of which nothing tells, is looked for.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Bytes that may wait in the client library: the longest batch with what belongs to it.
const BUFFER_KIB: &str = "131072";

/// Why a transaction failed.
#[derive(Debug)]
pub(super) enum TransactionFailure {
    /// It must be aborted and can be begun again.
    Abort(String),
    /// These transactions have ended: another process has the id, or Kafka has given this one up.
    Renew(String),
    /// Nothing will help.
    Fatal(String),
    /// The journal is being closed and does not wait any longer.
    GivenUp,
}

impl fmt::Display for TransactionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abort(why) | Self::Renew(why) | Self::Fatal(why) => f.write_str(why),
            Self::GivenUp => f.write_str("the brokers did not answer in time"),
        }
    }
}

/// A producer whose id is its own: the one that had it before can write no more.
pub(super) struct Transactions {
    /// Its own thread receives delivery reports: polling for the last of them would go on waiting after it has
    /// arrived.
    producer: ThreadedProducer<Deliveries>,
}

impl Transactions {
    /// Takes over a transactional id; what was under way under it is settled when this returns. The outer error is
    /// for good, the inner one may pass.
    pub(super) fn open(cluster: &Cluster, id: &str) -> Result<Result<Self, TransactionFailure>> {
        let Self { producer } = Self::connect(cluster, id)?;
        let deadline = Instant::now() + cluster.options.request_timeout;
        loop {
            match producer.init_transactions(STEP).map_err(failure_of) {
                Ok(()) => return Ok(Ok(Self { producer })),
                Err(OperationFailure::Again(_)) if Instant::now() < deadline => {}
                Err(OperationFailure::Again(why)) => {
                    return Err(Error::cluster("write to", &cluster.options.address, &why));
                }
                Err(OperationFailure::Failed(TransactionFailure::Fatal(why))) => {
                    return Err(Error::cluster("write to", &cluster.options.address, &why));
                }
                Err(OperationFailure::Failed(failure)) => return Ok(Err(failure)),
            }
        }
    }

    /// As [`Transactions::open`], but waits without limit, or until `give_up` is set.
    pub(super) fn reopen(
        cluster: &Cluster,
        id: &str,
        give_up: &Latch,
    ) -> Result<Self, TransactionFailure> {
        let Self { producer } = Self::connect(cluster, id)
            .map_err(|error| TransactionFailure::Fatal(error.to_string()))?;
        let this = Self { producer };
        // Whoever opens anew is waiting already, and has said so.
        this.until(give_up, |_| (), || this.producer.init_transactions(STEP))?;
        Ok(this)
    }

    fn connect(cluster: &Cluster, id: &str) -> Result<Self> {
        let options = &cluster.options;
        let producer = options
            .address
            .config()
            .set("transactional.id", id)
            .set(
                "transaction.timeout.ms",
                options.transaction_timeout.as_millis().to_string(),
            )
            .set("acks", "all")
            .set("compression.type", "lz4")
            .set("message.max.bytes", MESSAGE_BYTES_MAX.to_string())
            .set("batch.size", "1000000")
            .set("linger.ms", "1")
            .set("queue.buffering.max.kbytes", BUFFER_KIB)
            .set("queue.buffering.max.messages", "2000000")
            .create_with_context(Deliveries::default())
            .map_err(|error| Error::cluster("connect to", &options.address, &error))?;
        Ok(Self { producer })
    }

    /// Begins a transaction; the offsets of `slots` of its messages will be asked for.
    pub(super) fn begin(&self, slots: usize) -> Result<(), TransactionFailure> {
        self.producer.context().begin(slots);
        self.producer
            .begin_transaction()
            .map_err(|error| match failure_of(error) {
                OperationFailure::Again(why) => TransactionFailure::Abort(why),
                OperationFailure::Failed(failure) => failure,
            })
    }

    /// Hands over a message whose offset is not needed.
    pub(super) fn send(
        &self,
        topic: &str,
        partition: u16,
        key: Option<&[u8]>,
        body: &[u8],
        headers: Option<OwnedHeaders>,
    ) -> Result<(), TransactionFailure> {
        self.send_noting(topic, partition, key, body, headers, NOT_ASKED)
    }

    /// Hands over a message; waits while the library has no room.
    pub(super) fn send_noting(
        &self,
        topic: &str,
        partition: u16,
        key: Option<&[u8]>,
        body: &[u8],
        headers: Option<OwnedHeaders>,
        slot: Slot,
    ) -> Result<(), TransactionFailure> {
        let mut record = BaseRecord::with_opaque_to(topic, slot)
            .partition(i32::from(partition))
            .payload(body);
        record.key = key;
        record.headers = headers;
        let deliveries = self.producer.context();
        loop {
            // Before it is, for it may be delivered before the next line.
            deliveries.expect();
            let Err((error, back)) = self.producer.send(record) else {
                return Ok(());
            };
            deliveries.expect_not();
            match error {
                KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => record = back,
                error => return Err(TransactionFailure::of(&error)),
            }
            deliveries.wait(BACKOFF);
            self.check()?;
        }
    }

    /// Waits until everything handed over is acknowledged. A message that is not in time fails by itself.
    pub(super) fn flush(&self, give_up: &Latch) -> Result<(), TransactionFailure> {
        while !self.producer.context().wait(POLL_INTERVAL) {
            self.check()?;
            if give_up.is_set() {
                return Err(TransactionFailure::GivenUp);
            }
        }
        // The library forgets a message a little after it has told of it, and would wait long for that itself.
        while self.producer.in_flight_count() > 0 {
            std::thread::yield_now();
        }
        self.check()
    }

    /// Commits. As long as the outcome is not known it is asked for again, which never doubles anything; `waits` is
    /// told why, for brokers that are away leave this call waiting for as long as they are.
    pub(super) fn commit(
        &self,
        give_up: &Latch,
        waits: impl Fn(&str),
    ) -> Result<(), TransactionFailure> {
        self.until(give_up, waits, || self.producer.commit_transaction(STEP))
    }

    /// Leaves nothing of the transaction.
    pub(super) fn abort(&self, give_up: &Latch) -> Result<(), TransactionFailure> {
        self.producer
            .purge(PurgeConfig::default().queue().inflight());
        self.until(give_up, |_| (), || self.producer.abort_transaction(STEP))?;
        // What is still said of these messages must not be taken for the next ones.
        match self.producer.context().wait(STEP) {
            true => Ok(()),
            false => Err(TransactionFailure::Renew(
                "the client library did not report the outcome of every message".to_owned(),
            )),
        }
    }

    /// The offset that the broker gave a message.
    pub(super) fn offset(&self, slot: Slot) -> Option<i64> {
        self.producer.context().offset(slot)
    }

    fn check(&self) -> Result<(), TransactionFailure> {
        if let Some((code, why)) = self.producer.client().fatal_error() {
            return Err(TransactionFailure::of_code(code, why));
        }
        self.producer
            .context()
            .failed()
            .map_or(Ok(()), |why| Err(TransactionFailure::Abort(why)))
    }

    fn until(
        &self,
        give_up: &Latch,
        waits: impl Fn(&str),
        act: impl Fn() -> Result<(), KafkaError>,
    ) -> Result<(), TransactionFailure> {
        loop {
            match act().map_err(failure_of) {
                Ok(()) => return Ok(()),
                Err(OperationFailure::Failed(failure)) => return Err(failure),
                Err(OperationFailure::Again(why)) => {
                    waits(&why);
                    if give_up.wait(BACKOFF) {
                        return Err(TransactionFailure::GivenUp);
                    }
                }
            }
        }
    }
}

/// Why one call on a transaction failed.
enum OperationFailure {
    /// The same call again goes on where this one stopped.
    Again(String),
    Failed(TransactionFailure),
}

fn failure_of(error: KafkaError) -> OperationFailure {
    match &error {
        KafkaError::Transaction(inner) if inner.is_retriable() && !inner.is_fatal() => {
            OperationFailure::Again(inner.string())
        }
        KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut) => {
            OperationFailure::Again(error.to_string())
        }
        KafkaError::Transaction(inner) if inner.txn_requires_abort() => {
            OperationFailure::Failed(TransactionFailure::Abort(inner.string()))
        }
        KafkaError::Transaction(inner) => {
            OperationFailure::Failed(TransactionFailure::of_code(inner.code(), inner.string()))
        }
        _ => OperationFailure::Failed(TransactionFailure::of(&error)),
    }
}

impl TransactionFailure {
    fn of(error: &KafkaError) -> Self {
        match error.rdkafka_error_code() {
            Some(code) => Self::of_code(code, error.to_string()),
            None => Self::Abort(error.to_string()),
        }
    }

    fn of_code(code: RDKafkaErrorCode, why: String) -> Self {
        use RDKafkaErrorCode as Code;
        match code {
            Code::Fenced
            | Code::ProducerFenced
            | Code::InvalidProducerEpoch
            | Code::TransactionCoordinatorFenced
            | Code::InvalidProducerIdMapping
            | Code::UnknownProducerId
            | Code::OutOfOrderSequenceNumber
            | Code::InvalidTransactionalState
            | Code::State
            | Code::Inconsistent
            | Code::Fatal => Self::Renew(why),
            Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature
            | Code::InvalidTransactionTimeout
            | Code::MessageSizeTooLarge
            | Code::InvalidArgument => Self::Fatal(why),
            _ => Self::Abort(why),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::RefCell;

    use headcount_test_servers::Kafka;

    use super::{TransactionFailure, Transactions};
    use crate::kafka::cluster::Cluster;
    use crate::kafka::{JournalTopic, KafkaJournal, Options};
    use crate::latch::Latch;

    /// The broker goes between the last acknowledgement and the commit, where nothing fails: the library asks for the
    /// outcome for as long as it takes.
    #[test]
    fn a_commit_whose_broker_is_away_says_so_and_ends_when_told() {
        let kafka = Kafka::start();
        let address = format!("kafka://{}/commit", kafka.bootstrap());
        let topics = vec![JournalTopic::of_kind("rsvps", 0)];
        let options = Options::new(address.parse().unwrap(), "worker", topics).unwrap();
        // Makes the topics.
        (KafkaJournal::open(options.clone()).unwrap().close()).unwrap();
        let cluster = Cluster::connect(options).unwrap();
        let transactions = Transactions::open(&cluster, "other").unwrap().unwrap();
        let give_up = Latch::default();
        transactions.begin(0).unwrap();
        let rsvps = cluster.topic("rsvps");
        transactions.send(&rsvps, 0, None, b"{}", None).unwrap();
        transactions.flush(&give_up).unwrap();
        kafka.kill();
        let said = RefCell::new(Vec::new());
        let outcome = transactions.commit(&give_up, |why| {
            said.borrow_mut().push(why.to_owned());
            give_up.set();
        });
        assert!(
            matches!(outcome, Err(TransactionFailure::GivenUp)),
            "{outcome:?}"
        );
        assert_eq!(said.into_inner().len(), 1);
    }
}
