//! Where the journal is, and how it is opened there.

#[cfg(feature = "kafka")]
use std::sync::Arc;
use std::{fmt, str::FromStr};

use anyhow::Result;
use headcount_address::{AddressError, scheme_of};
use headcount_journal::Journal;
#[cfg(feature = "kafka")]
use headcount_journal::kafka;
#[cfg(feature = "kinesis")]
use headcount_journal::kinesis;

#[cfg(any(feature = "kafka", feature = "kinesis"))]
use crate::cli::PARTITIONS;
#[cfg(feature = "kafka")]
use crate::roles::ingest::route::{lanes, route};

/// A journal that several processes share.
#[derive(Clone, Debug)]
pub(crate) enum JournalAddress {
    #[cfg(feature = "kafka")]
    Kafka(headcount_kafka::KafkaAddress),
    #[cfg(feature = "kinesis")]
    Kinesis(headcount_kinesis::KinesisAddress),
}

impl FromStr for JournalAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match scheme_of(text).as_deref() {
            #[cfg(feature = "kafka")]
            Some("kafka") => text.parse().map(Self::Kafka),
            #[cfg(feature = "kinesis")]
            Some("kinesis") => text.parse().map(Self::Kinesis),
            #[cfg(not(feature = "kafka"))]
            Some("kafka") => Err(AddressError::not_built(text, "Kafka")),
            #[cfg(not(feature = "kinesis"))]
            Some("kinesis") => Err(AddressError::not_built(text, "Kinesis")),
            _ => Err(AddressError::new(
                text,
                "there is no journal at such an address",
                "write kafka://HOST:PORT,HOST:PORT/NAME or kinesis://REGION/STREAM, or leave it away for a journal in \
                 the data folder",
            )),
        }
    }
}

#[cfg_attr(
    not(any(feature = "kafka", feature = "kinesis")),
    expect(
        unused_variables,
        reason = "without an engine there is no address to match"
    )
)]
impl fmt::Display for JournalAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            #[cfg(feature = "kafka")]
            Self::Kafka(ref address) => address.fmt(out),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(ref address) => address.fmt(out),
        }
    }
}

#[cfg_attr(
    not(any(feature = "kafka", feature = "kinesis")),
    expect(
        unused_variables,
        reason = "without an engine there is no address to match"
    )
)]
impl JournalAddress {
    /// Opens the journal; to write to it, and to make one with so many partitions, if `writes`. `worker` is the name
    /// under which this process does: of two with one name the older is refused.
    pub(crate) fn open(
        &self,
        partitions: Option<u16>,
        worker: &str,
        writes: bool,
    ) -> Result<Journal> {
        match *self {
            #[cfg(feature = "kafka")]
            Self::Kafka(ref address) => {
                let mut options = kafka::Options::new(address.clone(), worker, Arc::new(route))?;
                options.lanes = lanes();
                options.partitions = partitions.or(options.partitions);
                options.new_partitions = PARTITIONS;
                options.creates = writes;
                options.writes = writes;
                Ok(Journal::kafka(options)?)
            }
            #[cfg(feature = "kinesis")]
            Self::Kinesis(ref address) => {
                // One process writes and counts such a journal: nobody needs its name, and it makes it.
                let _ = (worker, writes);
                let mut options = kinesis::Options::new(address.clone());
                options.partitions = partitions.or(options.partitions);
                options.new_partitions = PARTITIONS;
                Ok(Journal::kinesis(options)?)
            }
        }
    }

    /// Whether several processes may count the journal's partitions.
    pub(crate) fn shares_partitions(&self) -> bool {
        match *self {
            #[cfg(feature = "kafka")]
            Self::Kafka(_) => true,
            #[cfg(feature = "kinesis")]
            Self::Kinesis(_) => false,
        }
    }
}
