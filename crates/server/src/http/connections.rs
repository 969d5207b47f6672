//! What every connection needs: the shared state, and the router over it.

use std::sync::Arc;

use axum::{Router, routing::get};
use http::HeaderMap;

use crate::{
    api::page,
    app::App,
    http::{
        cached_body::CachedBody,
        headers, json, openapi, problem,
        routes::{Route, routes},
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

/// Everything that is not a route of its own is looked up among the page's files.
fn router(app: Arc<App>) -> Router {
    let routes = routes();
    let document = Arc::new(CachedBody::of_file(
        json::CONTENT_TYPE,
        openapi::document(&routes),
        true,
        headers::REVALIDATE,
    ));
    let description = move |headers: HeaderMap| async move { document.reply(&headers).await };
    let mut router = Router::new().route(openapi::PATH, get(description));
    for Route { path, handler, .. } in routes {
        router = router.route(&path, handler);
    }
    router
        .fallback(page::file)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(app)
}
