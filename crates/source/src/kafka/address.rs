//! Which topics, of which Kafka, from where on.

use std::fmt;
use std::str::FromStr;

use headcount_kafka::KafkaAddress;

use crate::address::AddressError;
use crate::shown::fit_to_show;

/// Topics of one Kafka: `kafka://host:port,host:port/topic,topic?from=earliest`. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicAddress {
    /// With the first of the topics.
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
        let refuse = |sentence: String| AddressError(sentence);
        let (place, query) = match text.split_once('?') {
            Some((place, query)) => (place, format!("?{query}")),
            None => (text, String::new()),
        };
        let hosts_end = place.rfind('/').map_or(place.len(), |slash| slash + 1);
        let (hosts, names) = place.split_at(hosts_end);
        let mut kafka = None;
        let mut topics: Vec<String> = Vec::new();
        for name in names.split(',') {
            let one: KafkaAddress = format!("{hosts}{name}{query}")
                .parse()
                .map_err(|error: headcount_kafka::AddressError| refuse(error.to_string()))?;
            one.only(&["from"])
                .map_err(|error| refuse(error.to_string()))?;
            if topics.iter().any(|topic| topic == name) {
                return Err(refuse(format!("the topic {name} is given twice")));
            }
            topics.push(name.to_owned());
            kafka.get_or_insert(one);
        }
        let kafka = kafka.ok_or_else(|| refuse("the address names no topic".to_owned()))?;
        let from = from(kafka.param("from"))?;
        Ok(TopicAddress {
            kafka,
            topics,
            from,
        })
    }
}

fn from(text: Option<&str>) -> Result<From, AddressError> {
    match text {
        None | Some("earliest") => Ok(From::Earliest),
        Some("latest") => Ok(From::Latest),
        Some(text) => match text.parse() {
            Ok(ms) if ms >= 0 => Ok(From::Time(ms)),
            _ => Err(AddressError(format!(
                "from={} is no place to begin: write earliest, latest or milliseconds since 1970",
                fit_to_show(text)
            ))),
        },
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
            ("kafka://h", "kafka://host:port"),
            ("kafka://h/", "no name of a topic"),
            ("kafka://h/a,", "no name of a topic"),
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
            ("kafka://h:0/a", "port"),
        ] {
            let error = text.parse::<TopicAddress>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
