//! `/metrics`, for Prometheus: the ledger and the figures beside what the server counts about itself.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use headcount_telemetry::CONTENT_TYPE;
use http::{HeaderValue, header};

use crate::{app::App, metrics::families};

const TEXT: HeaderValue = HeaderValue::from_static(CONTENT_TYPE);

pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let view = app.figures().await;
    let text = families::write(&app, view.as_deref());
    ([(header::CONTENT_TYPE, TEXT)], text).into_response()
}
