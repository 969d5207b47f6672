//! The simulation as one connection gets it.

use std::{future::pending, sync::Arc, time::Duration};

use bytes::Bytes;
use headcount_record::Feed;
use memchr::memmem;
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    query::{Query, Since},
    speed::Speed,
};
use headcount_simulator::Simulator;

/// Records searched in a row before other tasks get their turn.
const LOOKS: usize = 1024;
/// Pause within a long search.
const BREATH: Duration = Duration::from_millis(5);
/// How far back `since_count` looks.
const BACKLOG_MAX: u64 = 100_000;

/// The simulation in play.
pub(super) struct SimulationPlayback {
    simulator: Arc<Simulator>,
    feed: Feed,
    event_id: Option<Box<str>>,
    speed: Speed,
    opened: Instant,
    next: u64,
}

impl SimulationPlayback {
    pub(super) fn new(
        simulator: Arc<Simulator>,
        feed: Feed,
        query: &Query,
        speed: Speed,
        opened: Instant,
    ) -> Self {
        let event_id = query.event_id.as_deref().map(Into::into);
        let mut live = Self {
            simulator,
            feed,
            event_id,
            speed,
            opened,
            next: 0,
        };
        live.join(query.since);
        live
    }

    /// Joins the stream where it is now, or where the client asked to. At top speed there is no
    /// now: it is played from its start.
    fn join(&mut self, since: Since) {
        let start = self.simulator.time_of(0);
        let now = self.speed.factor().map_or(0, |times| {
            let since_start = self.opened.elapsed().as_secs_f64() * 1000.0 * times;
            self.simulator
                .index_at(start.saturating_add(since_start as i64))
        });
        self.next = match since {
            Since::Start => now,
            Since::Mtime(mtime) => self.simulator.index_at(mtime.saturating_add(1)),
            Since::Count(count) => {
                let earlier = (now.saturating_sub(BACKLOG_MAX)..now).rev();
                earlier
                    .filter(|&index| self.shows(index))
                    .take(count)
                    .last()
                    .unwrap_or(now)
            }
        };
    }

    /// As [`Playback::next`](super::playback::Playback::next).
    pub(super) async fn next(&mut self) -> Bytes {
        let mut looked = 0;
        if !self.simulator.brings(self.feed) {
            pending::<()>().await;
        }
        loop {
            if self.simulator.feed_of(self.next) == self.feed {
                sleep_until(self.due()).await;
                let mut line = Vec::with_capacity(2048);
                self.simulator.write(self.next, &mut line);
                if self.is_wanted(&line) {
                    self.next += 1;
                    line.push(b'\n');
                    return line.into();
                }
            }
            self.next += 1;
            looked += 1;
            if looked % LOOKS == 0 {
                // Skipped records should pass no faster than matching ones.
                sleep_until(self.due()).await;
                sleep(BREATH).await;
            }
        }
    }

    fn shows(&self, index: u64) -> bool {
        self.simulator.feed_of(index) == self.feed
    }

    fn is_wanted(&self, line: &[u8]) -> bool {
        let Some(event_id) = &self.event_id else {
            return true;
        };
        let quoted = format!("\"{event_id}\"");
        memmem::find(line, quoted.as_bytes()).is_some()
    }

    fn due(&self) -> Instant {
        let since_start = self.simulator.time_of(self.next) - self.simulator.time_of(0);
        let then = Duration::from_millis(u64::try_from(since_start).unwrap_or(0));
        self.opened + self.speed.of(then)
    }
}
