//! `/api/v1/live`: the page's figures as server-sent events.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use headcount_query::Readiness;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    app::App,
    http::{
        headers, origin, parameters,
        problem::Problem,
        proxy::{self, ClientAddress},
    },
    live::{self, StreamEncoding},
};

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

pub(crate) async fn live(
    State(app): State<Arc<App>>,
    Extension(client): Extension<ClientAddress>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    origin::check_same_origin(&request)?;
    let filter = parameters::filter(query.as_deref())?;
    if let Readiness::Failed(reason) = &*app.state.ready.borrow() {
        return Err(Problem::failed(reason));
    }
    let refused = |problem: Problem| {
        // All readers behind a proxy that is not trusted share the limits of its address.
        let is_believed = app.proxies.contains(client.peer);
        if proxy::is_forwarded(&request) && !is_believed {
            problem.behind_untrusted_proxy(client.peer)
        } else {
            problem
        }
    };
    let permit = app.hub.permit(client.counted, &filter).map_err(refused)?;
    let encoding = match headers::accepts_gzip(&request) {
        true => StreamEncoding::Gzip,
        false => StreamEncoding::Plain,
    };
    let stream = live::stream(Arc::clone(&app.hub), filter, encoding, permit);
    let headers = [
        (header::CONTENT_TYPE, EVENT_STREAM),
        (header::CACHE_CONTROL, headers::REVALIDATE),
        // A proxy that buffers responses would buffer this one for ever.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    let mut response = (headers, Body::from_stream(stream)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoding == StreamEncoding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
