//! What the server counts about itself.

pub(crate) mod families;

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use headcount_telemetry::{Counter, Counters, Histograms, Label, Registry};
use http::StatusCode;

use crate::http::{deadlines::Overdue, endpoint::Endpoint, limiter::Full};

/// Statuses with a counter of their own; all others share the last one, 0.
const STATUSES: [u16; 17] = [
    200, 304, 400, 403, 404, 405, 408, 413, 414, 415, 421, 429, 431, 500, 503, 101, 0,
];

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    by_status: [[AtomicU64; STATUSES.len()]; Endpoint::ALL.len()],
    took: Histograms<Endpoint>,
    refused: Counters<Full>,
    not_accepted: Counter,
    overdue: Counters<Overdue>,
    pub(crate) live: LiveCounters,
}

impl Label for Endpoint {
    const KEY: &'static str = "route";
    const VALUES: &'static [(Self, &'static str)] = &Self::ALL;
}

impl Label for Full {
    const KEY: &'static str = "limit";
    const VALUES: &'static [(Self, &'static str)] = &[
        (Self::Total, Self::Total.word()),
        (Self::Address, Self::Address.word()),
    ];
}

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
                "Time from the end of a request's header to the start of its response.",
            ),
            refused: registry.counters(
                "headcount_connections_refused_total",
                "Connections closed at once because too many were open, by limit.",
            ),
            not_accepted: registry.counter(
                "headcount_connections_not_accepted_total",
                "Times that the system could not hand over a connection, as when no file descriptor was free.",
            ),
            overdue: registry.counters(
                "headcount_connections_overdue_total",
                "Connections closed because the client took too long, by deadline.",
            ),
            live: LiveCounters::default(),
            registry,
        }
    }
}

/// The live stream's own counters.
#[derive(Debug, Default)]
pub(crate) struct LiveCounters {
    /// Filters that are computed.
    pub(crate) filters: AtomicU64,
    pub(crate) snapshots: AtomicU64,
    pub(crate) ticks: AtomicU64,
    /// Clients that missed ticks and were given a snapshot instead.
    pub(crate) lagged: AtomicU64,
}

impl Metrics {
    pub(crate) fn answered(&self, route: Endpoint, status: StatusCode, took: Duration) {
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

    pub(crate) fn not_accepted(&self) {
        self.not_accepted.inc();
    }

    pub(crate) fn overdue(&self, overdue: Overdue) {
        self.overdue.of(overdue).inc();
    }
}
