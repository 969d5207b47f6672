//! A recording as one connection gets it.

use std::{future::pending, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    task::yield_now,
    time::{Instant, sleep, sleep_until},
};

use super::{
    playback::ScheduledRecord,
    query::{Query, Since},
    speed::Speed,
};

/// Between the end of a recording and its beginning.
const PAUSE: Duration = Duration::from_secs(1);
/// Venues in one batch of a trickle, and the time from one to the next.
const TRICKLE: usize = 512;
const TRICKLE_PAUSE: Duration = Duration::from_secs(1);
/// Records searched in a row before other tasks get their turn.
const LOOKS: usize = 1024;

/// A recording in play.
pub(super) struct RecordingPlayback {
    records: Arc<[ScheduledRecord]>,
    event_id: Option<Box<str>>,
    speed: Speed,
    once: bool,
    trickle: bool,
    next: usize,
    /// Whether anything was shown since it last began.
    shown: bool,
    /// When what is due at zero is shown.
    origin: Instant,
}

impl RecordingPlayback {
    pub(super) fn new(
        records: Arc<[ScheduledRecord]>,
        query: &Query,
        speed: Speed,
        once: bool,
    ) -> Self {
        let mut tape = Self {
            records,
            event_id: query.event_id.as_deref().map(Into::into),
            speed,
            once,
            trickle: query.trickle,
            next: 0,
            shown: false,
            origin: Instant::now(),
        };
        tape.wind(query.since);
        tape
    }

    /// Begins where the client asked to. What is skipped takes no time.
    fn wind(&mut self, since: Since) {
        let newer = |mtime| {
            move |record: &ScheduledRecord| {
                record.entry.mtime.is_some_and(|recorded| recorded > mtime)
            }
        };
        self.next = match since {
            Since::Start => 0,
            Since::Mtime(mtime) => self
                .records
                .iter()
                .position(newer(mtime))
                .unwrap_or(self.records.len()),
            Since::Count(count) => self.last(count),
        };
        // The last records come at once, so it is the last of them that is due now.
        let now_due = match since {
            Since::Count(_) => self.records.len().saturating_sub(1),
            _ => self.next,
        };
        self.origin = self
            .origin
            .checked_sub(self.due(now_due))
            .unwrap_or(self.origin);
    }

    /// The place from which on there are `count` records to show.
    fn last(&self, count: usize) -> usize {
        let wanted = self
            .records
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, record)| self.shows(record));
        wanted
            .take(count)
            .last()
            .map_or(self.records.len(), |(index, _)| index)
    }

    /// As [`Playback::next`](super::playback::Playback::next).
    pub(super) async fn next(&mut self) -> Bytes {
        let mut looked = 0;
        loop {
            while let Some(record) = self.records.get(self.next) {
                if self.shows(record) {
                    sleep_until(self.origin + self.due(self.next)).await;
                    self.next += 1;
                    self.shown = true;
                    return record.entry.line.clone();
                }
                self.next += 1;
                looked += 1;
                if looked % LOOKS == 0 {
                    yield_now().await;
                }
            }
            self.begin_anew().await;
        }
    }

    fn shows(&self, record: &ScheduledRecord) -> bool {
        self.event_id.is_none() || self.event_id == record.entry.event_id
    }

    fn due(&self, index: usize) -> Duration {
        if self.trickle {
            return self.speed.of(TRICKLE_PAUSE) * (index / TRICKLE) as u32;
        }
        let last = self.records.len().saturating_sub(1);
        self.records
            .get(index.min(last))
            .map_or(Duration::ZERO, |record| record.due)
    }

    /// At the end: silence for ever, or a pause and the beginning. As fast as the client reads
    /// there is no pause, unless there was nothing to read.
    async fn begin_anew(&mut self) {
        if self.once || self.records.is_empty() {
            pending::<()>().await;
        }
        let end = self.origin + self.due(self.records.len());
        if self.speed != Speed::MAX {
            sleep_until(end + PAUSE).await;
        } else if !self.shown {
            sleep(PAUSE).await;
        }
        self.origin = Instant::now();
        self.next = 0;
        self.shown = false;
    }
}
