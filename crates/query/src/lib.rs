//! The read model: everything that shows or judges figures asks the same [`Question`]s, and sees the same status of
//! sources, processes, partitions and the batch worker.
//!
//! The server asks through [`Views`]; the program's publisher answers with the plain values of `headcount-engine`.
//! This crate is not: HTTP, a page, or the counts themselves.
//!
//! Invariant: an answer to a question asked after a commit includes that commit.

#![warn(missing_docs)]

mod batch_worker;
mod cluster;
mod disk;
mod readiness;
mod source;
mod views;

pub use batch_worker::BatchWorkerStatus;
pub use cluster::{ClusterPartition, ClusterStatus, ClusterWorker};
pub use disk::{DiskLevel, DiskStatus};
pub use readiness::Readiness;
pub use source::{ConnectionState, SourceKind, SourceStatus, all_failed};
pub use views::{Question, Unanswered, Views};
