//! How many will say yes to an event, with an interval that holds.
//!
//! The forecast at announcement comes from trees that were boosted for the median and for both ends of the interval; they
//! look at the group's earlier events, most at those that are alike, and at the event itself. What has become of an event
//! (its own count, its waiting list) is never looked at.
//! [`TurnoutPrediction::updated`] takes in the answers that have come.

mod boosted_trees;
mod curve;
mod drift;
mod evaluation;
mod features;
mod forecast;
mod history;
mod intervals;
mod model;
mod subjects;
#[cfg(test)]
mod tests;
mod tree;

pub use curve::AnswerCurve;
pub use drift::drift_bins;
pub use forecast::{AnswersSoFar, TurnoutPrediction};
pub use history::{EVENTS_PER_GROUP_MAX, GROUPS_MAX, TurnoutHistory};
pub use intervals::COVERAGE;
pub use model::{TurnoutModel, predict_in_order};
