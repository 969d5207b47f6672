//! The address of a file or a folder.

use std::fmt;
use std::path::PathBuf;

use super::{AddressError, refuse, shortened};

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

impl FileAddress {
    pub(super) fn new(rest: &str) -> Result<Self, AddressError> {
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

impl fmt::Display for FileAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file:{}", self.path.display())?;
        match self.pace {
            Pace::AtOnce => Ok(()),
            Pace::Speed(speed) => write!(f, "?speed={speed}"),
            Pace::Follow => f.write_str("?follow=1"),
        }
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
