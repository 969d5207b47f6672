//! StatementRunner on a cluster, and jobs: schedulers, executors and workers are processes of `headcount-batch`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod jobs;
mod processes;
mod schedule;
mod statements;
mod tables;
