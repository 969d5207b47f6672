//! Where something is in Kafka: brokers, a name, and what the user of it wants to know besides.

use std::fmt;
use std::str::FromStr;

use headcount_address::{Address, AddressError};
use rdkafka::ClientConfig;

use crate::PORT;

const FORM: &str = "kafka://HOST:PORT,HOST:PORT/NAME, for instance kafka://localhost:9092/meetup";

/// The longest name of a topic that Kafka takes.
const NAME_BYTES_MAX: usize = 249;

/// Beginnings of parameters that would have to change how a connection is made.
const CONNECTION: [&str; 6] = ["ssl", "sasl", "tls", "security", "user", "pass"];

/// Parameters that some user of such an address takes. None is a secret.
const SHOWN: [&str; 6] = [
    "partitions",
    "replication",
    "min_insync",
    "retention_ms",
    "session_ms",
    "from",
];

/// `kafka://host:port,host:port/name?key=value&key=value`. `name` is a topic, the beginning of the names of several, or
/// several with commas. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KafkaAddress {
    address: Address,
    name: String,
}

impl KafkaAddress {
    /// The brokers to begin with, `host:port` each, with commas.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        let brokers: Vec<String> = self
            .address
            .hosts()
            .iter()
            .map(ToString::to_string)
            .collect();
        brokers.join(",")
    }

    /// The topic, or what the names of the topics begin with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is given for a parameter.
    #[must_use]
    pub fn param(&self, key: &str) -> Option<&str> {
        self.address.param(key)
    }

    /// What is given for a parameter, read as a number or the like.
    ///
    /// # Errors
    /// When it is not one; `expected` says in a few words what it should be.
    pub fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, AddressError> {
        self.address.parsed(key, expected)
    }

    /// What is given for a parameter, as `read` reads it.
    ///
    /// # Errors
    /// When `read` has nothing for it; `expected` says in a few words what it should be.
    pub fn checked<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, AddressError> {
        self.address.checked(key, expected, read)
    }

    /// Refuses an address that has other parameters than these.
    ///
    /// # Errors
    /// Names the first such parameter.
    pub fn only(&self, known: &[&str]) -> Result<(), AddressError> {
        self.address.only(known)
    }

    /// What every client of this address has in common; each adds its own.
    #[must_use]
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", self.bootstrap())
            .set("client.id", "headcount")
            // A topic that is misspelt must not come into being by being asked for.
            .set("allow.auto.create.topics", "false")
            .set("socket.keepalive.enable", "true")
            // A broker that was away is looked for again at once, then at most every second.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000");
        config
    }
}

impl FromStr for KafkaAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (address, name) = parse(text)?;
        check_name(&address, &name)?;
        Ok(Self { address, name })
    }
}

impl KafkaAddress {
    /// Reads an address of several topics, `kafka://host/topic,topic`: their names, in their order, beside the address.
    ///
    /// # Errors
    /// When it is no address of Kafka, or names a topic twice.
    pub fn of_topics(text: &str) -> Result<(Self, Vec<String>), AddressError> {
        let (address, name) = parse(text)?;
        let mut topics: Vec<String> = Vec::new();
        for topic in name.split(',') {
            check_name(&address, topic)?;
            if topics.iter().any(|earlier| earlier == topic) {
                return Err(address
                    .refuse_with(format!("the topic {topic} is given twice"), "leave one out"));
            }
            topics.push(topic.to_owned());
        }
        Ok((Self { address, name }, topics))
    }
}

fn parse(text: &str) -> Result<(Address, String), AddressError> {
    let address = Address::parse(text, FORM)?
        .showing(&SHOWN)
        .with_default_port(PORT);
    if address.scheme() != "kafka" {
        return Err(address.refuse("it does not begin with kafka://"));
    }
    let secured = address.keys().find(|key| {
        CONNECTION
            .iter()
            .any(|beginning| key.starts_with(beginning))
    });
    if address.login().is_some() || secured.is_some() {
        return Err(address.refuse_with(
            format!(
                "{} asks for TLS or SASL, but this headcount is built without them",
                secured.unwrap_or("a user before the @")
            ),
            "use a plaintext listener of the brokers, inside a trusted network or through a tunnel",
        ));
    }
    if address.hosts().is_empty() {
        return Err(address.refuse("it names no broker"));
    }
    let name = address.name()?;
    Ok((address, name))
}

fn check_name(address: &Address, name: &str) -> Result<(), AddressError> {
    let wrong = |why: &str| Err(address.refuse(format!("\"{}\" {why}", Address::quote(name))));
    if name.is_empty() || name == "." || name == ".." {
        return wrong("is not the name of a topic");
    }
    if name.len() > NAME_BYTES_MAX {
        return wrong("is longer than the 249 letters of a topic");
    }
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
    {
        return wrong("has other letters than a-z, A-Z, 0-9, '.', '_' and '-'");
    }
    Ok(())
}

impl fmt::Display for KafkaAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}
