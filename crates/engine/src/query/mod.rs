//! From event rows to figures: one pass makes a survey of a partition, the sum of surveys a view.

mod answer;
pub(crate) mod lists;
pub(crate) mod pass;
mod summary;
pub(crate) mod survey;
mod surveys;
pub(crate) mod view;
