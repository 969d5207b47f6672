//! The batch worker: 3NF tables, SQL, reports and jobs over headcount's journal.
//!
//! It is a second executable beside the live program, and the only room on Arrow and DataFusion. It may be killed at
//! any moment: the live program does not notice, and nothing is lost, for all of it follows from the journal.

#![warn(missing_docs)]

pub mod cli;
pub mod cluster;
mod commands;
mod data;
pub mod error;
mod exit;
pub mod model;
pub mod named;
pub mod postgres;
pub mod report;
mod rows;
pub mod schedule;
mod serve;
pub mod snapshot;
pub mod sql;
pub mod tables;
mod training;
mod wire;
