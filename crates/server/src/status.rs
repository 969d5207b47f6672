//! `/api/v1/status`: how the program is, for the page of that name.

use headcount_query::{ClusterStatus, Readiness, SourceStatus};
use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use headcount_engine::{AsOf, Ledger};
use http::HeaderMap;
use serde::Serialize;

use crate::{
    app::App, cached_body::CachedBody, clock, json, metrics, parameters, problem::Problem,
};

#[derive(Serialize)]
struct Body<'a> {
    /// ms since 1970, by the clock of the server.
    at: i64,
    version: &'static str,
    build: &'a str,
    /// `ready`, `starting` or `failed`.
    ready: &'static str,
    /// What is being done, or what went wrong.
    doing: Option<&'a str>,
    sources: &'a [SourceStatus],
    /// Answers per second of record time. This and what follows is absent without figures.
    rate: Option<f64>,
    ledger: Option<&'a Ledger>,
    as_of: Option<&'a AsOf>,
    /// Absent where one process does it all.
    cluster: Option<&'a ClusterStatus>,
}

pub(crate) async fn status(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match current(&app, query.as_deref()).await {
        Ok(answer) => answer.reply(&headers).await,
        Err(problem) => problem.into_response(),
    }
}

/// One answer a second, however many ask: sources and owners change without a commit.
async fn current(app: &App, query: Option<&str>) -> Result<Arc<CachedBody>, Problem> {
    parameters::none(query)?;
    let second = app.started.elapsed().as_secs();
    app.status
        .at(second, async {
            let view = metrics::figures(app).await;
            let ready = app.state.ready.borrow().clone();
            let (word, doing) = match &ready {
                Readiness::Ready => ("ready", None),
                Readiness::Starting(doing) => ("starting", Some(doing.as_str())),
                Readiness::Failed(reason) => ("failed", Some(reason.as_str())),
            };
            let sources = app.state.sources.borrow().clone();
            let cluster = app.state.cluster.borrow().clone();
            let body = Body {
                at: clock::now(),
                version: env!("CARGO_PKG_VERSION"),
                build: &app.page.build(),
                ready: word,
                doing,
                sources: &sources,
                rate: view.as_ref().map(|view| view.totals.rate),
                ledger: view.as_ref().map(|view| &view.ledger),
                as_of: view.as_ref().map(|view| &view.as_of),
                cluster: cluster.as_deref(),
            };
            Ok(CachedBody::of_figures(
                json::CONTENT_TYPE,
                json::to_bytes(&body),
            ))
        })
        .await
}
