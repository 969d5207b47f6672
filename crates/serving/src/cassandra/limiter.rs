//! An AIMD concurrency limiter: as many writes are under way at once as the servers answer in time.
//!
//! What a server has taken and not done yet waits in its memory, and goes on waiting when nobody waits for its answer any
//! more. So a server that is slow must be asked less, not again and again. The limit grows by one write each time all of
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
pub(crate) struct ConcurrencyLimiter {
    permits: Semaphore,
    limit: Mutex<Limit>,
    shown: Share,
}

struct Limit {
    now: usize,
    /// Permits that are to go when they come back.
    owed: usize,
    /// Answers in time since the limit last grew.
    answered: usize,
    /// Of all that was under way at the same time only the first late answer counts.
    halved: Instant,
}

/// Leave for one write.
pub(crate) struct WritePermit<'a> {
    limiter: &'a ConcurrencyLimiter,
    permit: Option<SemaphorePermit<'a>>,
}

impl ConcurrencyLimiter {
    pub(crate) fn new() -> Self {
        let shown = Share::of(&METRICS.window_writes);
        shown.set(FIRST);
        Self {
            shown,
            permits: Semaphore::new(FIRST),
            limit: Mutex::new(Limit {
                now: FIRST,
                owed: 0,
                answered: 0,
                halved: Instant::now(),
            }),
        }
    }

    /// A permit, in the order of asking.
    pub(crate) async fn permit(&self) -> WritePermit<'_> {
        let permit = self.permits.acquire().await;
        WritePermit {
            limiter: self,
            permit: Some(permit.expect("it is never closed")),
        }
    }

    /// Learns from a write that began then, and was taken or not.
    pub(crate) fn learn(&self, began: Instant, taken: bool) {
        let mut limit = self.limit();
        if taken && began.elapsed() < SOON {
            limit.answered += 1;
            if limit.answered >= limit.now && limit.now < MOST {
                limit.answered = 0;
                limit.now += 1;
                match limit.owed.checked_sub(1) {
                    Some(owed) => limit.owed = owed,
                    None => self.permits.add_permits(1),
                }
            }
        } else if began >= limit.halved {
            let least = if taken { LEAST_LATE } else { LEAST };
            let half = (limit.now / 2).max(least).min(limit.now);
            let less = limit.now - half;
            (limit.now, limit.answered, limit.halved) = (half, 0, Instant::now());
            limit.owed += less - self.permits.forget_permits(less);
            METRICS.halvings.inc();
        }
        self.shown.set(limit.now);
    }

    fn limit(&self) -> std::sync::MutexGuard<'_, Limit> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WritePermit<'_> {
    fn drop(&mut self) {
        let mut limit = self.limiter.limit();
        if let Some(owed) = limit.owed.checked_sub(1) {
            limit.owed = owed;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(limiter: &ConcurrencyLimiter) -> usize {
        limiter.permits.available_permits()
    }

    #[test]
    fn answers_in_time_widen_it_and_late_ones_halve_it_once() {
        let limiter = ConcurrencyLimiter::new();
        for _ in 0..FIRST {
            limiter.learn(Instant::now(), true);
        }
        assert_eq!(free(&limiter), FIRST + 1);
        let began = Instant::now();
        limiter.learn(began, false);
        limiter.learn(began, false);
        assert_eq!(free(&limiter), FIRST.div_ceil(2));
        for _ in 0..100 {
            limiter.learn(Instant::now(), false);
        }
        assert_eq!(free(&limiter), LEAST);
        limiter.learn(Instant::now() - SOON, true);
        assert_eq!(free(&limiter), LEAST, "late is not worse than failed");
        for _ in 0..MOST * MOST {
            limiter.learn(Instant::now(), true);
        }
        assert_eq!(free(&limiter), MOST);
        for _ in 0..10 {
            limiter.limit().halved = Instant::now() - SOON * 2;
            limiter.learn(Instant::now() - SOON, true);
        }
        assert_eq!(free(&limiter), LEAST_LATE);
    }

    #[tokio::test]
    async fn permits_that_are_out_go_when_they_come_back() {
        let limiter = ConcurrencyLimiter::new();
        let mut taken = Vec::new();
        for _ in 0..FIRST {
            taken.push(limiter.permit().await);
        }
        limiter.learn(Instant::now(), false);
        taken.truncate(FIRST / 2);
        assert_eq!(free(&limiter), 0);
        taken.clear();
        assert_eq!(free(&limiter), FIRST / 2);
    }
}
