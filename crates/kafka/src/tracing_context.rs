//! Passes what the client library reports on to `tracing`.

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

/// The context of a client with no needs of its own: it passes what the library reports on to `tracing`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingContext;

impl ClientContext for TracingContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The caller that waits for a broker reports that it is away; this is the detail.
        tracing::debug!(%error, "kafka: {reason}");
    }
}

impl ConsumerContext for TracingContext {}

/// Passes a log line of the client library on to `tracing`, for contexts that do more than that.
pub fn log_line(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!("kafka: {facility}: {message}");
        }
        // The library calls every lost connection an error, and tries again by itself.
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => {
            tracing::debug!("kafka: {facility}: {message}");
        }
        RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::trace!("kafka: {facility}: {message}");
        }
    }
}
