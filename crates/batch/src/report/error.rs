//! Why there is no report.

use serde_json::Value;

/// A report that cannot be made of what was given.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A statement of [`statements`](super::statements) was not answered.
    #[error("the report needs the answer of {0}, and there is none")]
    Missing(&'static str),
    /// An answer lacks a column.
    #[error("an answer has no column {0}")]
    Column(String),
    /// A value of an answer is not of its column's type.
    #[error("an answer has {value} in the column {column}")]
    Value {
        /// The column.
        column: String,
        /// What is there, as JSON.
        value: String,
    },
    /// The summary of the live counts has no account that could be read.
    #[error("read the ledger of the summary")]
    Ledger(#[source] serde_json::Error),
    /// The template failed.
    #[error("write the report")]
    Template(#[from] askama::Error),
}

impl ReportError {
    pub(super) fn value(column: &str, value: &Value) -> Self {
        Self::Value {
            column: column.to_owned(),
            value: value.to_string().chars().take(80).collect(),
        }
    }
}
