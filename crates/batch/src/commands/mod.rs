//! The commands of `headcount-batch`, each in a file.

pub(crate) mod sql;
pub(crate) mod statement;
pub(crate) mod tables;
