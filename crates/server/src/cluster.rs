//! `/api/v1/cluster`: who counts what, when several processes share a journal.
//!
//! `{"cluster": null}` where one process does it all: that is an answer, not an error.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use serde::Serialize;

use crate::{app::App, headers, json, query};

/// The processes and partitions of a cluster, as one of them sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClusterStatus {
    /// By name.
    pub workers: Vec<WorkerStatus>,
    /// By number.
    pub partitions: Vec<PartitionStatus>,
}

/// A process of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorkerStatus {
    pub name: String,
    /// `ingest`, `process`, `serve`.
    pub roles: Vec<String>,
    pub version: String,
    /// When it started, ms since 1970 by its own clock.
    pub started: i64,
    /// When it last said that it is there, ms since 1970 by its own clock.
    pub seen: i64,
    /// The partitions it owns.
    pub partitions: Vec<u16>,
    /// The sources it reads.
    pub sources: Vec<String>,
}

/// A partition of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartitionStatus {
    pub partition: u16,
    /// The worker that counts it; absent while nobody does.
    pub owner: Option<String>,
    /// Grows with every change of owner: who has a lesser one learns that it lost the partition.
    pub epoch: u64,
    /// One past the last entry counted.
    pub offset: u64,
    /// Entries in the journal that are not counted yet; absent when it is not known.
    pub lag: Option<u64>,
    /// How far record time has come, ms since 1970.
    pub stream_time: Option<i64>,
    /// One past the last entry that is in the tables served; figures shown are at most a step behind the count.
    pub served_offset: Option<u64>,
    /// One past the last entry of the newest checkpoint.
    pub checkpoint_offset: Option<u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    cluster: Option<&'a ClusterStatus>,
}

pub(crate) async fn cluster(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    if let Err(problem) = query::none(query.as_deref()) {
        return problem.into_response();
    }
    let cluster = app.state.cluster.borrow().clone();
    let body = json::to_bytes(&Body {
        cluster: cluster.as_deref(),
    });
    let mut head = HeaderMap::new();
    head.insert(header::CONTENT_TYPE, json::CONTENT_TYPE);
    head.insert(header::CACHE_CONTROL, headers::REVALIDATE);
    (head, body).into_response()
}
