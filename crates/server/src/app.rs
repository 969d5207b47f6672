//! What all connections share, and the table of routes.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{Router, routing::get};
use headcount_engine::Filter;

use crate::{
    cache::{CachedResponse, ResponseCache},
    cluster, data,
    live::{self, Hub},
    metrics::{self, Metrics},
    options::Options,
    origin::Hosts,
    page::{self, Page},
    parameters, probes, problem,
    seats::Seats,
    state::ServerState,
    status,
    stop::Stop,
    summary,
};

/// What a connection needs: the shared state, and the router made over it.
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
}

pub(crate) struct App {
    pub(crate) state: ServerState,
    pub(crate) options: Options,
    pub(crate) hosts: Hosts,
    pub(crate) page: Page,
    pub(crate) hub: Arc<Hub>,
    pub(crate) metrics: Arc<Metrics>,
    /// Open connections, for the metrics.
    pub(crate) connections: Arc<Seats>,
    pub(crate) stop: Stop,
    pub(crate) data: ResponseCache<(Filter, parameters::Page)>,
    pub(crate) top_venues: ResponseCache<(Filter, parameters::Page)>,
    pub(crate) summary: ResponseCache<Filter>,
    pub(crate) status: CachedResponse,
    pub(crate) started: Instant,
}

impl Door {
    pub(crate) fn new(
        state: ServerState,
        options: Options,
        local: SocketAddr,
        connections: Arc<Seats>,
        stop: Stop,
    ) -> Arc<Self> {
        let page = Page::embedded();
        let metrics = Arc::new(Metrics::default());
        let hub = Hub::new(
            &state,
            &options,
            page.build(),
            Arc::clone(&metrics),
            stop.clone(),
        );
        let app = Arc::new(App {
            hosts: Hosts::new(local, &options.hosts),
            state,
            options,
            page,
            hub,
            metrics,
            connections,
            stop,
            data: ResponseCache::default(),
            top_venues: ResponseCache::default(),
            summary: ResponseCache::default(),
            status: CachedResponse::default(),
            started: Instant::now(),
        });
        let router = router(Arc::clone(&app));
        Arc::new(Self { app, router })
    }
}

/// Everything that is not a route of its own is looked up among the page's files. A new route goes
/// into `routes.rs` as well, so that it is counted under its name.
fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(metrics::show))
        .route("/api/data", get(data::data))
        .route("/api/top_venues", get(data::top_venues))
        .route("/api/v1/summary", get(summary::summary))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/cluster", get(cluster::cluster))
        .route("/api/v1/live", get(live::live))
        .fallback(page::file)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(app)
}
