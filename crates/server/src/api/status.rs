//! `/api/v1/status`: the state of the program, for the page `/status`.

use headcount_query::{ClusterStatus, DiskStatus, SourceStatus};
use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use headcount_clock::now_ms;
use headcount_engine::{AsOf, Ledger};
use http::HeaderMap;
use serde::Serialize;

use crate::{
    app::App,
    http::{cached_body::CachedBody, json, parameters, problem::Problem},
};

#[derive(Serialize)]
struct StatusBody<'a> {
    /// ms since 1970, by the clock of the server.
    at: i64,
    version: &'static str,
    build: &'a str,
    /// `ready`, `starting`, `waiting` or `failed`.
    ready: &'static str,
    /// What is being done, or what went wrong.
    doing: Option<&'a str>,
    /// The room for the data folder; absent where this process writes none.
    disk: Option<&'a DiskStatus>,
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

/// One response a second, however many clients ask: sources and owners change without a commit.
async fn current(app: &App, query: Option<&str>) -> Result<Arc<CachedBody>, Problem> {
    parameters::none(query)?;
    let second = app.started.elapsed().as_secs();
    app.status
        .at(second, async {
            let view = app.figures().await;
            let ready = app.state.ready.borrow().clone();
            let sources = app.state.sources.borrow().clone();
            let cluster = app.state.cluster.borrow().clone();
            let disk = app.state.disk.borrow().clone();
            let body = StatusBody {
                at: now_ms(),
                version: env!("CARGO_PKG_VERSION"),
                build: &app.page.build(),
                ready: ready.word(),
                doing: ready.reason(),
                disk: disk.as_ref(),
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
