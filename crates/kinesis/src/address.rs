//! The address of a stream, as it is typed.

use std::fmt;
use std::str::FromStr;

use headcount_address::{Address, AddressError};
use url::Url;

/// A stream of Kinesis: `kinesis://region/stream?endpoint=http://127.0.0.1:4567&from=earliest`. It holds no secrets:
/// credentials come from the environment, a profile, the container or the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KinesisAddress {
    region: String,
    stream: String,
    endpoint: Option<Url>,
    beginning: Beginning,
    lost: Lost,
}

/// Where reading begins when nothing is known of an earlier reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beginning {
    /// At the oldest record that the stream still has.
    Earliest,
    /// At what comes from now on.
    #[default]
    Latest,
    /// At what arrived at this time (ms since 1970) or later.
    Time(i64),
}

/// What to do when the stream no longer has what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Lost {
    #[default]
    Refuse,
    GoOn,
}

const FORM: &str = "kinesis://REGION/STREAM, for instance kinesis://eu-west-1/rsvps?from=earliest";

/// Parameters, none of which is a secret.
const PARAMS: [&str; 3] = ["endpoint", "from", "lost"];

impl KinesisAddress {
    /// The AWS region, such as `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The name of the stream.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Another server than that of the region.
    pub fn endpoint(&self) -> Option<&Url> {
        self.endpoint.as_ref()
    }

    /// Where reading begins when nothing is known of an earlier reading (`from=`).
    pub fn beginning(&self) -> Beginning {
        self.beginning
    }

    /// Whether to go on at the oldest record when the stream no longer has what comes next (`lost=go-on`).
    pub fn goes_on_after_loss(&self) -> bool {
        self.lost == Lost::GoOn
    }
}

impl FromStr for KinesisAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = Address::parse(text, FORM)?.showing(&PARAMS);
        if address.scheme() != "kinesis" {
            return Err(address.refuse("the address of a stream begins with kinesis://"));
        }
        if address.login().is_some() {
            return Err(address.refuse_with(
                "credentials do not belong in the address",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile",
            ));
        }
        address.only(&PARAMS)?;
        Ok(KinesisAddress {
            region: region(&address)?,
            stream: stream(&address)?,
            endpoint: address.server("endpoint")?,
            beginning: address
                .checked(
                    "from",
                    "earliest, latest, or milliseconds since 1970",
                    Beginning::read,
                )?
                .unwrap_or_default(),
            lost: address
                .checked(
                    "lost",
                    "refuse (stop when the stream no longer has what comes next) or go-on",
                    Lost::read,
                )?
                .unwrap_or_default(),
        })
    }
}

fn region(address: &Address) -> Result<String, AddressError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match address.hosts() {
        [host] if host.port().is_none() && host.name().chars().all(plain) => {
            Ok(host.name().to_owned())
        }
        _ => Err(address.refuse("the address of a stream names one region")),
    }
}

fn stream(address: &Address) -> Result<String, AddressError> {
    let name = address.name()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    match (1..=128).contains(&name.len()) && name.chars().all(allowed) {
        true => Ok(name),
        false => Err(address.refuse(
            "the name of a stream is 1 to 128 letters, digits, dots, dashes and underscores",
        )),
    }
}

impl Beginning {
    /// Times are in the years 2001 to 2098: seconds taken for milliseconds are a slip.
    fn read(text: &str) -> Option<Self> {
        match text {
            "earliest" => Some(Beginning::Earliest),
            "latest" => Some(Beginning::Latest),
            time => time
                .parse()
                .ok()
                .filter(|ms| (978_307_200_000..4_070_908_800_000).contains(ms))
                .map(Beginning::Time),
        }
    }
}

impl Lost {
    fn read(text: &str) -> Option<Self> {
        match text {
            "refuse" => Some(Lost::Refuse),
            "go-on" => Some(Lost::GoOn),
            _ => None,
        }
    }
}

impl fmt::Display for KinesisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kinesis://{}/{}", self.region, self.stream)?;
        let mut sign = '?';
        let mut parameter = |f: &mut fmt::Formatter<'_>, key: &str, value: &dyn fmt::Display| {
            let written = write!(f, "{sign}{key}={value}");
            sign = '&';
            written
        };
        if let Some(endpoint) = &self.endpoint {
            parameter(f, "endpoint", &endpoint.as_str().trim_end_matches('/'))?;
        }
        match self.beginning {
            Beginning::Latest => {}
            Beginning::Earliest => parameter(f, "from", &"earliest")?,
            Beginning::Time(ms) => parameter(f, "from", &ms)?,
        }
        match self.lost {
            Lost::Refuse => Ok(()),
            Lost::GoOn => parameter(f, "lost", &"go-on"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(text: &str) -> Result<KinesisAddress, AddressError> {
        text.parse()
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for text in [
            "kinesis://eu-west-1/rsvps",
            "kinesis://us-east-1/my_stream.v2-a?from=earliest",
            "kinesis://us-east-1/s?endpoint=http://127.0.0.1:4567&from=1500000000000",
            "kinesis://us-east-1/s?endpoint=https://vpce-1.kinesis.eu-west-1.vpce.amazonaws.com&lost=go-on",
        ] {
            let address = parse(text).unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(parse(&address.to_string()).unwrap(), address);
        }
        let address = parse("kinesis://r/s?from=latest&lost=refuse").unwrap();
        assert_eq!(address.to_string(), "kinesis://r/s");
        assert_eq!(address.beginning(), Beginning::Latest);
        assert!(!address.goes_on_after_loss());
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_sentence() {
        for (text, says) in [
            ("kinesis:stream", "names one region"),
            ("kinesis://eu-west-1", "name of a stream"),
            ("kinesis://eu-west-1/a/b", "name of a stream"),
            ("kinesis://eu-west-1:80/a", "names one region"),
            ("kinesis://key:secret@eu-west-1/a", "do not belong"),
            ("kinesis://eu-west-1/a?from=yesterday", "from=yesterday"),
            ("kinesis://eu-west-1/a?from=5", "from=5"),
            ("kinesis://eu-west-1/a?endpoint=127.0.0.1", "endpoint="),
            (
                "kinesis://eu-west-1/a?endpoint=http://a:secret%40c@d",
                "@ where no login ends",
            ),
            ("kinesis://eu-west-1/a?lost=1", "lost="),
            ("kinesis://eu-west-1/a?speed=1", "speed means nothing"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
