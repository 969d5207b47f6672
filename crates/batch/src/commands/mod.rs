//! What each command does with its arguments.

pub(crate) mod executor;
pub(crate) mod run_jobs;
pub(crate) mod scheduler;
mod signals;
