//! What the client library says only in its log.

use std::sync::atomic::{AtomicBool, Ordering};

use headcount_kafka::{TracingContext, log_line};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

/// The library notices that a topic was recreated, and reads on in the new one where it stood in the old. It says so
/// only in its log, before any of the new records is in its queue: that is noticed here.
#[derive(Debug, Default)]
pub(super) struct LogContext {
    made_anew: AtomicBool,
}

/// The id of a topic of which none was known.
const NO_ID: &str = "from AAAAAAAAAAAAAAAAAAAAAA to";

impl LogContext {
    /// Whether a topic is another one than when the session began.
    pub(super) fn made_anew(&self) -> bool {
        self.made_anew.load(Ordering::Relaxed)
    }
}

impl ClientContext for LogContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if message.contains(" changed id from ") && !message.contains(NO_ID) {
            self.made_anew.store(true, Ordering::Relaxed);
        }
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        TracingContext.error(error, reason);
    }
}

impl ConsumerContext for LogContext {}
