//! The address of a source, as it is typed.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use crate::simulator::{Rate, Seed};

/// Where records come from. Parsed from text; printed without credentials.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceAddress {
    WebSocket(StreamAddress),
    Http(StreamAddress),
    File(FileAddress),
    Simulation(SimulationAddress),
    StandardInput,
    /// Given by the program, which knows the store; nobody types it.
    Objects(crate::files::Objects),
    #[cfg(feature = "kafka")]
    Kafka(crate::kafka::TopicAddress),
    #[cfg(feature = "kinesis")]
    Kinesis(headcount_kinesis::KinesisAddress),
    /// Of something that this program was built without.
    Unbuilt(Unbuilt),
}

/// An address that is understood, but not by this build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbuilt {
    /// What is lacking, such as `Kinesis`.
    pub engine: &'static str,
    /// The address without anything that may be a secret.
    shown: String,
}

/// A stream on the network.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamAddress {
    url: Url,
    /// Whether the server can be asked to go on from a record time.
    resumes: bool,
}

/// A file or a folder of files.
#[derive(Debug, Clone, PartialEq)]
pub struct FileAddress {
    pub path: PathBuf,
    pub pace: Pace,
}

/// How fast a file is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// To its end, as fast as it is taken.
    AtOnce,
    /// At so many times the speed of record time.
    Speed(f64),
    /// To its end and on, as it grows.
    Follow,
}

/// The simulated stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulationAddress {
    pub rate: Rate,
    pub seed: Seed,
    /// Begin so many seconds ago and catch up at once.
    pub warmup_s: u64,
    /// Begin at this record time (ms since 1970) instead of now.
    pub start_ms: Option<i64>,
}

/// Why a text is no address of a source. A sentence that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub(crate) String);

const KINDS: &str = "write ws://..., wss://..., http://..., https://..., file:PATH, sim:?rate=N&seed=S, \
                     kafka://HOST:PORT/TOPIC, kinesis://REGION/STREAM, or - for standard input";

/// Parameters of the feed's own protocol; the values of all others may be secrets and are not shown.
const SHOWN: [&str; 7] = [
    "since_mtime",
    "since_count",
    "event_id",
    "trickle",
    "callback",
    "api_version",
    "resume",
];

impl SourceAddress {
    /// A file or a folder, to its end, as fast as it is taken. Nothing in the path has a meaning of its own.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        SourceAddress::File(FileAddress {
            path: path.into(),
            pace: Pace::AtOnce,
        })
    }
}

impl FromStr for SourceAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text == "-" {
            return Ok(SourceAddress::StandardInput);
        }
        let Some((scheme, rest)) = text.split_once(':') else {
            return refuse(format!(
                "\"{}\" is not the address of a source: {KINDS}",
                shortened(text)
            ));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "ws" | "wss" => Ok(SourceAddress::WebSocket(StreamAddress::new(text, false)?)),
            "http" | "https" => Ok(SourceAddress::Http(StreamAddress::new(text, true)?)),
            "file" => FileAddress::new(rest).map(SourceAddress::File),
            "sim" => SimulationAddress::new(rest).map(SourceAddress::Simulation),
            #[cfg(feature = "kafka")]
            "kafka" => text.parse().map(SourceAddress::Kafka),
            #[cfg(not(feature = "kafka"))]
            "kafka" => Ok(SourceAddress::Unbuilt(Unbuilt::new("Kafka", text))),
            #[cfg(feature = "kinesis")]
            "kinesis" => match text.parse() {
                Ok(address) => Ok(SourceAddress::Kinesis(address)),
                Err(error) => refuse(error.to_string()),
            },
            #[cfg(not(feature = "kinesis"))]
            "kinesis" => Ok(SourceAddress::Unbuilt(Unbuilt::new("Kinesis", text))),
            _ if rest.starts_with("//") => refuse(format!(
                "\"{}:\" is no kind of source: {KINDS}",
                shortened(scheme)
            )),
            _ => refuse(format!(
                "\"{}\" is not the address of a source: {KINDS}",
                shortened(text)
            )),
        }
    }
}

impl Unbuilt {
    #[cfg(not(all(feature = "kafka", feature = "kinesis")))]
    fn new(engine: &'static str, text: &str) -> Self {
        let (place, _) = text.split_once('?').unwrap_or((text, ""));
        let (scheme, rest) = place.split_once(':').unwrap_or((place, ""));
        let hidden = rest
            .rsplit_once('@')
            .map(|(_, host)| format!("//***@{host}"));
        Unbuilt {
            engine,
            shown: format!("{scheme}:{}", hidden.as_deref().unwrap_or(rest)),
        }
    }
}

impl fmt::Display for Unbuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl StreamAddress {
    fn new(text: &str, may_resume: bool) -> Result<Self, AddressError> {
        // What the parser says of the text is repeated, the text itself may hold a password.
        let mut url = Url::parse(text).map_err(|error| {
            AddressError(format!(
                "the address of a stream is not a URL ({error}): write {}",
                example(may_resume)
            ))
        })?;
        if url.host_str().is_none_or(str::is_empty) {
            return refuse(format!(
                "the address of a stream has no host: write {}",
                example(may_resume)
            ));
        }
        url.set_fragment(None);
        let asked = url
            .query_pairs()
            .find(|(key, _)| key == "resume")
            .map(|(_, value)| value.into_owned());
        let resumes = match asked.as_deref() {
            None => may_resume && url.path().starts_with("/2/"),
            Some("since_mtime") if may_resume => true,
            Some("none") => false,
            Some(_) if !may_resume => {
                return refuse("a WebSocket cannot be asked to go on where it was: leave resume= away, or use http://".to_owned());
            }
            Some(_) => {
                return refuse("resume= knows since_mtime (ask the server to go on from a record time) and none".to_owned());
            }
        };
        if asked.is_some() {
            set_query(&mut url, |key| key != "resume", &[]);
        }
        Ok(StreamAddress { url, resumes })
    }

    /// The address itself, with credentials.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the server can be asked to go on from a record time.
    pub fn resumes(&self) -> bool {
        self.resumes
    }

    /// The address that asks for what is newer than `mtime_ms`.
    pub(crate) fn since(&self, mtime_ms: i64) -> Url {
        let mut url = self.url.clone();
        // The server takes one of the two, not both.
        let others = |key: &str| key != "since_mtime" && key != "since_count";
        set_query(&mut url, others, &[("since_mtime", &mtime_ms.to_string())]);
        url
    }

    /// What its positions are called: the stream, whoever asks for it and from wherever on.
    pub(crate) fn identity(&self) -> String {
        let mut url = self.shown();
        set_query(&mut url, |key| !key.starts_with("since_"), &[]);
        url.to_string()
    }

    /// Without anything that may be a secret.
    fn shown(&self) -> Url {
        let mut url = self.url.clone();
        // Neither can fail for an address that has a host.
        let _ = url.set_password(None);
        if !self.url.username().is_empty() || self.url.password().is_some() {
            let _ = url.set_username("***");
        }
        if url.query().is_some() {
            let shown: Vec<(String, String)> = self
                .url
                .query_pairs()
                .map(|(key, value)| {
                    let open = SHOWN.contains(&key.as_ref()) || value.is_empty();
                    (
                        key.into_owned(),
                        if open {
                            value.into_owned()
                        } else {
                            "***".to_owned()
                        },
                    )
                })
                .collect();
            let shown: Vec<(&str, &str)> = shown
                .iter()
                .map(|(key, value)| (&**key, &**value))
                .collect();
            set_query(&mut url, |_| false, &shown);
        }
        url
    }
}

/// Keeps the parameters that `keep` names and adds others.
fn set_query(url: &mut Url, keep: impl Fn(&str) -> bool, add: &[(&str, &str)]) {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| keep(key))
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    url.set_query(None);
    let all = kept
        .iter()
        .map(|(k, v)| (&**k, &**v))
        .chain(add.iter().copied());
    for (key, value) in all {
        // A parameter without a value (`?trickle`) stays without its equals sign.
        if value.is_empty() {
            let query = url
                .query()
                .map_or(key.to_owned(), |query| format!("{query}&{key}"));
            url.set_query(Some(&query));
        } else {
            url.query_pairs_mut().append_pair(key, value);
        }
    }
}

impl FileAddress {
    fn new(rest: &str) -> Result<Self, AddressError> {
        // The last question mark divides: a path that has one itself is written with another at its end.
        let (path, query) = rest.rsplit_once('?').unwrap_or((rest, ""));
        let path = path
            .strip_prefix("//")
            .filter(|path| path.starts_with('/'))
            .unwrap_or(path);
        if path.is_empty() {
            return refuse(
                "file: needs a path: write file:recording.ndjson or file:/path/to/folder"
                    .to_owned(),
            );
        }
        let mut pace = Pace::AtOnce;
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let asked = match (key.as_ref(), value.as_ref()) {
                ("speed", text) => Pace::Speed(speed(text)?),
                ("follow", "1") => Pace::Follow,
                ("follow", "0") => Pace::AtOnce,
                ("follow", _) => {
                    return refuse("follow= takes 1 (read on as the file grows) or 0".to_owned());
                }
                (key, _) => {
                    return refuse(format!(
                        "file: does not know \"{}\": it takes speed=N (replay) and follow=1 (read on); \
                         a path with a question mark needs another one at its end",
                        shortened(key)
                    ));
                }
            };
            if pace != Pace::AtOnce && asked != pace {
                return refuse("file: takes speed= or follow=1, not both: a file that is followed has its own speed".to_owned());
            }
            pace = asked;
        }
        Ok(FileAddress {
            path: PathBuf::from(path),
            pace,
        })
    }
}

fn speed(text: &str) -> Result<f64, AddressError> {
    let speed = text
        .parse()
        .ok()
        .filter(|speed: &f64| (0.001..=1e9).contains(speed));
    speed.ok_or_else(|| {
        AddressError(format!(
            "speed={} is not a speed: write speed=1 for real time, speed=60 for a minute a second",
            shortened(text)
        ))
    })
}

impl SimulationAddress {
    fn new(rest: &str) -> Result<Self, AddressError> {
        let query = match rest.strip_prefix('?') {
            Some(query) => query,
            None if rest.is_empty() => "",
            None => {
                return refuse("sim: takes only parameters: write sim:?rate=50&seed=1".to_owned());
            }
        };
        let mut address = SimulationAddress {
            rate: Rate::DEFAULT,
            seed: Seed::default(),
            warmup_s: 0,
            start_ms: None,
        };
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "rate" => {
                    let rate = value
                        .parse::<f64>()
                        .ok()
                        .filter(|rate| *rate >= 1.0)
                        .and_then(|rate| Rate::new(rate).ok());
                    address.rate = rate
                        .ok_or_else(|| number("rate", &value, "1 to 1000000 records a second"))?;
                }
                "seed" => {
                    address.seed = Seed(
                        value
                            .parse()
                            .map_err(|_| number("seed", &value, "a whole number from 0 on"))?,
                    )
                }
                "warmup" => {
                    let seconds = value
                        .parse()
                        .ok()
                        .filter(|&seconds: &u64| seconds <= 366 * 86_400);
                    address.warmup_s = seconds.ok_or_else(|| {
                        number("warmup", &value, "seconds, at most a year of them")
                    })?;
                }
                "start" => {
                    let start = value
                        .parse()
                        .ok()
                        .filter(|ms| (978_307_200_000..4_070_908_800_000).contains(ms));
                    address.start_ms = Some(start.ok_or_else(|| {
                        number(
                            "start",
                            &value,
                            "milliseconds since 1970, in the years 2001 to 2098",
                        )
                    })?);
                }
                key => {
                    return refuse(format!(
                        "sim: does not know \"{}\": it takes rate=, seed=, warmup= and start=",
                        shortened(key)
                    ));
                }
            }
        }
        Ok(address)
    }

    /// What its positions are called.
    pub(crate) fn identity(&self) -> String {
        let start = self
            .start_ms
            .map_or(String::new(), |ms| format!("&start={ms}"));
        format!(
            "sim:?rate={}&seed={}{start}",
            self.rate.per_second(),
            self.seed.0
        )
    }
}

fn number(key: &str, value: &str, wanted: &str) -> AddressError {
    AddressError(format!(
        "{key}={} is not possible: give {wanted}",
        shortened(value)
    ))
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceAddress::WebSocket(address) | SourceAddress::Http(address) => address.fmt(f),
            SourceAddress::File(FileAddress { path, pace }) => {
                write!(f, "file:{}", path.display())?;
                match pace {
                    Pace::AtOnce => Ok(()),
                    Pace::Speed(speed) => write!(f, "?speed={speed}"),
                    Pace::Follow => f.write_str("?follow=1"),
                }
            }
            SourceAddress::Simulation(address) => {
                f.write_str(&address.identity())?;
                if address.warmup_s > 0 {
                    write!(f, "&warmup={}", address.warmup_s)
                } else {
                    Ok(())
                }
            }
            SourceAddress::StandardInput => f.write_str("-"),
            SourceAddress::Objects(objects) => f.write_str(&objects.name),
            #[cfg(feature = "kafka")]
            SourceAddress::Kafka(address) => address.fmt(f),
            #[cfg(feature = "kinesis")]
            SourceAddress::Kinesis(address) => address.fmt(f),
            SourceAddress::Unbuilt(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().fmt(f)
    }
}

impl fmt::Debug for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamAddress({self}, resumes: {})", self.resumes)
    }
}

fn refuse<T>(sentence: String) -> Result<T, AddressError> {
    Err(AddressError(sentence))
}

fn example(http: bool) -> &'static str {
    if http {
        "http://host:port/2/rsvps"
    } else {
        "ws://host:port/2/rsvps"
    }
}

/// Typed text in an error message: not too much of it, and nothing after an @ that may follow a password.
fn shortened(text: &str) -> String {
    let text = text
        .rsplit_once('@')
        .map_or(text.to_owned(), |(_, host)| format!("***@{host}"));
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(text: &str) -> Result<SourceAddress, AddressError> {
        text.parse()
    }

    #[cfg(not(feature = "kinesis"))]
    #[tokio::test]
    async fn what_was_left_out_of_the_build_is_understood_and_says_how_to_build_it() {
        use crate::{AnySource, Resume, shutdown::shutdown, sink, status::status};

        let address =
            parse("kinesis://key:secret@eu-west-1/rsvps?from=earliest&key=secret").unwrap();
        let (sink, _inbox) = sink::channel(sink::Limits::default());
        let (report, _status) = status(address.to_string());
        let (_trigger, shutdown) = shutdown();
        let running = AnySource::new(address).run(sink, Resume::fresh(), report, shutdown);
        let error = running.await.unwrap_err().to_string();
        assert_eq!(
            error,
            "kinesis://***@eu-west-1/rsvps: this headcount was built without Kinesis; build it with: \
             cargo build --release --features cluster"
        );
    }

    #[test]
    fn every_kind_is_understood_and_printed() {
        for (text, shown) in [
            ("-", "-"),
            (
                "ws://stream.meetup.com/2/rsvps",
                "ws://stream.meetup.com/2/rsvps",
            ),
            ("wss://h:8443/x?trickle", "wss://h:8443/x?trickle"),
            (
                "HTTP://127.0.0.1:9/2/rsvps?since_count=5",
                "http://127.0.0.1:9/2/rsvps?since_count=5",
            ),
            ("http://[::1]:9/", "http://[::1]:9/"),
            ("file:a.ndjson", "file:a.ndjson"),
            ("file:///tmp/a b.ndjson", "file:/tmp/a b.ndjson"),
            ("file:/tmp/x?speed=60", "file:/tmp/x?speed=60"),
            ("file:x?follow=1", "file:x?follow=1"),
            ("file:odd?name?", "file:odd?name"),
            ("sim:", "sim:?rate=50&seed=0"),
            (
                "sim:?rate=1000000&seed=7&warmup=3600",
                "sim:?rate=1000000&seed=7&warmup=3600",
            ),
            (
                "sim:?rate=2.5&start=1704067200000",
                "sim:?rate=2.5&seed=0&start=1704067200000",
            ),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_remedy() {
        for (text, part) in [
            ("", "write ws://"),
            ("recording.ndjson", "file:PATH"),
            ("ftp://x/y", "\"ftp:\" is no kind of source"),
            ("c:\\data", "file:PATH"),
            ("http://", "not a URL"),
            ("http://h:99999/", "not a URL (invalid port number)"),
            ("ws://h/2/rsvps?resume=since_mtime", "use http://"),
            ("http://h/x?resume=yes", "since_mtime"),
            ("file:", "needs a path"),
            ("file:x?sped=2", "does not know \"sped\""),
            ("file:x?speed=0", "speed=0 is not a speed"),
            ("file:x?speed=NaN", "is not a speed"),
            ("file:x?follow=yes", "follow= takes 1"),
            ("file:x?follow=1&speed=2", "not both"),
            ("sim:50", "write sim:?rate=50"),
            ("sim:?rate=0", "1 to 1000000"),
            ("sim:?rate=1000001", "1 to 1000000"),
            ("sim:?rate=fast", "rate=fast"),
            ("sim:?seed=-1", "seed=-1"),
            ("sim:?speed=2", "does not know \"speed\""),
            ("sim:?start=12", "milliseconds since 1970"),
            ("sim:?warmup=1e9", "warmup=1e9"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_of_kafka_is_understood_by_every_build() {
        let address = parse("kafka://one:9092,two:9093/a,b?from=latest").unwrap();
        let shown = address.to_string();
        assert!(
            shown.starts_with("kafka://one:9092,two:9093/a,b"),
            "{shown}"
        );
        if cfg!(not(feature = "kafka")) {
            let SourceAddress::Unbuilt(address) = address else {
                panic!("{address}")
            };
            let error = crate::Error::Unbuilt(address).to_string();
            assert!(error.contains("built without Kafka") && error.contains("--features cluster"));
        }
    }

    #[test]
    fn credentials_are_never_printed() {
        for text in [
            "kafka://joe:hunter2@h:9092/x?sasl.password=hunter2",
            "http://joe:hunter2@h/2/rsvps",
            "wss://:hunter2@h/x?token=hunter2",
            "https://h/2/rsvps?key=hunter2&sig=hunter2&since_count=3",
            "http://joe:hunter2@h:99999/",
            "joe:hunter2@h/2/rsvps",
            "ftp://joe:hunter2@h/2/rsvps",
            "http://h/x?resume=hunter2",
        ] {
            let shown = match parse(text) {
                Ok(address) => format!("{address} {address:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("hunter2"), "{text}: {shown}");
        }
        let shown = parse("http://joe:pw@h/x?key=1&since_count=3")
            .unwrap()
            .to_string();
        assert_eq!(shown, "http://***@h/x?key=***&since_count=3");
    }

    #[test]
    fn what_can_resume_does() {
        let stream = |text: &str| match parse(text).unwrap() {
            SourceAddress::Http(address) | SourceAddress::WebSocket(address) => address,
            other => panic!("{other}"),
        };
        let address = stream("http://u:p@h/2/rsvps?since_count=9&event_id=x&trickle");
        assert!(address.resumes());
        assert_eq!(
            address.since(12).as_str(),
            "http://u:p@h/2/rsvps?event_id=x&trickle&since_mtime=12"
        );
        assert_eq!(
            address.identity(),
            "http://***@h/2/rsvps?event_id=x&trickle"
        );
        let address = stream("http://h/feed?resume=since_mtime&a=%26b");
        assert!(address.resumes());
        assert_eq!(
            address.since(12).as_str(),
            "http://h/feed?a=%26b&since_mtime=12"
        );
        assert!(!stream("http://h/feed").resumes());
        assert!(!stream("http://h/2/rsvps?resume=none").resumes());
        assert!(!stream("ws://h/2/rsvps").resumes());
    }
}
