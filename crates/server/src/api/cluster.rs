//! `/api/v1/cluster`: who counts what, when several processes share a journal.
//!
//! `{"cluster": null}` where one process does it all: that is an answer, not an error.

use headcount_query::ClusterStatus;
use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use serde::Serialize;

use crate::{
    app::App,
    http::{headers, json, parameters},
};

#[derive(Serialize)]
struct ClusterBody<'a> {
    cluster: Option<&'a ClusterStatus>,
}

pub(crate) async fn cluster(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    if let Err(problem) = parameters::none(query.as_deref()) {
        return problem.into_response();
    }
    let cluster = app.state.cluster.borrow().clone();
    let body = json::to_bytes(&ClusterBody {
        cluster: cluster.as_deref(),
    });
    let mut head = HeaderMap::new();
    head.insert(header::CONTENT_TYPE, json::CONTENT_TYPE);
    head.insert(header::CACHE_CONTROL, headers::REVALIDATE);
    (head, body).into_response()
}
