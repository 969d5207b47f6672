//! One file for each path, or for a few that belong together.

pub(crate) mod batch;
pub(crate) mod cluster;
pub(crate) mod clusters;
pub(crate) mod data;
pub(crate) mod events;
pub(crate) mod lists;
pub(crate) mod live;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod page;
pub(crate) mod probes;
pub(crate) mod status;
mod stream_name;
pub(crate) mod summary;
pub(crate) mod themes;
mod venues_table;
