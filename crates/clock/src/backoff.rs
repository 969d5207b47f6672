//! How long to wait before the next attempt.

use std::time::Duration;

/// The doubling of [`Backoff`] ends long before this many: 2^30 times the first delay is always more than the most.
const FAILURES_MAX: u32 = 30;

/// How long delays are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// The first delay is at most this, and at least half of it.
    pub first: Duration,
    /// No delay is longer than this.
    pub most: Duration,
}

/// Delays that double, of each of which half is chance, so that many clients that were turned away together do not
/// come back together ("equal jitter": <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
#[derive(Debug, Clone)]
pub struct Backoff {
    delays: Delays,
    failures: u32,
    random: fastrand::Rng,
}

impl Backoff {
    /// Begins with the first delay.
    #[must_use]
    pub fn new(delays: Delays) -> Self {
        Self::with_random(delays, fastrand::Rng::new())
    }

    /// The same delays every time, for tests.
    #[must_use]
    pub fn seeded(delays: Delays, seed: u64) -> Self {
        Self::with_random(delays, fastrand::Rng::with_seed(seed))
    }

    fn with_random(delays: Delays, random: fastrand::Rng) -> Self {
        Self {
            delays,
            failures: 0,
            random,
        }
    }

    /// Something worked: the next delay is the first again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Something failed: how long to wait before the next attempt.
    pub fn next_delay(&mut self) -> Duration {
        let whole = self.whole();
        self.failures = (self.failures + 1).min(FAILURES_MAX);
        whole / 2 + (whole / 2).mul_f64(self.random.f64())
    }

    /// The longest that the next delay can be.
    #[must_use]
    pub fn whole(&self) -> Duration {
        self.delays
            .first
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(self.delays.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAYS: Delays = Delays {
        first: Duration::from_secs(1),
        most: Duration::from_secs(30),
    };

    #[test]
    fn it_doubles_with_jitter_up_to_a_limit_and_begins_anew() {
        let mut backoff = Backoff::seeded(DELAYS, 7);
        for index in 0..40 {
            let whole = f64::powi(2.0, index).min(30.0);
            let delay = backoff.next_delay().as_secs_f64();
            assert!(
                (whole / 2.0..=whole).contains(&delay),
                "{delay} is not the delay number {index}"
            );
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_secs(1));
    }

    #[test]
    fn a_seed_repeats_its_delays() {
        let delays = |seed| {
            let mut backoff = Backoff::seeded(DELAYS, seed);
            [(); 8].map(|()| backoff.next_delay())
        };
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
    }

    #[test]
    fn a_thousand_clients_do_not_come_back_at_once() {
        let mut delays: Vec<Duration> = (0..1000)
            .map(|seed| {
                let mut backoff = Backoff::seeded(DELAYS, seed);
                let mut last = Duration::ZERO;
                for _ in 0..6 {
                    last = backoff.next_delay();
                }
                last
            })
            .collect();
        delays.sort();
        let busiest = delays
            .windows(100)
            .map(|window| window[99] - window[0])
            .min()
            .expect("there are delays");
        assert!(
            busiest > Duration::from_millis(500),
            "100 clients come back within {busiest:?}"
        );
    }
}
