//! How good probabilities were that were given before the answer was known.
use serde::{Deserialize, Serialize};

use crate::Calibration;

/// Probabilities are sorted into so many bins for the area under the curve.
const AUC_BINS: usize = 512;

const CALIBRATION_BINS: usize = 10;

/// A probability is never taken for more certain than this: no single answer costs more than 9.2.
const CERTAIN: f64 = 1e-4;

/// The figures of one row of probabilities, in bounded memory.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ProgressiveFigures {
    loss: f64,
    /// Answers by bin of probability: no and yes.
    bins: Vec<[u64; 2]>,
    /// Sum of probabilities, yes and all answers, by bin.
    calibration: Vec<(f64, u64, u64)>,
}

impl Default for ProgressiveFigures {
    fn default() -> Self {
        Self {
            loss: 0.0,
            bins: vec![[0; 2]; AUC_BINS],
            calibration: vec![(0.0, 0, 0); CALIBRATION_BINS],
        }
    }
}

impl ProgressiveFigures {
    /// Counts an answer that had been given this probability of yes.
    pub fn count(&mut self, probability: f64, yes: bool) {
        let probability = probability.clamp(CERTAIN, 1.0 - CERTAIN);
        self.loss -= if yes {
            probability.ln()
        } else {
            (1.0 - probability).ln()
        };
        if let Some(bin) = self.bins.get_mut(bin(probability, AUC_BINS)) {
            bin[usize::from(yes)] += 1;
        }
        if let Some(bin) = self.calibration.get_mut(bin(probability, CALIBRATION_BINS)) {
            *bin = (bin.0 + probability, bin.1 + u64::from(yes), bin.2 + 1);
        }
    }

    /// How many answers were counted.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.bins.iter().flatten().sum()
    }

    /// The mean of -ln of the probability of what was answered; 0 without answers.
    #[must_use]
    pub fn log_loss(&self) -> f64 {
        self.loss / self.answers().max(1) as f64
    }

    /// How likely a yes was given a greater probability than a no; 0.5 where one of them never came. To 1/512 in probability.
    #[must_use]
    pub fn auc(&self) -> f64 {
        let (mut no_below, mut won) = (0.0, 0.0);
        for [no, yes] in &self.bins {
            won += *yes as f64 * (no_below + *no as f64 / 2.0);
            no_below += *no as f64;
        }
        let yes: u64 = self.bins.iter().map(|[_, yes]| yes).sum();
        let pairs = yes as f64 * no_below;
        if pairs > 0.0 { won / pairs } else { 0.5 }
    }

    /// What was promised beside what came, for every tenth that a probability fell in.
    #[must_use]
    pub fn calibration(&self) -> Vec<Calibration> {
        let filled = self.calibration.iter().filter(|(.., all)| *all > 0);
        let bin = |(sum, yes, all): &(f64, u64, u64)| Calibration {
            predicted: sum / *all as f64,
            observed: *yes as f64 / *all as f64,
            examples: *all,
        };
        filled.map(bin).collect()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.bins.len() == AUC_BINS && self.calibration.len() == CALIBRATION_BINS
    }

    pub(super) fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.calibration.iter().all(|(sum, ..)| sum.is_finite())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the number of bins"
)]
fn bin(probability: f64, bins: usize) -> usize {
    ((probability * bins as f64) as usize).min(bins - 1)
}
