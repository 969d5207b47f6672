//! What time it is, by the server.
//!
//! Records are asked for by their times, which are the server's. The clock of this machine may be an hour off, and jump;
//! the server's `Date`, and how long ago it came, say what its records will be compared with.

use tokio::time::Instant;

/// Clocks that differ by less are right: `Date` has whole seconds, and its way here took a while.
const TOLERANCE_MS: i64 = 60_000;

/// The server's clock, as far as it has told it.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// What it said, ms since 1970, and when that came.
    told: Option<(i64, Instant)>,
}

impl ServerClock {
    /// The server has told its time, ms since 1970.
    pub(super) fn tell(&mut self, date_ms: i64) {
        self.told = Some((date_ms, Instant::now()));
    }

    pub(super) fn is_known(&self) -> bool {
        self.told.is_some()
    }

    /// What time it is by the server, ms since 1970; `own_ms` is what it is by this machine, unless the two differ.
    pub(super) fn now_ms(&self, own_ms: i64) -> i64 {
        own_ms + self.lead_ms(own_ms).unwrap_or(0)
    }

    /// How far it is ahead of this machine's, if they differ.
    pub(super) fn lead_ms(&self, own_ms: i64) -> Option<i64> {
        let (date_ms, at) = self.told?;
        let elapsed_ms = i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX);
        let lead_ms = date_ms.saturating_add(elapsed_ms).saturating_sub(own_ms);
        (lead_ms.abs() >= TOLERANCE_MS).then_some(lead_ms)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: i64 = 1_700_000_000_000;
    const HOUR: i64 = 3_600_000;

    #[tokio::test(start_paused = true)]
    async fn the_servers_time_goes_on_whatever_this_machine_says() {
        let mut clock = ServerClock::default();
        assert_eq!((clock.now_ms(NOW), clock.lead_ms(NOW)), (NOW, None));
        clock.tell(NOW + 900);
        assert_eq!((clock.now_ms(NOW), clock.lead_ms(NOW)), (NOW, None));
        tokio::time::advance(Duration::from_millis(HOUR as u64)).await;
        // This machine has slept, or jumps.
        assert_eq!(clock.now_ms(NOW), NOW + HOUR + 900);
        assert_eq!(clock.now_ms(NOW + 9 * HOUR), NOW + HOUR + 900);
        assert_eq!(clock.lead_ms(NOW + 9 * HOUR), Some(-8 * HOUR + 900));
    }
}
