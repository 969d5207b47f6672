//! The delivery reports of messages handed to the client library.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::Message as _;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{NoCustomPartitioner, ProducerContext};

use headcount_kafka::log_line;

/// The offsets of the messages that were asked about, and the first failure.
#[derive(Default)]
pub(super) struct Deliveries {
    state: Mutex<DeliveryState>,
    /// Notified when nothing is outstanding any more.
    all: Condvar,
}

#[derive(Default)]
struct DeliveryState {
    /// Handed over, and not reported yet.
    outstanding: usize,
    offsets: Vec<Option<i64>>,
    failed: Option<String>,
}

/// A message whose offset is asked for, by its index; `NOT_ASKED` for all others.
pub(super) type Slot = usize;

pub(super) const NOT_ASKED: Slot = usize::MAX;

impl Deliveries {
    /// Forgets the previous transaction; the next one has this many slots.
    pub(super) fn begin(&self, slots: usize) {
        *self.lock() = DeliveryState {
            outstanding: 0,
            offsets: vec![None; slots],
            failed: None,
        };
    }

    /// Says that a message is about to be handed over.
    pub(super) fn expect(&self) {
        self.lock().outstanding += 1;
    }

    /// Says that it was not.
    pub(super) fn expect_not(&self) {
        self.lock().settle();
    }

    /// Waits until every message is reported, at most for `limit`; true if all are.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let state = self.lock();
        let (state, _) = self
            .all
            .wait_timeout_while(state, limit, |state| state.outstanding > 0)
            .unwrap_or_else(PoisonError::into_inner);
        state.outstanding == 0
    }

    pub(super) fn failed(&self) -> Option<String> {
        self.lock().failed.clone()
    }

    pub(super) fn offset(&self, slot: Slot) -> Option<i64> {
        self.lock().offsets.get(slot).copied().flatten()
    }

    fn lock(&self) -> MutexGuard<'_, DeliveryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeliveryState {
    fn settle(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "kafka: {reason}");
    }
}

impl ProducerContext<NoCustomPartitioner> for Deliveries {
    type DeliveryOpaque = Slot;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: Slot) {
        let mut state = self.lock();
        match result {
            Ok(message) => {
                // That of a message that is not asked for is not there.
                if let Some(offset) = state.offsets.get_mut(slot) {
                    *offset = Some(message.offset());
                }
            }
            Err((error, _)) => {
                state.failed.get_or_insert_with(|| error.to_string());
            }
        }
        state.settle();
        if state.outstanding == 0 {
            self.all.notify_all();
        }
    }
}
