//! The address of a source, as it is typed.

mod file;
mod objects;
mod simulation;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

pub use file::{FileAddress, Pace};
pub use objects::{Fetch, Objects};
pub use simulation::SimulationAddress;
pub use stream::StreamAddress;

/// Where records come from. Parsed from text; printed without credentials.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceAddress {
    WebSocket(StreamAddress),
    Http(StreamAddress),
    File(FileAddress),
    Simulation(SimulationAddress),
    StandardInput,
    /// Given by the program, which knows the store; nobody types it.
    Objects(Objects),
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

/// Why a text is no address of a source. A sentence that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub(crate) String);

const KINDS: &str = "write ws://..., wss://..., http://..., https://..., file:PATH, sim:?rate=N&seed=S, \
                     kafka://HOST:PORT/TOPIC, kinesis://REGION/STREAM, or - for standard input";

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

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceAddress::WebSocket(address) | SourceAddress::Http(address) => address.fmt(f),
            SourceAddress::File(address) => address.fmt(f),
            SourceAddress::Simulation(address) => address.fmt(f),
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

fn refuse<T>(sentence: String) -> Result<T, AddressError> {
    Err(AddressError(sentence))
}

/// Typed text in an error message: not too much of it, and nothing after an @ that may follow a password.
fn shortened(text: &str) -> String {
    let text = text
        .rsplit_once('@')
        .map_or(text.to_owned(), |(_, host)| format!("***@{host}"));
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
