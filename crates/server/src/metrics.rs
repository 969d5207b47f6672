//! What the server counts about itself, and `/metrics`, where it is read together with the ledger.

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
use headcount_query::{Question, Readiness};
use headcount_telemetry::{CONTENT_TYPE, Counters, Histograms, Label, Registry};
use http::{HeaderValue, StatusCode, header};
use tokio::time::timeout;

use crate::{app::App, routes::Route, seats::Full, vigil::Overdue};

const TEXT: HeaderValue = HeaderValue::from_static(CONTENT_TYPE);
/// Neither a scrape nor the status may hang with the publisher: without figures they still say how the
/// server is.
const FIGURES_WAIT: Duration = Duration::from_secs(2);

/// Statuses that are counted by themselves; any other is counted as 0.
const STATUSES: [u16; 16] = [
    200, 304, 400, 403, 404, 405, 408, 413, 414, 421, 429, 431, 500, 503, 101, 0,
];

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    by_status: [[AtomicU64; STATUSES.len()]; Route::ALL.len()],
    took: Histograms<Route>,
    refused: Counters<Full>,
    overdue: Counters<Overdue>,
    pub(crate) live: Live,
}

impl Label for Route {
    const KEY: &'static str = "route";
    const VALUES: &'static [(Self, &'static str)] = &Self::ALL;
}

/// Which limit had no place left.
impl Label for Full {
    const KEY: &'static str = "limit";
    const VALUES: &'static [(Self, &'static str)] =
        &[(Self::Total, "total"), (Self::Address, "address")];
}

/// Which limit was broken.
impl Label for Overdue {
    const KEY: &'static str = "limit";
    const VALUES: &'static [(Self, &'static str)] = &[
        (Self::Head, "header"),
        (Self::Idle, "idle"),
        (Self::Write, "unread"),
    ];
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        Self {
            by_status: Default::default(),
            took: registry.histograms(
                "headcount_http_request_seconds",
                "Time from a request's header to the head of its answer.",
            ),
            refused: registry.counters(
                "headcount_connections_refused_total",
                "Connections closed at once because there were too many.",
            ),
            overdue: registry.counters(
                "headcount_connections_overdue_total",
                "Connections closed for taking too long.",
            ),
            live: Live::default(),
            registry,
        }
    }
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
        let code = status.as_u16();
        let index = STATUSES
            .iter()
            .position(|known| *known == code)
            .unwrap_or(STATUSES.len() - 1);
        self.by_status[route as usize][index].fetch_add(1, Relaxed);
        self.took.of(route).observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, full: Full) {
        self.refused.of(full).inc();
    }

    pub(crate) fn overdue(&self, overdue: Overdue) {
        self.overdue.of(overdue).inc();
    }
}

pub(crate) async fn show(State(app): State<Arc<App>>) -> Response {
    let view = figures(&app).await;
    let mut text = String::new();
    families::scrape(&app, view.as_deref()).write(&mut text);
    app.metrics.registry.write(&mut text);
    // What the other rooms of the process count.
    headcount_telemetry::global().write(&mut text);
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
