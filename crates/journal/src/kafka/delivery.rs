//! What becomes of messages that were handed to the client library.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::Message as _;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{NoCustomPartitioner, ProducerContext};

use headcount_kafka::tell;

/// Where the messages one asks about came to lie, and the first failure.
#[derive(Default)]
pub(super) struct Deliveries(Mutex<State>);

#[derive(Default)]
struct State {
    offsets: Vec<Option<i64>>,
    failed: Option<String>,
}

/// A message whose offset is asked for, by its index; `NOT_ASKED` for all others.
pub(super) type Slot = usize;

pub(super) const NOT_ASKED: Slot = usize::MAX;

impl Deliveries {
    /// Forgets the transaction before; there are so many slots in the next.
    pub(super) fn begin(&self, slots: usize) {
        *self.lock() = State {
            offsets: vec![None; slots],
            failed: None,
        };
    }

    pub(super) fn failed(&self) -> Option<String> {
        self.lock().failed.clone()
    }

    pub(super) fn offset(&self, slot: Slot) -> Option<i64> {
        self.lock().offsets.get(slot).copied().flatten()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tell(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "kafka: {reason}");
    }
}

impl ProducerContext<NoCustomPartitioner> for Deliveries {
    type DeliveryOpaque = Slot;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: Slot) {
        match result {
            Ok(_) if slot == NOT_ASKED => {}
            Ok(message) => {
                if let Some(offset) = self.lock().offsets.get_mut(slot) {
                    *offset = Some(message.offset());
                }
            }
            Err((error, _)) => {
                self.lock().failed.get_or_insert_with(|| error.to_string());
            }
        }
    }
}
