//! How many writes are under way at once: as many as the servers answer in time.
//!
//! What a server has taken and not done yet waits in its memory, and goes on waiting when nobody waits for its answer any
//! more. So a server that is slow must be asked less, not again and again. The window grows by one write each time all of
//! it was answered in time, and is halved when one was not: as TCP does it (RFC 5681).

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use headcount_telemetry::Share;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::metrics::METRICS;

/// With more a server of few cores answers later, not sooner.
const MOST: usize = 96;
const LEAST: usize = 2;
/// Who answers late answers at least: it may only be far away.
const LEAST_LATE: usize = 16;
const FIRST: usize = 32;
/// In time. A server gives up a write after 2 s.
const SOON: Duration = Duration::from_millis(500);

/// All writes of a process to one keyspace share it.
pub(crate) struct Window {
    room: Semaphore,
    size: Mutex<Size>,
    shown: Share,
}

struct Size {
    now: usize,
    /// Places that are to go when they come back.
    owed: usize,
    /// Answers in time since the window last grew.
    answered: usize,
    /// Of all that was under way at the same time only the first late answer counts.
    halved: Instant,
}

/// A place in the window.
pub(crate) struct Place<'a> {
    window: &'a Window,
    permit: Option<SemaphorePermit<'a>>,
}

impl Window {
    pub(crate) fn new() -> Self {
        let shown = Share::of(&METRICS.window_writes);
        shown.set(FIRST);
        Self {
            room: Semaphore::new(FIRST),
            shown,
            size: Mutex::new(Size {
                now: FIRST,
                owed: 0,
                answered: 0,
                halved: Instant::now(),
            }),
        }
    }

    /// A place, in the order of asking.
    pub(crate) async fn place(&self) -> Place<'_> {
        let permit = self.room.acquire().await;
        Place {
            window: self,
            permit: Some(permit.expect("it is never closed")),
        }
    }

    /// Learns from a write that began then, and was taken or not.
    pub(crate) fn learn(&self, began: Instant, taken: bool) {
        let mut size = self.size();
        if taken && began.elapsed() < SOON {
            size.answered += 1;
            if size.answered >= size.now && size.now < MOST {
                size.answered = 0;
                size.now += 1;
                match size.owed.checked_sub(1) {
                    Some(owed) => size.owed = owed,
                    None => self.room.add_permits(1),
                }
            }
        } else if began >= size.halved {
            let least = if taken { LEAST_LATE } else { LEAST };
            let half = (size.now / 2).max(least).min(size.now);
            let less = size.now - half;
            (size.now, size.answered, size.halved) = (half, 0, Instant::now());
            size.owed += less - self.room.forget_permits(less);
            METRICS.halvings.inc();
        }
        self.shown.set(size.now);
    }

    fn size(&self) -> std::sync::MutexGuard<'_, Size> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut size = self.window.size();
        if let Some(owed) = size.owed.checked_sub(1) {
            size.owed = owed;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(window: &Window) -> usize {
        window.room.available_permits()
    }

    #[test]
    fn answers_in_time_widen_it_and_late_ones_halve_it_once() {
        let window = Window::new();
        for _ in 0..FIRST {
            window.learn(Instant::now(), true);
        }
        assert_eq!(free(&window), FIRST + 1);
        let began = Instant::now();
        window.learn(began, false);
        window.learn(began, false);
        assert_eq!(free(&window), FIRST.div_ceil(2));
        for _ in 0..100 {
            window.learn(Instant::now(), false);
        }
        assert_eq!(free(&window), LEAST);
        window.learn(Instant::now() - SOON, true);
        assert_eq!(free(&window), LEAST, "late is not worse than failed");
        for _ in 0..MOST * MOST {
            window.learn(Instant::now(), true);
        }
        assert_eq!(free(&window), MOST);
        for _ in 0..10 {
            window.size().halved = Instant::now() - SOON * 2;
            window.learn(Instant::now() - SOON, true);
        }
        assert_eq!(free(&window), LEAST_LATE);
    }

    #[tokio::test]
    async fn places_that_are_taken_go_when_they_come_back() {
        let window = Window::new();
        let mut taken = Vec::new();
        for _ in 0..FIRST {
            taken.push(window.place().await);
        }
        window.learn(Instant::now(), false);
        taken.truncate(FIRST / 2);
        assert_eq!(free(&window), 0);
        taken.clear();
        assert_eq!(free(&window), FIRST / 2);
    }
}
