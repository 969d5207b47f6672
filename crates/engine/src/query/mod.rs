//! From event rows to figures: one pass makes an aggregate of a partition, the sum of aggregates a view.

mod aggregation;
mod answer;
pub(crate) mod lists;
pub(crate) mod partial_aggregate;
pub(crate) mod pass;
mod summary;
pub(crate) mod view;
