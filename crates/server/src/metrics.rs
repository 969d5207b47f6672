//! What the server counts about itself, and `/metrics`, where it is read together with the ledger.

use headcount_query::{Question, Readiness};
mod exposition;
mod families;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use headcount_engine::{Filter, View};
use http::{HeaderValue, StatusCode, header};
use tokio::time::timeout;

use crate::{app::App, limiter::Full, routes::Route, vigil::Overdue};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// Neither a scrape nor the status may hang with the publisher: without figures they still say how the
/// server is.
const FIGURES_WAIT: Duration = Duration::from_secs(2);

/// Upper bounds of the latency buckets, in microseconds.
const BUCKETS_US: [u64; 12] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000,
];
/// Statuses that are counted by themselves; any other is counted as 0.
const STATUSES: [u16; 16] = [
    200, 304, 400, 403, 404, 405, 408, 413, 414, 421, 429, 431, 500, 503, 101, 0,
];

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    routes: [Requests; Route::ALL.len()],
    /// Connections closed at once: no place in all, none for the address.
    refused: [AtomicU64; 2],
    /// Connections closed for a broken limit: header, idle, unread.
    overdue: [AtomicU64; 3],
    pub(crate) live: Live,
}

#[derive(Debug, Default)]
struct Requests {
    by_status: [AtomicU64; STATUSES.len()],
    buckets: [AtomicU64; BUCKETS_US.len()],
    sum_us: AtomicU64,
}

/// The live stream's own counters.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Filters that are computed.
    pub(crate) filters: AtomicU64,
    pub(crate) snapshots: AtomicU64,
    pub(crate) ticks: AtomicU64,
    /// Clients that missed ticks and were given a snapshot instead.
    pub(crate) lagged: AtomicU64,
}

impl Metrics {
    pub(crate) fn answered(&self, route: Route, status: StatusCode, took: Duration) {
        let requests = &self.routes[route as usize];
        let code = status.as_u16();
        let index = STATUSES
            .iter()
            .position(|known| *known == code)
            .unwrap_or(STATUSES.len() - 1);
        requests.by_status[index].fetch_add(1, Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = BUCKETS_US.iter().position(|bound| took <= *bound) {
            requests.buckets[bucket].fetch_add(1, Relaxed);
        }
        requests.sum_us.fetch_add(took, Relaxed);
    }

    pub(crate) fn refused(&self, full: Full) {
        self.refused[full as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn overdue(&self, overdue: Overdue) {
        self.overdue[overdue as usize].fetch_add(1, Relaxed);
    }
}

pub(crate) async fn show(State(app): State<Arc<App>>) -> Response {
    let view = figures(&app).await;
    let text = families::write(&app, view.as_deref());
    ([(header::CONTENT_TYPE, TEXT)], text).into_response()
}

/// The unfiltered figures, if there are any and they come soon.
pub(crate) async fn figures(app: &App) -> Option<Arc<View>> {
    if *app.state.ready.borrow() != Readiness::Ready {
        return None;
    }
    let figures = app
        .state
        .views
        .ask(|reply| Question::View(Filter::default(), reply));
    timeout(FIGURES_WAIT, figures).await.ok()?.ok()
}
