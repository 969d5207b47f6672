//! The address of a shared journal, and how to open it.

use std::{fmt, str::FromStr};

use anyhow::Result;
use headcount_address::{AddressError, scheme_of};
use headcount_journal::Journal;
#[cfg(feature = "kafka")]
use headcount_journal::kafka::{self, JournalTopic};
#[cfg(feature = "kinesis")]
use headcount_journal::kinesis;
#[cfg(feature = "kafka")]
use headcount_record::{Feed, Kind};

#[cfg(any(feature = "kafka", feature = "kinesis"))]
use crate::defaults::PARTITIONS;

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
                "a journal cannot be at such an address",
                "write kafka://HOST:PORT,HOST:PORT/NAME or kinesis://REGION/STREAM, or omit it for a journal in \
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
    /// Opens the journal; with `writes` to write to it, and to create one with this many partitions. `worker` is the
    /// name of this process: a newer writer of the same name fences it.
    pub(crate) fn open(
        &self,
        partitions: Option<u16>,
        worker: &str,
        writes: bool,
    ) -> Result<Journal> {
        match *self {
            #[cfg(feature = "kafka")]
            Self::Kafka(ref address) => {
                let mut options = kafka::Options::new(address.clone(), worker, topics())?;
                options.partitions = partitions.or(options.partitions);
                options.new_partitions = PARTITIONS;
                options.creates = writes;
                options.writes = writes;
                Ok(Journal::kafka(options)?)
            }
            #[cfg(feature = "kinesis")]
            Self::Kinesis(ref address) => {
                // One process both writes and counts such a journal, so it always creates it and needs no name.
                let _ = (worker, writes);
                let mut options = kinesis::Options::new(address.clone());
                options.partitions = partitions.or(options.partitions);
                options.new_partitions = PARTITIONS;
                Ok(Journal::kinesis(options)?)
            }
        }
    }
}

/// The topics of a journal on Kafka: one for each feed, one for dead letters, and one for the records of all schemas that
/// the journal registers.
#[cfg(feature = "kafka")]
fn topics() -> Vec<JournalTopic> {
    let feeds = Feed::ALL.map(Kind::of).into_iter();
    let mut topics: Vec<_> = feeds
        .chain([Kind::DEAD_LETTER])
        .map(|kind| JournalTopic::of_kind(kind.name(), kind.number()))
        .collect();
    let [first, last] = [Kind::FIRST_REGISTERED, Kind::LAST_REGISTERED].map(Kind::number);
    topics.push(JournalTopic {
        name: "other".to_owned(),
        kinds: (first, last),
    });
    topics
}

#[cfg(all(test, feature = "kafka"))]
mod tests {
    use super::*;

    /// They are recorded in journals: another name or number here is another format.
    #[test]
    fn the_topics_of_journals_stay_what_they_are() {
        let topics = topics();
        let told: Vec<_> = (topics.iter())
            .map(|topic| (&*topic.name, topic.kinds))
            .collect();
        let right = [
            ("rsvps", (1, 1)),
            ("open_events", (2, 2)),
            ("photos", (3, 3)),
            ("event_comments", (4, 4)),
            ("open_venues", (5, 5)),
            ("dead-letters", (6, 6)),
            ("other", (16, 254)),
        ];
        assert_eq!(told, right);
    }
}
