//! `/api/v1/live`: the page's figures as server-sent events.
//!
//! ```text
//!              ┌ room "" ────── ask, compare, serialise once ──▶ ring of 32 messages ─▶ client, client, ...
//!   publisher ─┤
//!              └ room "us,ca" ─ ...
//! ```
//!
//! A room lives while a filter has clients. Values are absolute: a client that missed messages is not
//! sent them later but gets a snapshot, and so does one that connects again. A slow client costs its
//! place and what is in its socket; it never slows a room down.

use headcount_query::Readiness;
mod board;
mod client;
mod hub;
mod message;
mod pulses;
mod room;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) use self::hub::Hub;
use crate::{app::App, gate::Peer, headers, origin, parameters, problem::Problem};

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

pub(crate) async fn live(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    origin::check_same_origin(&request)?;
    let filter = parameters::filter(query.as_deref())?;
    if let Readiness::Failed(reason) = &*app.state.ready.borrow() {
        return Err(Problem::failed(reason));
    }
    let seat = app.hub.seat(peer, &filter)?;
    let stream = client::stream(Arc::clone(&app.hub), filter, seat);
    let headers = [
        (header::CONTENT_TYPE, EVENT_STREAM),
        (header::CACHE_CONTROL, headers::REVALIDATE),
        // A proxy that collects answers before it passes them on would collect this one for ever.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}
