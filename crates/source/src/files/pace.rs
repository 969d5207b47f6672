//! Replay: when is a message due?

use std::time::Duration;

use tokio::time::Instant;

/// The longest wait between two messages, whatever the recording says.
const GAP_MAX: Duration = Duration::from_secs(1);

/// How far a replay that was held up may hurry to catch up.
const HURRY_MAX: Duration = Duration::from_secs(1);

/// Follows record time at a multiple of its speed: the greatest time of a live message so far. Re-sent messages carry
/// old or rounded times and are due at once.
#[derive(Debug)]
pub(crate) struct Pacer {
    speed: f64,
    greatest_ms: Option<i64>,
    due: Instant,
}

impl Pacer {
    pub(crate) fn new(speed: f64) -> Self {
        Pacer {
            speed,
            greatest_ms: None,
            due: Instant::now(),
        }
    }

    /// When the next message is due, of which this is the record time (if it has one and is a live one).
    pub(crate) fn due(&mut self, live_mtime_ms: Option<i64>) -> Instant {
        let Some(mtime_ms) = live_mtime_ms else {
            return self.due;
        };
        let before = *self.greatest_ms.get_or_insert(mtime_ms);
        if mtime_ms > before {
            self.greatest_ms = Some(mtime_ms);
            let wait_s = (mtime_ms - before) as f64 / 1000.0 / self.speed;
            let wait =
                Duration::try_from_secs_f64(wait_s).map_or(GAP_MAX, |wait| wait.min(GAP_MAX));
            let earliest = Instant::now().checked_sub(HURRY_MAX).unwrap_or(self.due);
            self.due = self.due.max(earliest) + wait;
        }
        self.due
    }
}
