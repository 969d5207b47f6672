//! Where records come from: streams, files, engines and the simulation.
//!
//! A source is started from its [`SourceAddress`] and pushes [`message::MessageBatch`]es into a bounded [`sink`]: messages as
//! they arrived, gaps in which something may be lost, and with each batch the position from which it can go on. The
//! program stores the position together with the records, and gives it back when the source is started again.
//!
//! It does: find where one value ends and the next begins, unpack, resume, reconnect, keep account of gaps, wait when the
//! program is slow. It does not: decode, judge or change records, write to the journal, count anything but itself. The
//! time of a record, by which a stream is asked to go on and a replay is paced, is read by a function that the program
//! hands in ([`ReadTime`]).
//!
//! What holds always: a file, the simulation, a topic of Kafka and a stream of Kinesis bring every record exactly once to
//! a program that stores positions with records; an HTTP stream that can be asked again brings every record at least
//! once; wherever something may be lost a gap says so.
//!
//! ```
//! use headcount_source::{AnySource, Ended, Resume, SourceAddress, shutdown, sink, status};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let path = std::env::temp_dir().join("headcount-source-example.ndjson");
//! std::fs::write(&path, "{\"rsvp_id\":1}\n{'rsvp_id':2}\n{\"rsvp_id\":3}\n")?;
//! let address: SourceAddress = format!("file:{}", path.display()).parse()?;
//!
//! let (sink, mut inbox) = sink::channel(sink::SinkLimits::default());
//! let (report, _status) = status::status(address.to_string());
//! let (_trigger, shutdown) = shutdown::shutdown();
//! let source = tokio::spawn(AnySource::new(address).run(sink, Resume::fresh(), report, shutdown));
//!
//! let mut messages = 0;
//! while let Some(delivery) = inbox.next().await {
//!     messages += delivery.batch.messages();
//! }
//! assert_eq!((source.await??, messages), (Ended::Finished, 3));
//! # std::fs::remove_file(path)?;
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

pub mod address;
pub mod message;
pub mod sink;
pub mod status;

mod envelope;
pub mod files;
pub mod framing;
mod http;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kinesis")]
mod kinesis;
mod simulated;
mod stdin;
mod websocket;

mod any_source;
mod certificate;
mod check;
pub mod error;
mod http_client;
#[cfg(test)]
mod network_faults;
mod outage;
pub mod position;
mod record_time;
mod refusal;
mod run;
mod shown;
pub mod shutdown;
mod stream;
#[cfg(test)]
mod testing;
mod utf16;
mod value_watch;

pub use address::SourceAddress;
pub use any_source::AnySource;
pub use error::{Ended, Error};
pub use headcount_clock::Delays;
#[cfg(feature = "kafka")]
pub use kafka::TopicAddress;
pub use message::{Message, MessageBatch, SourceItem};
pub use position::{Position, Resume, ResumeState};
pub use record_time::{ReadTime, RecordTime};
pub use run::Options;
pub use shutdown::Shutdown;
pub use status::Status;
