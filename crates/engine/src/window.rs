//! Windows of record time: 5 seconds long, kept for a day of stream time.
//!
//! Counts by window live in the event rows, so a window by country or by event, a sliding trend
//! and the minutes of a day are all sums of the same buckets and cannot disagree.

use headcount_record::Response;
use serde::{Deserialize, Serialize, Serializer};

use crate::counts::Answers;

/// Length of a window.
pub const WINDOW_MS: i64 = 5_000;
/// How long a window is kept, in stream time.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Windows of the trending list.
pub const TREND_MS: i64 = 10 * 60 * 1000;

/// A window's number: record time divided by its length, since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Window(u32);

impl Window {
    /// Later than any window.
    pub(crate) const LAST: Self = Self(u32::MAX);

    /// The window that holds this record time.
    pub(crate) fn of(mtime: i64) -> Self {
        Self(u32::try_from(mtime.max(0) / WINDOW_MS).expect("record time ends in 2100"))
    }

    /// Begin, ms since 1970.
    pub(crate) fn start(self) -> i64 {
        i64::from(self.0) * WINDOW_MS
    }

    /// How many windows later than `earlier`, if not before it.
    pub(crate) fn since(self, earlier: Self) -> Option<usize> {
        self.0
            .checked_sub(earlier.0)
            .map(|distance| distance as usize)
    }
}

/// Answers of one event in one window: those that are yes or no, or those that are maybe. Few
/// streams have any of the latter, and buckets are most of what an event takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The window's number times two; plus one for a bucket of maybes.
    slot: u32,
    yes_or_maybe: u32,
    no: u32,
}

impl Bucket {
    pub(crate) fn window(&self) -> Window {
        Window(self.slot >> 1)
    }

    pub(crate) fn answers(&self) -> Answers {
        let (yes, maybe) = if self.slot & 1 == 0 {
            (self.yes_or_maybe, 0)
        } else {
            (0, self.yes_or_maybe)
        };
        Answers {
            yes: yes.into(),
            no: self.no.into(),
            maybe: maybe.into(),
        }
    }

    fn count_of(&mut self, response: Response) -> &mut u32 {
        match response {
            Response::Yes | Response::Maybe => &mut self.yes_or_maybe,
            Response::No => &mut self.no,
        }
    }
}

/// The buckets of one event, oldest first. Buckets older than what is kept may linger until the
/// event is touched again; whoever reads skips them.
///
/// Stored as distances, which take a byte or two where windows take five.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<(u32, u32, u32)>")]
pub(crate) struct Buckets(Vec<Bucket>);

impl From<Vec<(u32, u32, u32)>> for Buckets {
    fn from(stored: Vec<(u32, u32, u32)>) -> Self {
        let mut slot = 0_u32;
        let bucket = |(distance, yes_or_maybe, no)| {
            slot = slot.wrapping_add(distance);
            Bucket {
                slot,
                yes_or_maybe,
                no,
            }
        };
        Self(stored.into_iter().map(bucket).collect())
    }
}

impl Serialize for Buckets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        serializer.collect_seq(self.0.iter().map(|bucket| {
            let distance = bucket.slot - before;
            before = bucket.slot;
            (distance, bucket.yes_or_maybe, bucket.no)
        }))
    }
}

/// The slot of an answer in a window, whose number is below 2^31 until long after 2100.
fn slot(window: Window, response: Response) -> u32 {
    window.0 << 1 | u32::from(response == Response::Maybe)
}

impl Buckets {
    /// Adds an answer. Windows before `oldest` are forgotten on the way.
    pub(crate) fn add(&mut self, window: Window, response: Response, oldest: Window) {
        if self.0.first().is_some_and(|first| first.window() < oldest) {
            self.0.retain(|bucket| bucket.window() >= oldest);
        }
        let slot = slot(window, response);
        let at = self.0.partition_point(|bucket| bucket.slot < slot);
        if self.0.get(at).is_none_or(|bucket| bucket.slot != slot) {
            if self.0.len() == self.0.capacity() {
                // Most events have few windows: doubling would waste half the memory.
                self.0.reserve_exact(1 + self.0.len() / 2);
            }
            self.0.insert(
                at,
                Bucket {
                    slot,
                    yes_or_maybe: 0,
                    no: 0,
                },
            );
        }
        *self.0[at].count_of(response) += 1;
    }

    /// Reads the last window, so that it is near when it is changed. The value means nothing.
    pub(crate) fn touch(&self) -> u32 {
        self.0.last().map_or(0, |last| last.slot)
    }

    /// Takes an answer back that was added before.
    pub(crate) fn remove(&mut self, window: Window, response: Response) {
        let slot = slot(window, response);
        if let Ok(at) = self.0.binary_search_by_key(&slot, |bucket| bucket.slot) {
            let bucket = &mut self.0[at];
            *bucket.count_of(response) -= 1;
            if bucket.yes_or_maybe == 0 && bucket.no == 0 {
                self.0.remove(at);
            }
        }
    }

    /// A copy of the buckets from a window on.
    pub(crate) fn kept(&self, oldest: Window) -> Self {
        Self(self.since(oldest).to_vec())
    }

    /// The buckets from a window on.
    pub(crate) fn since(&self, oldest: Window) -> &[Bucket] {
        let from = match self.0.last() {
            Some(last) if last.window() >= oldest => {
                self.0.partition_point(|bucket| bucket.window() < oldest)
            }
            _ => self.0.len(),
        };
        &self.0[from..]
    }
}
