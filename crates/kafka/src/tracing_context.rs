//! What the client library has to say, said where everything else of the program is.

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

/// The context of a client that has no wishes of its own: it tells what it hears to `tracing`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingContext;

impl ClientContext for TracingContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // A broker that is away is told of by whoever waits for it; this is the detail.
        tracing::debug!(%error, "kafka: {reason}");
    }
}

impl ConsumerContext for TracingContext {}

/// Tells a line of the client library to `tracing`, for contexts that have other things to do besides.
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
