//! StatementRunner on a cluster, and jobs: schedulers, executors and workers are processes of `headcount-batch`.

mod jobs;
mod processes;
mod schedule;
mod statements;
mod tables;
