//! What changes in a partition, for the tables and the replicas that follow it.

mod aggregates;
pub(crate) mod changes;
mod dense_set;
mod meta;
pub(crate) mod replica;
mod row_cursor;
pub(crate) mod stored;
mod take;
pub(crate) mod tracker;
