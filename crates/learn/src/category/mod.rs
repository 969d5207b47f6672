//! The category of an event from its text.
//!
//! Two learners see the same words of the same groups: a linear support vector machine for each category, and a random forest.
//! The one with the better macro-F1 on groups that neither has seen is served. The text is the event's title and description;
//! whoever knows the group's topics may use them too, by a model of its own, since they say more and are not always there.

mod card;
mod corpus;
mod forest;
mod linear;
mod model;
mod scorer;
mod sharpness;
mod term_profiles;
mod term_rows;
#[cfg(test)]
mod tests;
mod topic_space;
mod training;
mod vocabulary;

pub use model::{CategoryModel, CategoryPrediction, Evidence, drift_bins};
