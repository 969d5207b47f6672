//! Answers that say what is wrong: RFC 9457.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    error::Error,
    named::FilterError,
    report::CollectError,
    sql::error::{SqlError, sqlstate},
};

/// A request that cannot be answered.
pub(super) struct StatementProblem {
    status: u16,
    sqlstate: Option<String>,
    position: Option<u64>,
    detail: String,
}

impl StatementProblem {
    pub(super) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            sqlstate: None,
            position: None,
            detail: detail.into(),
        }
    }
}

impl From<SqlError> for StatementProblem {
    fn from(error: SqlError) -> Self {
        Self {
            status: error.http_status(),
            sqlstate: Some(error.sqlstate),
            position: error.position,
            detail: error.message,
        }
    }
}

impl From<Error> for StatementProblem {
    fn from(error: Error) -> Self {
        Self {
            sqlstate: Some(sqlstate::SYSTEM.to_owned()),
            ..Self::new(500, error.to_string())
        }
    }
}

impl From<FilterError> for StatementProblem {
    fn from(error: FilterError) -> Self {
        Self::new(400, error.to_string())
    }
}

impl From<CollectError> for StatementProblem {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Statement { source, .. } => source.into(),
            other => Self::new(500, other.to_string()),
        }
    }
}

impl IntoResponse for StatementProblem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let title = match self.status {
            408 => "The statement took too long",
            413 => "The statement needs too much",
            429 => "Too many statements run",
            404 => "There is no such thing",
            400..500 => "The statement cannot be answered",
            _ => "The worker could not answer",
        };
        let body = json!({
            "title": title,
            "detail": self.detail,
            "sqlstate": self.sqlstate,
            "position": self.position,
        });
        (
            status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body.to_string(),
        )
            .into_response()
    }
}
