//! The address of a stream, as it is typed.

use std::fmt;
use std::str::FromStr;

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

/// Why a text is no address of a stream. A sentence that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

const EXAMPLE: &str = "write kinesis://eu-west-1/STREAM?from=earliest";

impl KinesisAddress {
    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Another server than that of the region.
    pub fn endpoint(&self) -> Option<&Url> {
        self.endpoint.as_ref()
    }

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
        let url = Url::parse(text)
            .map_err(|error| refused(format!("the address of a stream is not a URL ({error})")))?;
        if url.scheme() != "kinesis" {
            return Err(refused("the address of a stream begins with kinesis://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(
                "credentials do not belong in the address: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile",
            ));
        }
        let region = url.host_str().unwrap_or_default().to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if region.is_empty() || !region.chars().all(plain) || url.port().is_some() {
            return Err(refused("the address of a stream names no region"));
        }
        let stream = url.path().trim_start_matches('/').to_owned();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if stream.is_empty() || stream.len() > 128 || !stream.chars().all(allowed) {
            return Err(refused(
                "the name of a stream is 1 to 128 letters, digits, dots, dashes and underscores",
            ));
        }
        let mut address = KinesisAddress {
            region,
            stream,
            endpoint: None,
            beginning: Beginning::default(),
            lost: Lost::default(),
        };
        for (key, value) in url.query_pairs() {
            address.set(&key, &value)?;
        }
        Ok(address)
    }
}

impl KinesisAddress {
    fn set(&mut self, key: &str, value: &str) -> Result<(), AddressError> {
        match (key, value) {
            ("endpoint", _) => self.endpoint = Some(endpoint(value)?),
            ("from", "earliest") => self.beginning = Beginning::Earliest,
            ("from", "latest") => self.beginning = Beginning::Latest,
            ("from", time) => self.beginning = Beginning::Time(time_ms(time)?),
            ("lost", "refuse") => self.lost = Lost::Refuse,
            ("lost", "go-on") => self.lost = Lost::GoOn,
            ("lost", _) => {
                return Err(AddressError(
                    "lost= takes refuse (stop when the stream no longer has what comes next) or go-on".to_owned(),
                ));
            }
            (key, _) => {
                return Err(AddressError(format!(
                    "kinesis: does not know \"{}\": it takes endpoint=, from= and lost=",
                    shortened(key)
                )));
            }
        }
        Ok(())
    }
}

fn endpoint(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| {
        AddressError(
            "endpoint= is not the URL of a server: write endpoint=http://127.0.0.1:4567".to_owned(),
        )
    })?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(AddressError(
            "endpoint= takes neither credentials nor parameters".to_owned(),
        ));
    }
    Ok(url)
}

/// Milliseconds since 1970, in the years 2001 to 2098.
fn time_ms(text: &str) -> Result<i64, AddressError> {
    let time = text.parse().ok();
    time.filter(|ms| (978_307_200_000..4_070_908_800_000).contains(ms))
        .ok_or_else(|| {
            AddressError(format!(
                "from={} is not possible: give earliest, latest, or milliseconds since 1970",
                shortened(text)
            ))
        })
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

fn refused(what: impl fmt::Display) -> AddressError {
    AddressError(format!("{what}: {EXAMPLE}"))
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
            ("kinesis:stream", "names no region"),
            ("kinesis://eu-west-1", "name of a stream"),
            ("kinesis://eu-west-1/a/b", "name of a stream"),
            ("kinesis://eu-west-1:80/a", "names no region"),
            ("kinesis://key:secret@eu-west-1/a", "do not belong"),
            ("kinesis://eu-west-1/a?from=yesterday", "from=yesterday"),
            ("kinesis://eu-west-1/a?from=5", "from=5"),
            ("kinesis://eu-west-1/a?endpoint=127.0.0.1", "endpoint="),
            (
                "kinesis://eu-west-1/a?endpoint=http://a:b@c",
                "neither credentials",
            ),
            ("kinesis://eu-west-1/a?lost=1", "lost="),
            ("kinesis://eu-west-1/a?speed=1", "\"speed\""),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
