//! Errors of paths that the batch worker answers, in the worker's own form: "problem details" of
//! <https://www.rfc-editor.org/rfc/rfc9457>.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::http::{json, limiter::Full, problem::Problem};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

#[derive(Debug)]
pub(crate) struct ProblemDetails {
    status: StatusCode,
    headers: HeaderMap,
    /// Boxed, so that results that carry it stay small.
    words: Box<Details>,
}

#[derive(Debug, Serialize)]
struct Details {
    /// The kind of problem: the same words each time.
    title: String,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl ProblemDetails {
    fn new(status: StatusCode, title: &str, detail: impl Into<String>) -> Self {
        let words = Details {
            title: title.to_owned(),
            detail: detail.into(),
            remedy: None,
        };
        Self {
            status,
            headers: HeaderMap::new(),
            words: Box::new(words),
        }
    }

    fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.words.remedy = Some(remedy.into());
        self
    }

    fn with_header(mut self, name: header::HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    pub(crate) fn no_worker(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        let title = "there is no batch worker, which answers for tables and SQL";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, title, reason).with_remedy(remedy)
    }

    pub(crate) fn worker_gone() -> Self {
        let detail = "the batch worker ended, or took no connection; headcount starts it again";
        Self::no_worker(detail, "ask again in a few seconds").with_header(header::RETRY_AFTER, "2")
    }

    pub(crate) fn worker_silent(silence: Duration) -> Self {
        let detail = format!(
            "the batch worker said nothing for {} s",
            silence.as_secs_f32()
        );
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the batch worker does not answer",
            detail,
        )
        .with_remedy("ask for less at a time, or look into the log of headcount")
    }

    pub(crate) fn worker_busy(full: Full, limit: usize) -> Self {
        let whose = match full {
            Full::Total => "",
            Full::Address => " from this address",
        };
        let detail =
            format!("the batch worker has {limit} requests{whose} to answer, and takes no more");
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests at one time",
            detail,
        )
        .with_remedy("ask again in a moment")
        .with_header(header::RETRY_AFTER, "1")
    }

    pub(crate) fn not_json() -> Self {
        let detail = "a statement comes as JSON, with the header Content-Type: application/json";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "this is not JSON",
            detail,
        )
    }

    pub(crate) fn not_post() -> Self {
        let detail = "a statement comes as the body of a POST";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "use POST", detail)
            .with_header(header::ALLOW, "POST")
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "this cannot be asked", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such thing", detail)
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "this version is not used", detail)
    }

    pub(crate) fn no_model(name: &str) -> Self {
        let detail = format!("no version of the model {name} is in use");
        let remedy = format!(
            "the worker trains it when there is enough to learn from, and so does: headcount train {name}"
        );
        Self::new(StatusCode::NOT_FOUND, "there is no such model yet", detail).with_remedy(remedy)
    }

    pub(crate) fn models_failed(detail: impl Into<String>) -> Self {
        let title = "the models cannot be read";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, title, detail)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Why there is no worker and the way out, if that is the problem.
    pub(crate) fn absence(&self) -> Option<(&str, &str)> {
        let is_absent = self.status == StatusCode::SERVICE_UNAVAILABLE;
        let remedy = self.words.remedy.as_deref().filter(|_| is_absent)?;
        Some((&self.words.detail, remedy))
    }
}

/// A limit that holds for every path.
impl From<Problem> for ProblemDetails {
    fn from(problem: Problem) -> Self {
        let (status, mut headers, error) = problem.into_parts();
        headers.remove(header::CONTENT_TYPE);
        let title = status.canonical_reason().unwrap_or("refused");
        Self {
            headers,
            ..Self::new(status, title, error)
        }
    }
}

impl IntoResponse for ProblemDetails {
    fn into_response(mut self) -> Response {
        self.headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
        (self.status, self.headers, json::to_bytes(&self.words)).into_response()
    }
}
