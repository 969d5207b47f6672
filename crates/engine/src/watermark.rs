//! How far record time has come in one partition.

use headcount_record::Version;
use serde::{Deserialize, Serialize};

use crate::window::{KEPT_MS, Window};

/// How late a live record may be. Measured on real streams: 8.0 s at most.
pub const LATENESS_MS: i64 = 10_000;
/// How far ahead of its arrival a record time may be.
pub const FUTURE_MS: i64 = 5 * 60 * 1000;

/// Follows the greatest live record time. Re-sent records, whose time is a whole second, carry
/// times of long ago or rounded up, so they never move it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watermark {
    greatest: Option<i64>,
    idle: bool,
}

impl Watermark {
    pub(crate) fn observe(&mut self, version: Version) {
        self.idle = false;
        if version.is_live() {
            self.greatest = self.greatest.max(Some(version.mtime()));
        }
    }

    /// The partition has nothing to come for now.
    pub(crate) fn rest(&mut self) {
        self.idle = true;
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.idle || self.greatest.is_none()
    }

    /// Record time up to which no more live records are expected.
    pub(crate) fn stream_time(&self) -> Option<i64> {
        self.greatest.map(|greatest| greatest - LATENESS_MS)
    }

    /// The oldest window that is kept: the first whose end is later than a day ago.
    pub(crate) fn oldest_window(&self) -> Window {
        oldest_window(self.stream_time())
    }
}

/// The oldest window kept at a stream time.
pub(crate) fn oldest_window(stream_time: Option<i64>) -> Window {
    stream_time.map_or(Window::of(0), |time| Window::of(time - KEPT_MS))
}

/// The stream time of a whole journal: the least over the partitions that are active. Idle ones
/// hold nothing back; when all are idle the furthest counts.
#[must_use]
pub fn stream_time_of_all(
    partitions: impl IntoIterator<Item = (Option<i64>, bool)>,
) -> Option<i64> {
    let (mut active, mut furthest): (Option<i64>, Option<i64>) = (None, None);
    for (time, idle) in partitions {
        furthest = furthest.max(time);
        if let (false, Some(time)) = (idle, time) {
            active = Some(active.map_or(time, |least| least.min(time)));
        }
    }
    active.or(furthest)
}
