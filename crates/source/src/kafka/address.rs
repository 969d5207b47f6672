//! Which topics, of which Kafka, from where on.

use std::fmt;
use std::str::FromStr;

use headcount_address::AddressError;
use headcount_kafka::KafkaAddress;

/// Topics of one Kafka: `kafka://host:port,host:port/topic,topic?from=earliest`. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicAddress {
    kafka: KafkaAddress,
    topics: Vec<String>,
    from: From,
}

/// Where a partition begins that was never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum From {
    /// At the oldest record there is.
    #[default]
    Earliest,
    /// With what comes after the source was started for the first time.
    Latest,
    /// At the first record of this time (ms since 1970, by the record's timestamp in Kafka) or later.
    Time(i64),
}

impl TopicAddress {
    /// The brokers, and what every client of theirs has in common.
    pub(super) fn kafka(&self) -> &KafkaAddress {
        &self.kafka
    }

    /// Their names, in the order in which they were given.
    pub fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Where a partition begins that was never read.
    pub fn from(&self) -> From {
        self.from
    }
}

impl FromStr for TopicAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (kafka, topics) = KafkaAddress::of_topics(text)?;
        kafka.only(&["from"])?;
        let from = kafka.checked(
            "from",
            "earliest, latest or milliseconds since 1970",
            From::read,
        )?;
        Ok(TopicAddress {
            kafka,
            topics,
            from: from.unwrap_or_default(),
        })
    }
}

impl From {
    fn read(text: &str) -> Option<Self> {
        match text {
            "earliest" => Some(From::Earliest),
            "latest" => Some(From::Latest),
            text => text.parse().ok().filter(|ms| *ms >= 0).map(From::Time),
        }
    }
}

impl fmt::Display for TopicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "kafka://{}/{}",
            self.kafka.bootstrap(),
            self.topics.join(",")
        )?;
        match self.from {
            From::Earliest => Ok(()),
            From::Latest => f.write_str("?from=latest"),
            From::Time(ms) => write!(f, "?from={ms}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn it_is_understood_and_printed() {
        for (text, shown) in [
            ("kafka://h/meetup", "kafka://h:9092/meetup"),
            ("kafka://a:1,b/x?from=earliest", "kafka://a:1,b:9092/x"),
            (
                "kafka://[::1]:9/x,y.z?from=latest",
                "kafka://[::1]:9/x,y.z?from=latest",
            ),
            (
                "kafka://h:1/x?from=1700000000000",
                "kafka://h:1/x?from=1700000000000",
            ),
        ] {
            let address: TopicAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            let again: TopicAddress = shown.parse().unwrap();
            assert_eq!(
                (again.from(), again.to_string()),
                (address.from(), address.to_string())
            );
        }
        let address: TopicAddress = "kafka://h/a,b".parse().unwrap();
        assert_eq!(address.topics(), ["a", "b"]);
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_reason() {
        for (text, part) in [
            ("kafka://h", "write kafka://HOST:PORT"),
            ("kafka://h/", "not the name of a topic"),
            ("kafka://h/a,", "not the name of a topic"),
            ("kafka://h/a,a", "given twice"),
            ("kafka://h/a b", "other letters"),
            (
                "kafka://h/a?from=yesterday",
                "earliest, latest or milliseconds",
            ),
            ("kafka://h/a?from=-1", "earliest, latest or milliseconds"),
            ("kafka://h/a?group=x", "group means nothing"),
            ("kafka://h/a?sasl.password=hunter2", "TLS or SASL"),
            ("kafka://joe:hunter2@h/a", "TLS or SASL"),
            ("kafka://h:0/a", "the port of h"),
        ] {
            let error = text.parse::<TopicAddress>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
