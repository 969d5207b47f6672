//! What probabilities are worth.

use crate::Calibration;

/// No probability is taken for less, so that one certain mistake does not decide everything.
const PROBABILITY_MIN: f64 = 1e-6;

/// The mean of -ln(p) over the probabilities `p` that were given to what came true, each counted as often as its weight says.
/// 0 if there are none.
#[must_use]
pub fn log_loss(probabilities_of_truth: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (probability, weight) in probabilities_of_truth {
        sum -= probability.max(PROBABILITY_MIN).ln() * weight;
        weights += weight;
    }
    if weights > 0.0 { sum / weights } else { 0.0 }
}

/// Bins of equal width over 0..=1: what was predicted in each and how much of it came true. Empty bins are left out.
/// Of each prediction: its probability, whether it came true, and how often it was made.
#[must_use]
pub fn calibration_bins(
    predictions: impl IntoIterator<Item = (f64, bool, u64)>,
    bins: usize,
) -> Vec<Calibration> {
    let mut sums = vec![(0.0, 0_u64, 0_u64); bins.max(1)];
    let last = sums.len() - 1;
    for (probability, is_true, times) in predictions {
        let bin = &mut sums[((probability * bins as f64) as usize).min(last)];
        bin.0 += probability * times as f64;
        bin.1 += if is_true { times } else { 0 };
        bin.2 += times;
    }
    sums.into_iter()
        .filter(|&(.., examples)| examples > 0)
        .map(|(predicted, observed, examples)| Calibration {
            predicted: predicted / examples as f64,
            observed: observed as f64 / examples as f64,
            examples,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{calibration_bins, log_loss};
    use crate::Calibration;

    #[test]
    fn a_coin_costs_the_logarithm_of_two() {
        assert!((log_loss([(0.5, 1.0), (0.5, 3.0)]) - std::f64::consts::LN_2).abs() < 1e-12);
        assert_eq!(log_loss([]), 0.0);
        assert!(log_loss([(0.0, 1.0)]).is_finite());
    }

    #[test]
    fn bins_hold_what_came_true() {
        let bins = calibration_bins([(0.25, true, 1), (0.375, false, 3), (1.0, true, 2)], 2);
        let expected =
            [(0.34375, 0.25, 4), (1.0, 1.0, 2)].map(|(predicted, observed, examples)| {
                Calibration {
                    predicted,
                    observed,
                    examples,
                }
            });
        assert_eq!(bins, expected);
    }
}
