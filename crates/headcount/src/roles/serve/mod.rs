//! Showing: replicas and partitions answer, and views are made of their answers.

pub(crate) mod partition_handle;
pub(crate) mod readiness;
pub(crate) mod replicas;
pub(crate) mod views;
