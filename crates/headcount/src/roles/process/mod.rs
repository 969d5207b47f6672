//! Counting: the partitions that this process owns, and where their changes are published.

pub(crate) mod acked_offsets;
pub(crate) mod archive;
pub(crate) mod checkpoints;
pub(crate) mod deletion;
pub(crate) mod group_member;
pub(crate) mod heartbeat;
pub(crate) mod held_partitions;
pub(crate) mod held_progress;
pub(crate) mod partition;
pub(crate) mod publisher;
pub(crate) mod schedule;
