//! The commands of `headcount-batch`, each in a file.

pub mod sql;
pub mod statement;
