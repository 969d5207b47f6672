//! The address of a source, as it is typed.

mod file;
mod objects;
mod simulation;
mod stream;
mod stream_identity;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use headcount_address::{Address, AddressError, scheme_of};

pub use file::{FileAddress, FilePace};
pub use objects::{Fetch, Objects};
pub use simulation::{SimulatedFeeds, SimulationAddress};
pub use stream::StreamAddress;

/// Where records come from. Parsed from text; printed without credentials.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceAddress {
    /// `ws://` and `wss://`.
    WebSocket(StreamAddress),
    /// `http://` and `https://`.
    Http(StreamAddress),
    /// `file:`.
    File(FileAddress),
    /// `sim:`.
    Simulation(SimulationAddress),
    /// `-`.
    StandardInput,
    /// Made by the program, which knows the store; users cannot type it.
    Objects(Objects),
    #[cfg(feature = "kafka")]
    /// `kafka://`.
    Kafka(crate::kafka::TopicAddress),
    #[cfg(feature = "kinesis")]
    /// `kinesis://`.
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

const KINDS: &str = "ws://..., wss://..., http://..., https://..., file:PATH, sim:?rate=N&seed=S, \
                     kafka://HOST:PORT/TOPIC, kinesis://REGION/STREAM, or - for standard input";

impl SourceAddress {
    /// A file or a folder, to its end, as fast as it is taken. Nothing in the path has a meaning of its own.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        SourceAddress::File(FileAddress {
            path: path.into(),
            pace: FilePace::AtOnce,
        })
    }

    /// What the source is called in journals and statuses. Two sources that differ in more than secrets have two names,
    /// although what is printed of their addresses may be the same.
    pub fn name(&self) -> String {
        match self {
            SourceAddress::WebSocket(address) | SourceAddress::Http(address) => address.name(),
            other => other.to_string(),
        }
    }

    /// Refuses sources whose positions could not be told apart, because nothing but secrets tells them apart.
    ///
    /// # Errors
    /// Names the first that is the same stream as one before it.
    pub fn refuse_twins(sources: &[SourceAddress]) -> Result<(), AddressError> {
        let mut before = HashSet::new();
        for source in sources {
            if let SourceAddress::WebSocket(address) | SourceAddress::Http(address) = source
                && !before.insert(address.identity())
            {
                return Err(address.refuse_as_twin());
            }
        }
        Ok(())
    }
}

impl FromStr for SourceAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text == "-" {
            return Ok(SourceAddress::StandardInput);
        }
        let Some(scheme) = scheme_of(text) else {
            return Err(no_scheme(text));
        };
        match scheme.as_str() {
            "ws" | "wss" | "http" | "https" => {
                let address = StreamAddress::new(text)?;
                Ok(match scheme.as_str() {
                    "ws" | "wss" => SourceAddress::WebSocket(address),
                    _ => SourceAddress::Http(address),
                })
            }
            "file" => FileAddress::new(text).map(SourceAddress::File),
            "sim" => SimulationAddress::new(text).map(SourceAddress::Simulation),
            #[cfg(feature = "kafka")]
            "kafka" => text.parse().map(SourceAddress::Kafka),
            #[cfg(not(feature = "kafka"))]
            "kafka" => Unbuilt::new("Kafka", text).map(SourceAddress::Unbuilt),
            #[cfg(feature = "kinesis")]
            "kinesis" => text.parse().map(SourceAddress::Kinesis),
            #[cfg(not(feature = "kinesis"))]
            "kinesis" => Unbuilt::new("Kinesis", text).map(SourceAddress::Unbuilt),
            scheme => Err(AddressError::new(
                text,
                format!("\"{}:\" is not a kind of source", Address::quote(scheme)),
                format!("write {KINDS}"),
            )),
        }
    }
}

/// A path is what is most often typed without its scheme.
fn no_scheme(text: &str) -> AddressError {
    let drive = |c: char| c.is_ascii_alphabetic();
    let (problem, way_out) = match text.split_once(':') {
        Some((letter, _)) if letter.len() == 1 && letter.starts_with(drive) => (
            "this is a path of another system",
            "write file:PATH with the path that it has here".to_owned(),
        ),
        None if !text.is_empty() && !text.contains(['@', '?']) => (
            "this is a path, or a name",
            format!(
                "write file:{} for a file or a folder, or {KINDS}",
                Address::quote(text)
            ),
        ),
        _ => (
            "this is not the address of a source",
            format!("write {KINDS}"),
        ),
    };
    AddressError::new(text, problem, way_out)
}

impl Unbuilt {
    #[cfg(not(all(feature = "kafka", feature = "kinesis")))]
    fn new(engine: &'static str, text: &str) -> Result<Self, AddressError> {
        let address = Address::parse(text, KINDS)?;
        Ok(Unbuilt {
            engine,
            shown: address.keeping(|_| false).to_string(),
        })
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
