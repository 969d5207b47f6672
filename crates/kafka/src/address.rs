//! One address: brokers, a name, and what the user of it wants to know besides.

use std::fmt;
use std::str::FromStr;

use rdkafka::ClientConfig;
use url::form_urlencoded;

use crate::PORT;

const SCHEME: &str = "kafka://";

/// The longest name of a topic that Kafka takes.
const NAME_BYTES_MAX: usize = 249;

/// Beginnings of keys that would have to change how a connection is made.
const CONNECTION: [&str; 6] = ["ssl", "sasl", "tls", "security", "user", "pass"];

/// Where something is in Kafka: `kafka://host:port,host:port/name?key=value&key=value`.
///
/// `name` is a topic, or the beginning of the names of several. Its `Display` holds no secret, for an address takes
/// none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KafkaAddress {
    brokers: Vec<String>,
    name: String,
    params: Vec<(String, String)>,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is written in another way.
    #[error(
        "a Kafka address is written kafka://host:port,host:port/name, for instance kafka://localhost:9092/meetup: {0}"
    )]
    Form(String),
    /// It asks for an encrypted or authenticated connection.
    #[error(
        "{0} asks Kafka for TLS or SASL, which this headcount is built without; give it a listener of the brokers that \
         is plain, inside a network that is trusted or through a tunnel"
    )]
    Secured(String),
    /// A key that means nothing here.
    #[error("{key} means nothing in this address; known are: {known}")]
    Unknown {
        /// The key.
        key: String,
        /// Those that are known.
        known: String,
    },
    /// The value of a key is not one it can have.
    #[error("{key}={value}: {expected}")]
    Value {
        /// The key.
        key: String,
        /// What was given.
        value: String,
        /// What can be given.
        expected: String,
    },
}

impl KafkaAddress {
    /// The brokers to begin with, `host:port` each, with commas.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        self.brokers.join(",")
    }

    /// The topic, or what the names of the topics begin with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is given for a key after the `?`.
    #[must_use]
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params
            .iter()
            .find_map(|(k, value)| (k == key).then_some(value.as_str()))
    }

    /// What is given for a key, read as a number or the like.
    ///
    /// # Errors
    /// When it is not one; `expected` says in a few words what it should be.
    pub fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, AddressError> {
        self.param(key)
            .map(|value| {
                value.parse().map_err(|_| AddressError::Value {
                    key: key.to_owned(),
                    value: value.to_owned(),
                    expected: expected.to_owned(),
                })
            })
            .transpose()
    }

    /// Refuses an address that has other keys than these, so that a slip of the pen is not taken for the default.
    ///
    /// # Errors
    /// [`AddressError::Unknown`], with the first such key.
    pub fn only(&self, known: &[&str]) -> Result<(), AddressError> {
        match self
            .params
            .iter()
            .find(|(key, _)| !known.contains(&key.as_str()))
        {
            None => Ok(()),
            Some((key, _)) => Err(AddressError::Unknown {
                key: key.clone(),
                known: known.join(", "),
            }),
        }
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
        let form = |why: &str| AddressError::Form(why.to_owned());
        let rest = text
            .strip_prefix(SCHEME)
            .ok_or_else(|| form("it does not begin with kafka://"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        // Not repeated in the answer: what stands before the @ is a password, which may hold a slash or a question mark.
        if rest.contains('@') {
            return Err(AddressError::Secured(
                "a user before the @ of the address".to_owned(),
            ));
        }
        let (hosts, name) = place
            .split_once('/')
            .ok_or_else(|| form("there is no name after the brokers"))?;
        let brokers = hosts.split(',').map(broker).collect::<Result<_, _>>()?;
        check_name(name)?;
        let params: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        for (at, (key, _)) in params.iter().enumerate() {
            if CONNECTION
                .iter()
                .any(|beginning| key.starts_with(beginning))
            {
                return Err(AddressError::Secured(key.clone()));
            }
            if params[..at].iter().any(|(earlier, _)| earlier == key) {
                return Err(AddressError::Form(format!("{key} is given twice")));
            }
        }
        Ok(Self {
            brokers,
            name: name.to_owned(),
            params,
        })
    }
}

/// `host` or `host:port`, where the host may be an IPv6 address in brackets.
fn broker(text: &str) -> Result<String, AddressError> {
    let wrong = |why: &str| AddressError::Form(format!("{text:?} is no broker: {why}"));
    let end_of_host = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text[end_of_host..].rfind(':') {
        Some(at) => {
            let (host, port) = text.split_at(end_of_host + at);
            let port = port[1..]
                .parse::<u16>()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| wrong("the port is a number up to 65535"))?;
            (host, port)
        }
        None => (text, PORT),
    };
    let is_name = |host: &str| {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
    };
    let is_v6 = |host: &str| {
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok())
    };
    if !is_name(host) && !is_v6(host) {
        return Err(wrong(
            "the host is a name, an IPv4 address, or an IPv6 address in brackets",
        ));
    }
    Ok(format!("{host}:{port}"))
}

fn check_name(name: &str) -> Result<(), AddressError> {
    let wrong = |why: &str| Err(AddressError::Form(format!("the name {name:?} {why}")));
    if name.is_empty() || name == "." || name == ".." {
        return wrong("is no name of a topic");
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
        write!(f, "{SCHEME}{}/{}", self.bootstrap(), self.name)?;
        if self.params.is_empty() {
            return Ok(());
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.params)
            .finish();
        write!(f, "?{query}")
    }
}
