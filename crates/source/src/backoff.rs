//! How long to wait before connecting again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Between these, doubling; half of each delay is chance, so that many clients do not come back at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    pub least: Duration,
    pub most: Duration,
    /// After a connection that held this long the next delay is a short one again.
    pub healthy: Duration,
}

impl Default for Delays {
    /// 0.5 to 30 seconds: the docs of the feed ask clients to reconnect "within a few seconds".
    fn default() -> Self {
        Delays {
            least: Duration::from_millis(500),
            most: Duration::from_secs(30),
            healthy: Duration::from_secs(60),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Backoff {
    delays: Delays,
    failures: u32,
    random: u64,
}

impl Backoff {
    pub(crate) fn new(delays: Delays) -> Self {
        // The hasher's keys are the chance of this process; no other use of chance here needs a crate.
        Backoff::seeded(delays, RandomState::new().hash_one(std::process::id()))
    }

    fn seeded(delays: Delays, seed: u64) -> Self {
        Backoff {
            delays,
            failures: 0,
            random: seed | 1,
        }
    }

    /// A connection ended after this long.
    pub(crate) fn connection_held(&mut self, duration: Duration) {
        if duration >= self.delays.healthy {
            self.failures = 0;
        }
    }

    /// The next delay.
    pub(crate) fn next(&mut self) -> Duration {
        let whole = self
            .delays
            .least
            .saturating_mul(2u32.saturating_pow(self.failures + 1))
            .min(self.delays.most);
        self.failures = (self.failures + 1).min(30);
        let half = whole / 2;
        half.mul_f64(1.0 + self.chance())
            .max(self.delays.least)
            .min(self.delays.most)
    }

    /// From 0 up to 1 (xorshift64*).
    fn chance(&mut self) -> f64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_with_jitter_and_starts_again_after_a_healthy_minute() {
        let mut backoff = Backoff::seeded(Delays::default(), 7);
        let delays: Vec<f64> = (0..12).map(|_| backoff.next().as_secs_f64()).collect();
        for (index, delay) in delays.iter().enumerate() {
            let whole = (0.5 * f64::powi(2.0, i32::try_from(index).expect("small") + 1)).min(30.0);
            assert!(
                (whole / 2.0..=whole).contains(delay),
                "{delay} is not the delay number {index}"
            );
        }
        backoff.connection_held(Duration::from_secs(59));
        assert!(backoff.next() >= Duration::from_secs(15));
        backoff.connection_held(Duration::from_secs(60));
        assert!(backoff.next() <= Duration::from_secs(1));
    }

    #[test]
    fn a_thousand_clients_do_not_come_back_at_once() {
        let mut delays: Vec<Duration> = (0..1000)
            .map(|seed| Backoff::seeded(Delays::default(), seed * 2 + 1).nth_delay(6))
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

    impl Backoff {
        fn nth_delay(&mut self, n: usize) -> Duration {
            (0..n).map(|_| self.next()).last().expect("n is not zero")
        }
    }
}
