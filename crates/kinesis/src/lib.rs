//! Kinesis streams: addresses, shards read in order across splits and merges, throttling; for the journal and for the
//! source.
//!
//! It is: a client that waits when it is told to, a reader that knows which shard comes after which, and a writer that
//! repeats only what was refused. It is not: a consumer group (who reads what is decided elsewhere), nor does it know
//! what a record holds. Enhanced fan-out is left out.
//!
//! What holds always: records with the same hash key are read in the order in which the stream took them, however often
//! its shards were split and merged; a reader that goes on from a [`SequenceNumber`] either continues right behind it or
//! says that the stream no longer has what comes next ([`Error::Lost`]).
//!
//! ```
//! use headcount_kinesis::{Beginning, KinesisAddress};
//!
//! let address: KinesisAddress = "kinesis://eu-west-1/rsvps?from=earliest".parse()?;
//! assert_eq!((address.region(), address.stream()), ("eu-west-1", "rsvps"));
//! assert_eq!(address.beginning(), Beginning::Earliest);
//! # Ok::<(), headcount_address::AddressError>(())
//! ```

#![warn(missing_docs)]

pub use aws_sdk_kinesis::config::Credentials;

mod address;
mod client;
mod error;
mod forgotten;
mod graph;
mod hash_key;
mod options;
mod put;
mod reader;
mod record;
mod shard;
mod task;

pub use address::{Beginning, KinesisAddress};
pub use client::{Client, StreamSummary};
pub use error::{CallFailure, Error, FailureKind, Result};
pub use graph::{Graph, Shard};
pub use hash_key::HashKey;
pub use headcount_address::AddressError;
pub use headcount_clock::Delays;
pub use options::Options;
pub use put::{PUT_BYTES_MAX, PUT_RECORDS_MAX, Put, RECORD_BYTES_MAX};
pub use reader::{ReadPlan, StreamEvent, StreamReader};
pub use record::{SequenceNumber, StreamRecord};
pub use shard::ShardStart;
