//! The read model: whatever shows figures asks the same [`Question`]s and knows the same of the rest of the program.
//!
//! The program's publisher answers through [`Views`]; the server, and whatever else shows or judges figures, asks.
//! It is not: HTTP, a page, or the counts themselves. What is answered are the plain values of `headcount-engine`.

mod cluster;
mod readiness;
mod source;
mod views;

pub use cluster::{ClusterStatus, PartitionStatus, WorkerStatus};
pub use readiness::Readiness;
pub use source::{SourceState, SourceStatus, all_failed};
pub use views::{Question, Unanswered, Views};
