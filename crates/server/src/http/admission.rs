//! What every request passes on its way in, and every response on its way out.

use std::{net::IpAddr, panic::AssertUnwindSafe, time::Instant};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper::body::Incoming;
use tokio::time::timeout;
use tower::ServiceExt;
use tracing::error;

use crate::{
    app::App,
    http::{
        body, connections::Connections, endpoint::Endpoint, headers, host, problem::Problem,
        problem_details::ProblemDetails,
    },
    options::Options,
};

/// Answers any request, also one that breaks a limit.
pub(crate) async fn answer(
    connections: &Connections,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Response {
    let started = Instant::now();
    let endpoint = Endpoint::of(request.uri().path());
    let mut response = match admit(&connections.app, endpoint, request).await {
        Ok(request) => handle(connections, peer, endpoint, request).await,
        Err(problem) if endpoint.is_batch() => ProblemDetails::from(problem).into_response(),
        Err(problem) => problem.into_response(),
    };
    headers::complete(response.headers_mut());
    connections
        .app
        .metrics
        .answered(endpoint, response.status(), started.elapsed());
    response
}

/// Lets a request through that keeps the limits, and reads its body.
async fn admit(
    app: &App,
    endpoint: Endpoint,
    request: Request<Incoming>,
) -> Result<Request<Body>, Problem> {
    let (parts, incoming) = request.into_parts();
    check_length(&parts.uri, &app.options)?;
    check_fields(&parts.headers, &app.options)?;
    if parts.method == Method::CONNECT {
        let error = "this is not a proxy: use GET";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, error).closing());
    }
    host::check(&app.names, parts.version, &parts.uri, &parts.headers)?;
    let has_use = matches!(endpoint, Endpoint::Sql | Endpoint::Models);
    let body = if has_use && parts.method == Method::POST {
        body::keep(incoming, &parts.headers, &app.options)
            .await?
            .into()
    } else {
        body::discard(incoming, &parts.headers, &app.options).await?;
        Body::empty()
    };
    Ok(Request::from_parts(parts, body))
}

async fn handle(
    connections: &Connections,
    peer: IpAddr,
    endpoint: Endpoint,
    mut request: Request<Body>,
) -> Response {
    let app = &connections.app;
    let client = app.proxies.client(peer, request.headers());
    request.extensions_mut().insert(client);
    let mut limit = app.options.handler;
    if endpoint.is_batch() {
        // The way to the worker has a limit of its own.
        limit += app.options.batch_silence;
    }
    let answer = AssertUnwindSafe(connections.router.clone().oneshot(request)).catch_unwind();
    match timeout(limit, answer).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Err(_panic)) => {
            error!("a handler panicked");
            Problem::panicked().into_response()
        }
        Err(_elapsed) => Problem::too_slow(limit.as_secs_f32()).into_response(),
    }
}

fn check_length(uri: &Uri, limits: &Options) -> Result<(), Problem> {
    let length = uri.path_and_query().map_or(0, |uri| uri.as_str().len());
    if length <= limits.uri_bytes {
        Ok(())
    } else {
        Err(Problem::unreadable(414))
    }
}

fn check_fields(headers: &HeaderMap, limits: &Options) -> Result<(), Problem> {
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let within = headers.len() <= limits.header_fields && bytes <= limits.header_bytes;
    if within {
        Ok(())
    } else {
        Err(Problem::unreadable(431))
    }
}
