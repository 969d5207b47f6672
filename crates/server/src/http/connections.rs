//! What every connection needs: the shared state, and the table of routes over it.

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use crate::{
    api::{
        batch, cluster, clusters, data, events, lists, live, metrics, models, page, probes, status,
        summary, themes,
    },
    app::App,
    http::{
        list_paths::{FORMATS, LISTS, ListFormat},
        problem,
    },
};

pub(crate) struct Connections {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
}

impl Connections {
    pub(crate) fn new(app: Arc<App>) -> Arc<Self> {
        let router = router(Arc::clone(&app));
        Arc::new(Self { app, router })
    }
}

/// Everything that is not a route of its own is looked up among the page's files. A new route goes
/// into `endpoint.rs` as well, so that it is counted under its name.
fn router(app: Arc<App>) -> Router {
    lists()
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/api/data", get(data::data))
        .route("/api/top_venues", get(data::top_venues))
        .route("/api/v1/summary", get(summary::summary))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/cluster", get(cluster::cluster))
        .route("/api/v1/live", get(live::live))
        .route("/api/v1/batch", get(batch::status))
        .route(
            "/api/v1/sql",
            post(batch::statement).fallback(batch::use_post),
        )
        .route("/api/v1/sql/schema", get(batch::forward))
        .route("/api/v1/boards/{name}", get(batch::forward))
        .route("/api/v1/events/{id}", get(events::event))
        .route("/api/v1/surprise", get(batch::forward))
        .route("/api/v1/models", get(models::list))
        .route(
            "/api/v1/models/{name}/promote",
            post(models::promote).fallback(batch::use_post),
        )
        .route("/api/v1/clusters", get(clusters::clusters))
        .route("/api/v1/themes", get(themes::themes))
        .route("/report", get(batch::report))
        .fallback(page::file)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(app)
}

/// Each list under the API, and beside the page of its name.
fn lists() -> Router<Arc<App>> {
    let mut router = Router::new();
    for (name, kind) in LISTS {
        let of =
            |format| get(move |app, query, headers| lists::list(kind, format, app, query, headers));
        router = router.route(&format!("/api/v1/{name}"), of(ListFormat::Json));
        for (suffix, format) in FORMATS {
            router = router
                .route(&format!("/api/v1/{name}{suffix}"), of(format))
                .route(&format!("/{name}{suffix}"), of(format));
        }
    }
    router
}
