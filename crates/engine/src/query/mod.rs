//! From event rows to figures: one pass makes an aggregate of a partition, the sum of aggregates a view.

mod aggregation;
mod answer;
pub(crate) mod filter;
pub(crate) mod list;
pub(crate) mod lists;
mod misses;
pub(crate) mod partial_aggregate;
pub(crate) mod pass;
mod summary;
mod sums;
pub(crate) mod view;
