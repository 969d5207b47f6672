//! Intervals that hold: quantiles of trees, widened by what they missed on groups that they had not seen.
//!
//! Conformalised quantile regression (Romano, Patterson and Candès 2019), each side for itself, over out-of-fold errors:
//! events of one group are alike, so whole groups are held out, and a new group is to the model what those were.
use serde::{Deserialize, Serialize};

/// The share of events whose turnout lies in the interval.
pub const COVERAGE: f64 = 0.8;

/// Up to how many past events a group belongs to a class; more belong to the last. A group without a past is harder.
const CLASS_ENDS: [usize; 2] = [0, 3];

const CLASSES: usize = CLASS_ENDS.len() + 1;

/// By how much the quantiles are moved outwards, in units of ln(1 + yes), by class.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Widening {
    low: [f32; CLASSES],
    high: [f32; CLASSES],
}

/// What three ensembles say of one event: ln(1 + yes).
#[derive(Clone, Copy, Debug)]
pub(super) struct ForecastQuantiles {
    pub(super) low: f32,
    pub(super) median: f32,
    pub(super) high: f32,
}

/// A forecast for an event of a group that the ensembles had not seen, and what came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unseen {
    pub(super) quantiles: ForecastQuantiles,
    /// How many past events of its group were known.
    pub(super) past: usize,
    /// ln(1 + yes).
    pub(super) log_yes: f32,
}

pub(super) fn class_of(past: usize) -> usize {
    CLASS_ENDS.partition_point(|end| *end < past)
}

impl Widening {
    /// As much as makes each side hold for all but a tenth of the events; nothing for a class without events.
    pub(super) fn calibrate(unseen: &[Unseen]) -> Self {
        let mut widening = Self::default();
        for class in 0..CLASSES {
            let of_class = || unseen.iter().filter(|event| class_of(event.past) == class);
            widening.low[class] = enough(
                of_class()
                    .map(|event| event.quantiles.low - event.log_yes)
                    .collect(),
            );
            widening.high[class] = enough(
                of_class()
                    .map(|event| event.log_yes - event.quantiles.high)
                    .collect(),
            );
        }
        widening
    }

    /// The quantiles, moved; in order, whatever the ensembles say.
    pub(super) fn apply(&self, quantiles: ForecastQuantiles, past: usize) -> ForecastQuantiles {
        let class = class_of(past);
        let (low, high) = (
            quantiles.low - self.low[class],
            quantiles.high + self.high[class],
        );
        let median = quantiles.median;
        ForecastQuantiles {
            low: low.min(median),
            median,
            high: high.max(median),
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.low
            .iter()
            .chain(&self.high)
            .all(|moved| moved.is_finite())
    }
}

/// The least number that 90 % of the scores do not exceed, with the correction for few scores.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank among the scores"
)]
fn enough(mut scores: Vec<f32>) -> f32 {
    scores.sort_unstable_by(f32::total_cmp);
    let side = f64::midpoint(1.0, COVERAGE);
    let rank = ((scores.len() + 1) as f64 * side).ceil() as usize;
    scores
        .get(rank.saturating_sub(1))
        .or(scores.last())
        .copied()
        .unwrap_or(0.0)
}
