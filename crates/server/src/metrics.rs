//! What the server counts about itself.

mod exposition;
pub(crate) mod families;

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use http::StatusCode;

use crate::http::{deadlines::Overdue, endpoint::Endpoint, limiter::Full};

/// Upper bounds of the latency buckets, in microseconds.
const BUCKETS_US: [u64; 12] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000,
];
/// Statuses with a counter of their own; all others share the last one, 0.
const STATUSES: [u16; 16] = [
    200, 304, 400, 403, 404, 405, 408, 413, 414, 421, 429, 431, 500, 503, 101, 0,
];

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    routes: [Requests; Endpoint::ALL.len()],
    /// Connections closed at once, by the limit that was reached: total, address.
    refused: [AtomicU64; 2],
    /// Connections closed for a missed deadline: header, idle, unread.
    overdue: [AtomicU64; 3],
    pub(crate) live: LiveCounters,
}

#[derive(Debug, Default)]
struct Requests {
    by_status: [AtomicU64; STATUSES.len()],
    buckets: [AtomicU64; BUCKETS_US.len()],
    sum_us: AtomicU64,
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
