//! A report of a snapshot: every statement runs over the same one.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{BoardAnswer, ReportData, ReportError, render, statements};
use crate::{
    named::Filters,
    snapshot::TablesSnapshot,
    sql::{
        child::StatementRunner,
        error::SqlError,
        request::{AnswerFormat, StatementLimits, StatementRequest},
    },
};

/// Statements of a report that run at once: room stays for those of others.
const AT_ONCE: usize = 2;

/// Why a report was not made.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// A statement failed.
    #[error("ask for {name}")]
    Statement {
        /// Its name.
        name: &'static str,
        /// Why.
        source: SqlError,
    },
    /// A statement was not answered as it should be.
    #[error("read the answer of {name}")]
    Answer {
        /// Its name.
        name: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// The answers make no report.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// Asks for everything and writes the report.
///
/// # Errors
///
/// A statement that fails, or answers that make no report.
pub async fn collect(
    engine: &StatementRunner,
    snapshot: &TablesSnapshot,
    filters: Filters,
    limits: &StatementLimits,
) -> Result<String, CollectError> {
    let asked = statements(&filters).into_iter();
    let asked: Vec<_> = asked
        .map(|(name, sql)| ask(engine, snapshot, limits, name, sql))
        .collect();
    let answers: BTreeMap<String, BoardAnswer> = stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let as_of = snapshot.as_of.clone();
    let data = ReportData::of(filters, as_of, &snapshot.live, answers)?;
    Ok(render(&data)?)
}

async fn ask(
    engine: &StatementRunner,
    snapshot: &TablesSnapshot,
    limits: &StatementLimits,
    name: &'static str,
    sql: String,
) -> Result<(String, BoardAnswer), CollectError> {
    let request = StatementRequest {
        sql,
        format: AnswerFormat::Json,
        limits: limits.clone(),
        snapshot: snapshot.clone(),
        bound: None,
    };
    let failed = |source| CollectError::Statement { name, source };
    let answer = engine.run(&request).await.map_err(failed)?;
    let (bytes, _) = answer.whole().await.map_err(failed)?;
    let answer =
        serde_json::from_slice(&bytes).map_err(|source| CollectError::Answer { name, source })?;
    Ok((name.to_owned(), answer))
}
