//! Logistic regression, learnt one example at a time: FTRL-proximal with a rate of its own for every weight.
//!
//! McMahan et al., "Ad click prediction: a view from the trenches" (2013), algorithm 1. Features are hashed: two that share a
//! slot share a weight.
use serde::{Deserialize, Serialize};

/// How many weights there are.
const WEIGHTS: usize = 1 << 18;

/// How fast a weight moves, and how much it must have seen to move less.
const ALPHA: f32 = 0.12;
const BETA: f32 = 1.0;

/// What a weight must be worth to be kept (L1), and how large ones are drawn back (L2).
const L1: f32 = 0.05;
const L2: f32 = 1.0;

/// No single answer is held for more certain than this.
const LOGIT_MAX: f64 = 8.0;

/// A feature: the hash of its name and its value.
pub(super) type Feature = (u64, f32);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Ftrl {
    z: Vec<f32>,
    n: Vec<f32>,
}

impl Ftrl {
    pub(super) fn new() -> Self {
        Self {
            z: vec![0.0; WEIGHTS],
            n: vec![0.0; WEIGHTS],
        }
    }

    /// The logarithm of the odds of yes.
    pub(super) fn logit(&self, features: &[Feature]) -> f64 {
        let sum: f64 = features
            .iter()
            .map(|(hash, value)| f64::from(self.weight(slot(*hash)) * value))
            .sum();
        sum.clamp(-LOGIT_MAX, LOGIT_MAX)
    }

    /// Learns that an example with these features, which was given `probability`, was `yes`.
    #[expect(clippy::cast_possible_truncation, reason = "weights are small")]
    pub(super) fn learn(&mut self, features: &[Feature], probability: f64, yes: bool) {
        let error = (probability - f64::from(u8::from(yes))) as f32;
        for (hash, value) in features {
            let at = slot(*hash);
            let gradient = error * value;
            let squared = gradient * gradient;
            let sigma = ((self.n[at] + squared).sqrt() - self.n[at].sqrt()) / ALPHA;
            self.z[at] += gradient - sigma * self.weight(at);
            self.n[at] += squared;
        }
    }

    fn weight(&self, at: usize) -> f32 {
        let z = self.z[at];
        if z.abs() <= L1 {
            return 0.0;
        }
        (z.signum() * L1 - z) / ((BETA + self.n[at].sqrt()) / ALPHA + L2)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.z.len() == WEIGHTS && self.n.len() == WEIGHTS
    }

    pub(super) fn is_finite(&self) -> bool {
        self.z.iter().all(|z| z.is_finite()) && self.n.iter().all(|n| n.is_finite() && *n >= 0.0)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower bits choose the slot"
)]
fn slot(hash: u64) -> usize {
    hash as usize % WEIGHTS
}
