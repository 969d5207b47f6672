//! The files of the page, at every path that is no route of its own.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, Uri};

use crate::{
    app::App,
    http::{problem, proxy},
};

pub(crate) async fn file(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match app.page.find(uri.path()) {
        None => problem::not_found(uri.path(), proxy::is_forwarded(&headers)).into_response(),
        Some(_) if !matches!(method, Method::GET | Method::HEAD) => {
            problem::method_not_allowed(method, uri).await
        }
        Some(file) => file.reply(&headers).await,
    }
}
