//! `/healthz` says that the process runs, `/readyz` whether it serves figures and records can still come in.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use headcount_query::Readiness;
use http::header;
use serde::Serialize;

use crate::{
    app::App,
    http::{json, problem::Problem},
    state::require,
};

#[derive(Serialize)]
struct ProbeBody {
    status: &'static str,
}

pub(crate) async fn healthz() -> Response {
    say("ok")
}

pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    if app.stop.is_asked() {
        return Problem::unavailable("headcount is stopping").into_response();
    }
    // The figures so far are still shown, but nothing is added to them: whoever watches this process must hear of it.
    if let Some(sentence) = headcount_query::all_failed(&app.state.sources.borrow()) {
        return Problem::failed(&sentence).into_response();
    }
    let ready = app.state.ready.borrow();
    // Figures are served while it waits, but a rollout must not go on over it.
    if let Readiness::Waiting(reason) = &*ready {
        return Problem::waiting(reason).into_response();
    }
    match require(&ready) {
        Ok(()) => say("ready"),
        Err(problem) => problem.into_response(),
    }
}

fn say(status: &'static str) -> Response {
    (
        [(header::CONTENT_TYPE, json::CONTENT_TYPE)],
        json::to_bytes(&ProbeBody { status }),
    )
        .into_response()
}
