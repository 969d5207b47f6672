//! The commands of `headcount-batch`, each in a file.

pub(crate) mod current;
pub(crate) mod drift;
pub(crate) mod executor;
pub(crate) mod report;
pub(crate) mod run_jobs;
pub(crate) mod scheduler;
pub(crate) mod serve;
mod signals;
pub(crate) mod sql;
pub(crate) mod statement;
pub(crate) mod tables;
pub(crate) mod train;
