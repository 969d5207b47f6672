//! How far record time has come, in one partition and in the whole.

use headcount_record::Version;
use serde::{Deserialize, Serialize};

use crate::window::{KEPT_MS, Window};

/// How much longer a partition keeps its windows than the whole shows them. Partitions are
/// aggregated one after the other while they go on counting, all at a stream time taken before: one
/// that has come further since must still have every window of that time.
const SLACK_MS: i64 = 10 * 60 * 1000;

/// How late a live record may be. Measured on real streams: 8.0 s at most.
pub const LATENESS_MS: i64 = 10_000;
/// How far ahead of its arrival a record time may be.
pub const FUTURE_MS: i64 = 5 * 60 * 1000;

/// Follows the greatest live record time. Re-sent records, whose time is a whole second, carry
/// times of long ago or rounded up, so they never move it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watermark {
    greatest: Option<i64>,
}

impl Watermark {
    pub(crate) fn observe(&mut self, version: Version) {
        if version.is_live() {
            self.greatest = self.greatest.max(Some(version.time()));
        }
    }

    /// Record time up to which no more live records are expected.
    pub(crate) fn stream_time(&self) -> Option<i64> {
        self.greatest.map(|greatest| greatest - LATENESS_MS)
    }

    /// The oldest window that this partition keeps. The whole has come at least as far as any of
    /// its partitions, so nothing before it will ever be shown again.
    pub(crate) fn oldest_window(&self) -> Window {
        oldest_window(self.stream_time().map(|time| time - SLACK_MS))
    }
}

/// The oldest window shown at a stream time: the first whose end is later than a day before.
pub(crate) fn oldest_window(stream_time: Option<i64>) -> Window {
    stream_time.map_or(Window::of(0), |time| Window::of(time - KEPT_MS))
}

/// The newest window shown at a stream time. A record may be re-sent with a time that is rounded
/// up; one that is further ahead of every live record than a clock may be wrong is shown when
/// the stream has come there.
pub(crate) fn newest_window(stream_time: Option<i64>) -> Window {
    stream_time.map_or(Window::LAST, |time| {
        Window::of(time + LATENESS_MS + FUTURE_MS)
    })
}

/// The stream time of a whole journal: that of the partition that has come furthest.
///
/// It is the same however the records are spread over partitions, for it is the greatest time of
/// any live record in both cases. Each partition has come less far than the whole, so what it
/// forgets by its own watermark the whole has forgotten before.
#[must_use]
pub fn stream_time_of_all(partitions: impl IntoIterator<Item = Option<i64>>) -> Option<i64> {
    partitions.into_iter().flatten().max()
}
