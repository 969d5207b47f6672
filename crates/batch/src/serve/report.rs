//! `/report`: its statements run one after the other, over one snapshot.

use std::collections::BTreeMap;

use serde_json::Value;

use super::problem::StatementProblem;
use crate::{
    named::Filters,
    report::{Answer, ReportData, ReportError, render, statements},
    snapshot::Snapshot,
    sql::{
        child::Statements,
        error::{SqlError, sqlstate},
        request::{Format, Limits, Request},
    },
};

/// Makes the report of what the filters leave of a snapshot. The snapshot holds the live program's summary, if it is to
/// have a ledger.
pub(crate) async fn report(
    statements_of: &Statements,
    snapshot: Snapshot,
    filters: Filters,
    limits: &Limits,
) -> Result<String, ReportFailure> {
    let summary = snapshot.live.clone();
    let as_of = snapshot.as_of.clone();
    let snapshot = Snapshot {
        live: Value::Null,
        ..snapshot
    };
    let mut answers = BTreeMap::new();
    for (name, sql) in statements(&filters) {
        let request = Request {
            sql,
            format: Format::Json,
            limits: limits.clone(),
            snapshot: snapshot.clone(),
        };
        let (body, _) = statements_of.run(&request).await?.whole().await?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|cause| {
            SqlError::new(sqlstate::INTERNAL, format!("the answer of {name}: {cause}"))
        })?;
        answers.insert(name.to_owned(), answer);
    }
    Ok(render(&ReportData::of(filters, as_of, &summary, answers)?)?)
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportFailure {
    #[error(transparent)]
    Statement(#[from] SqlError),
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl From<ReportFailure> for StatementProblem {
    fn from(failure: ReportFailure) -> Self {
        match failure {
            ReportFailure::Statement(error) => error.into(),
            ReportFailure::Report(error) => Self::new(500, error.to_string()),
        }
    }
}
