//! What a source reports of itself.

use tokio::sync::watch;

use crate::error::Error;
use headcount_clock::now_ms;

/// What a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// It has not been connected yet, or waits for a file to appear.
    #[default]
    Connecting,
    /// Records can come.
    Live,
    /// The connection was lost and is being made again.
    Reconnecting,
    /// Nothing more will come.
    Ended,
    /// Nothing more will come, because of an error: it cannot go on without help.
    Failed,
    /// All there is was read, more may come.
    Idle,
}

impl Activity {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Activity::Connecting => "connecting",
            Activity::Live => "live",
            Activity::Reconnecting => "reconnecting",
            Activity::Ended => "ended",
            Activity::Failed => "failed",
            Activity::Idle => "idle",
        }
    }
}

/// How far a file was read, in bytes as they are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct FileProgress {
    /// True while the file is only read to know its content again.
    pub identifying: bool,
    /// What was read.
    pub bytes_done: u64,
    /// What there is.
    pub bytes_total: u64,
}

/// What a source reports. All counts since it was started.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Status {
    /// The address, without credentials.
    pub name: String,
    /// What it is doing.
    pub state: Activity,
    /// When the last message came, ms since 1970 by the clock on the wall.
    pub last_record_at: Option<i64>,
    /// Messages handed on, malformed ones included.
    pub messages: u64,
    /// The bytes of these messages.
    pub bytes: u64,
    /// Outages in which something may have been lost.
    pub gaps: u64,
    /// Connections that were made again.
    pub reconnects: u64,
    /// Unfinished values thrown away because the connection broke in them; a gap or a repetition covers each.
    pub values_cut: u64,
    /// How far the clock of the source's server is ahead of this machine's, in seconds, if it tells its time and they
    /// differ by a minute or more.
    pub clock_lead_s: Option<i64>,
    /// What is wrong at present, as a sentence.
    pub error: Option<String>,
    /// Why the program takes no more records of this source, as a sentence.
    pub refused: Option<String>,
    /// Of a file, once it has been looked at: what positions in it are called.
    pub content: Option<String>,
    /// Of a file: how far it was read.
    pub progress: Option<FileProgress>,
}

/// The source's end of its status.
#[derive(Debug, Clone)]
pub struct Reporter(watch::Sender<Status>);

/// The status of a source and the reporter it writes to.
pub fn status(name: impl Into<String>) -> (Reporter, watch::Receiver<Status>) {
    let (sender, receiver) = watch::channel(Status {
        name: name.into(),
        ..Status::default()
    });
    (Reporter(sender), receiver)
}

impl Reporter {
    pub(crate) fn name(&self) -> String {
        self.0.borrow().name.clone()
    }

    pub(crate) fn state(&self, state: Activity) {
        self.0
            .send_if_modified(|status| std::mem::replace(&mut status.state, state) != state);
    }

    pub(crate) fn live(&self) {
        self.change(|status| {
            status.state = Activity::Live;
            status.error = None;
        });
    }

    /// How far the server's clock is ahead, ms.
    pub(crate) fn clock_lead(&self, lead_ms: Option<i64>) {
        let lead_s = lead_ms.map(|ms| ms / 1000);
        self.0.send_if_modified(|status| {
            // A second more or less is no news.
            let differs = match (status.clock_lead_s, lead_s) {
                (Some(before), Some(now)) => before.abs_diff(now) > 1,
                (before, now) => before != now,
            };
            if differs {
                status.clock_lead_s = lead_s;
            }
            differs
        });
    }

    /// All there is was read, and more may come.
    pub(crate) fn up_to_date(&self) {
        self.0.send_if_modified(|status| {
            let is_new = status.state != Activity::Idle || status.error.is_some();
            (status.state, status.error) = (Activity::Idle, None);
            is_new
        });
    }

    pub(crate) fn brought(&self, messages: u64, bytes: u64) {
        if messages > 0 {
            self.change(|status| {
                status.messages += messages;
                status.bytes += bytes;
                status.last_record_at = Some(now_ms());
            });
        }
    }

    pub(crate) fn trouble(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        self.change(|status| status.error = Some(sentence));
    }

    pub(crate) fn identified(&self, content: String) {
        self.change(|status| status.content = Some(content));
    }

    pub(crate) fn progress(&self, progress: FileProgress) {
        self.change(|status| status.progress = Some(progress));
    }

    /// The program takes no more records of this source: it ends, whatever else it says of itself.
    pub fn refuse(&self, sentence: &str) {
        self.change(|status| {
            status.state = Activity::Failed;
            status.error = Some(sentence.to_owned());
            status.refused = Some(sentence.to_owned());
        });
    }

    /// Whether the program takes no more records of this source.
    pub fn is_refused(&self) -> bool {
        self.0.borrow().refused.is_some()
    }

    /// Nothing more will come, because of an error or not.
    pub(crate) fn ended(&self, error: Option<&Error>) {
        self.change(|status| {
            // When the program accepts no more records, that is not a failure of the source.
            let failure = error.filter(|error| !matches!(error, Error::Stopped(_)));
            status.error = status
                .refused
                .clone()
                .or_else(|| failure.map(|error| beside(&status.name, error)));
            status.state = match status.error {
                Some(_) => Activity::Failed,
                None => Activity::Ended,
            };
        });
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Status)) {
        self.0.send_modify(change);
    }
}

/// The sentence of an error where the name of its source stands beside it: the place that it names is often the same.
fn beside(name: &str, error: &Error) -> String {
    let sentence = error.to_string();
    match sentence.split_once(": ") {
        Some((place, rest)) if !place.is_empty() && name.contains(place) => rest.to_owned(),
        _ => sentence,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_place_that_the_name_says_is_not_said_again() {
        let gone = |path: &str| Error::open(Path::new(path), io::Error::other("gone"));
        for (name, path, expected) in [
            ("file:/data/x", "/data/x", "gone (is the path right"),
            (
                "file:/data/x?follow=1",
                "/data/x",
                "gone (is the path right",
            ),
            ("file:/data", "/data/x", "/data/x: gone (is the path right"),
        ] {
            let (report, status) = status(name);
            report.ended(Some(&gone(path)));
            let error = status.borrow().error.clone().expect("it failed");
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
