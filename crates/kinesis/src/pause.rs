//! How long to wait after a refusal.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::options::Options;

/// Pauses that double, half of each of them chance, so that many clients do not come back at once.
#[derive(Debug)]
pub struct Pause {
    least: Duration,
    most: Duration,
    refusals: u32,
    chance: RandomState,
}

impl Pause {
    pub fn new(options: &Options) -> Self {
        Pause {
            least: options.pause_least,
            most: options.pause_most,
            refusals: 0,
            chance: RandomState::new(),
        }
    }

    /// There was an answer: the next pause is a short one again.
    pub fn reset(&mut self) {
        self.refusals = 0;
    }

    /// The next pause.
    pub fn grow(&mut self) -> Duration {
        let doubled = self
            .least
            .saturating_mul(2_u32.saturating_pow(self.refusals));
        let half = doubled.min(self.most) / 2;
        self.refusals = (self.refusals + 1).min(30);
        // The hasher's keys are the chance of this process; no other use of chance here needs a crate.
        let chance = self.chance.hash_one(self.refusals) as f64 / u64::MAX as f64;
        self.chance = RandomState::new();
        half + half.mul_f64(chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_with_jitter_up_to_a_limit_and_begins_anew() {
        let mut pause = Pause::new(&Options::default());
        for whole in [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0] {
            let next = pause.grow().as_secs_f64();
            assert!((whole / 2.0..=whole).contains(&next), "{next} of {whole}");
        }
        pause.reset();
        assert!(pause.grow() <= Duration::from_millis(200));
    }
}
