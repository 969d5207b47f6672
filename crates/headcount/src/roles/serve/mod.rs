//! Serving: replicas and partitions answer aggregates, from which the views are made.

pub(crate) mod category_scorer;
pub(crate) mod partition_handle;
pub(crate) mod readiness;
pub(crate) mod replicas;
pub(crate) mod views;
