//! The address of a file or a folder.

use std::fmt;
use std::path::PathBuf;

use headcount_address::{Address, AddressError};

const PARAMS: [&str; 2] = ["speed", "follow"];

/// A file or a folder of files.
#[derive(Debug, Clone, PartialEq)]
pub struct FileAddress {
    /// Where it is, escapes undone.
    pub path: PathBuf,
    /// How fast it is read.
    pub pace: FilePace,
}

/// How fast a file is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FilePace {
    /// To its end, as fast as the sink accepts batches.
    AtOnce,
    /// At a multiple of the speed of record time.
    Speed(f64),
    /// To its end, and then further as it grows.
    Follow,
}

impl FileAddress {
    pub(super) fn new(text: &str) -> Result<Self, AddressError> {
        let address = Address::parse(text, "file:recording.ndjson or file:/path/to/folder")?;
        let path = address.path()?;
        match address.hosts() {
            [] => {}
            [host] if host.name() == "localhost" => {}
            _ => {
                let host = &address.hosts()[0];
                return Err(address.refuse_with(
                    format!("after file:// stands a host, here {host}, and files are read on this machine only"),
                    format!("write file:{host}{path}, or file:///PATH for a path from the root"),
                ));
            }
        }
        if path.is_empty() {
            return Err(address.refuse("file: needs a path"));
        }
        if let Some(key) = address.keys().find(|key| !PARAMS.contains(key)) {
            return Err(address.refuse_with(
                format!("file: does not know \"{}\"", Address::quote(key)),
                "it takes speed=N (replay) and follow=1 (read on); a ? in a path is written %3F",
            ));
        }
        address.only(&PARAMS)?;
        Ok(FileAddress {
            path: PathBuf::from(path),
            pace: pace(&address)?,
        })
    }
}

fn pace(address: &Address) -> Result<FilePace, AddressError> {
    let speed = address.checked(
        "speed",
        "speed=1 for real time, speed=60 for a minute a second",
        |text| {
            text.parse()
                .ok()
                .filter(|speed: &f64| (0.001..=1e9).contains(speed))
        },
    )?;
    let follow = address.checked(
        "follow",
        "1 (read on as the file grows) or 0",
        |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        },
    )?;
    match (speed, follow) {
        (Some(_), Some(true)) => Err(address.refuse_with(
            "file: takes speed= or follow=1, not both",
            "leave speed= away: a file that is followed has its own speed",
        )),
        (Some(speed), _) => Ok(FilePace::Speed(speed)),
        (None, Some(true)) => Ok(FilePace::Follow),
        (None, _) => Ok(FilePace::AtOnce),
    }
}

impl fmt::Display for FileAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What has a meaning in an address is escaped, so that it can be typed again.
        let path = self.path.to_string_lossy();
        write!(f, "file:{}", path.replace('%', "%25").replace('?', "%3F"))?;
        match self.pace {
            FilePace::AtOnce => Ok(()),
            FilePace::Speed(speed) => write!(f, "?speed={speed}"),
            FilePace::Follow => f.write_str("?follow=1"),
        }
    }
}
