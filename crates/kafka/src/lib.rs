//! Addresses and client configuration of Kafka, for the journal and for the source.
//!
//! It is: the text `kafka://host:port,host:port/name?key=value` taken apart, and what every client of ours has in
//! common. It is not: a journal, a source, or a list of what the keys after the `?` mean; each user of an
//! address says which it takes ([`KafkaAddress::only`]).
//!
//! ```
//! use headcount_kafka::KafkaAddress;
//!
//! # fn main() -> Result<(), headcount_address::AddressError> {
//! let address: KafkaAddress = "kafka://one,two:9093/meetup?from=earliest".parse()?;
//! assert_eq!(address.bootstrap(), "one:9092,two:9093");
//! assert_eq!(address.name(), "meetup");
//! assert_eq!(address.param("from"), Some("earliest"));
//! assert_eq!(address.to_string(), "kafka://one:9092,two:9093/meetup?from=earliest");
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod address;
#[cfg(test)]
mod tests;
mod tracing_context;

pub use address::KafkaAddress;
pub use headcount_address::AddressError;
pub use tracing_context::{TracingContext, log_line};

/// The port of a broker whose address names none.
pub const PORT: u16 = 9092;
