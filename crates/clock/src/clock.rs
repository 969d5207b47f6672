//! The time of day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock on the wall: the system's, or one that stands still until somebody sets it. Clones show the same time.
///
/// It tells when something happened. How long something took is for `Instant` to say: this clock may be set back.
#[derive(Debug, Clone, Default)]
pub struct WallClock {
    /// Milliseconds since 1970; none is the system's clock.
    set: Option<Arc<AtomicI64>>,
}

impl WallClock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at this time, in milliseconds since 1970.
    #[must_use]
    pub fn at(ms: i64) -> Self {
        Self {
            set: Some(Arc::new(AtomicI64::new(ms))),
        }
    }

    /// Sets a clock made by [`WallClock::at`], and its clones, to this time in milliseconds since 1970. The system's clock
    /// is left alone.
    pub fn set(&self, ms: i64) {
        if let Some(set) = &self.set {
            set.store(ms, Ordering::Release);
        }
    }

    /// Milliseconds since 1970. A system whose clock stands before 1970 has 0.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.set {
            Some(set) => set.load(Ordering::Acquire),
            None => now_ms(),
        }
    }
}

/// Milliseconds since 1970 by the system's clock. A system whose clock stands before 1970 has 0.
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_stands_where_it_was_set_and_clones_show_the_same() {
        let clock = WallClock::at(5);
        let other = clock.clone();
        other.set(7);
        assert_eq!((clock.now_ms(), other.now_ms()), (7, 7));
    }

    #[test]
    fn the_system_shows_a_time_after_this_was_written() {
        let system = WallClock::system();
        system.set(5);
        assert!(system.now_ms() > 1_700_000_000_000);
    }
}
