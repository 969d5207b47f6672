//! The paths that the batch worker answers: SQL, its named statements as boards, the report, and the worker's own state.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;

use crate::{
    app::App,
    http::{headers, json, origin, problem_details::ProblemDetails},
};

/// The state of the worker, said by the server because there is none to say it.
#[derive(Serialize)]
struct AbsentWorker<'a> {
    available: bool,
    reason: &'a str,
    remedy: &'a str,
}

/// `GET /api/v1/sql/schema` and `GET /api/v1/boards/NAME`.
pub(crate) async fn forward(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ProblemDetails> {
    app.batch.ask(request).await
}

/// `POST /api/v1/sql`. A browser asks before it sends JSON to another origin, and is told no; the header that says where a
/// request is from is looked at besides.
pub(crate) async fn statement(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ProblemDetails> {
    origin::check_same_origin(request.headers())?;
    if !is_json(request.headers()) {
        return Err(ProblemDetails::not_json());
    }
    app.batch.ask(request).await
}

/// Any other method there.
pub(crate) async fn use_post() -> ProblemDetails {
    ProblemDetails::not_post()
}

/// `GET /report`: a page that has everything in itself, and no script. A browser gets our own page in its place while there
/// is none, which says why and what to do.
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ProblemDetails> {
    let asked = request.headers().clone();
    let answer = app.batch.ask(request).await;
    let status = match &answer {
        Ok(response) => response.status(),
        Err(problem) => problem.status(),
    };
    if !status.is_success()
        && takes_html(&asked)
        && let Some(page) = app.page.find("/report")
    {
        // What the browser has of this address may be a report, so it gets the whole page.
        let encodings = asked.get(header::ACCEPT_ENCODING).cloned();
        let encodings = encodings.map(|value| (header::ACCEPT_ENCODING, value));
        let mut response = page.reply(&encodings.into_iter().collect()).await;
        *response.status_mut() = status;
        response.headers_mut().remove(header::ETAG);
        return Ok(response);
    }
    let mut response = answer?;
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(headers::REPORT_SECURITY_POLICY),
    );
    Ok(response)
}

/// `GET /api/v1/batch`: that there is no worker is an answer, not an error.
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    request: Request<Body>,
) -> Result<Response, ProblemDetails> {
    let problem = match app.batch.ask(request).await {
        Ok(response) => return Ok(response),
        Err(problem) => problem,
    };
    let Some((reason, remedy)) = problem.absence() else {
        return Err(problem);
    };
    let body = json::to_bytes(&AbsentWorker {
        available: false,
        reason,
        remedy,
    });
    Ok(([(header::CONTENT_TYPE, json::CONTENT_TYPE)], body).into_response())
}

/// Whether a person looks at the answer.
fn takes_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT);
    accepted.is_some_and(|it| it.to_str().is_ok_and(|it| it.contains("text/html")))
}

/// Whether the body is declared as JSON, whatever its charset.
fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE);
    let declared = declared.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = declared.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}
