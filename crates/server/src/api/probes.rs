//! `/healthz` says that the process runs, `/readyz` whether it serves figures.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
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
    match require(&app.state.ready.borrow()) {
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
