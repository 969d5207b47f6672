//! The answer to each request.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequestParts, ws::WebSocketUpgrade},
    http::{HeaderValue, Method, Request, Response, StatusCode, header},
};
use bytes::Bytes;
use futures_util::stream::unfold;
use headcount_address::ServerNames;
use headcount_record::Feed;
use hyper::body::Incoming;

use super::{
    connection_slots::{ConnectionSlot, SharedSlot},
    host,
    playback::{Broadcast, Playback},
    poll,
    query::{Query, Refusal},
    shutdown::ShutdownSignal,
    websocket,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const SCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// Answers the requests of one connection.
pub(super) struct Answerer {
    broadcast: Arc<Broadcast>,
    names: Arc<ServerNames>,
    slot: SharedSlot,
    slots_max: usize,
    signal: ShutdownSignal,
}

impl Answerer {
    pub(super) fn new(
        broadcast: Arc<Broadcast>,
        names: Arc<ServerNames>,
        slot: ConnectionSlot,
        slots_max: usize,
        signal: ShutdownSignal,
    ) -> Self {
        Self {
            broadcast,
            names,
            slot: Arc::new(slot),
            slots_max,
            signal,
        }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if self.slot.is_over_limit {
            return self.too_many();
        }
        if let Some((status, refusal)) = host::refusal(&self.names, &request) {
            return refused(status, &refusal);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let refusal = Refusal::new("method", "the streams are read with GET");
            return refused(StatusCode::METHOD_NOT_ALLOWED, &refusal);
        }
        let path = request.uri().path();
        if path == "/" {
            return answer(StatusCode::OK, TEXT, overview());
        }
        let feed = Feed::ALL
            .into_iter()
            .find(|feed| path.strip_prefix("/2/") == Some(feed.name()));
        let Some(feed) = feed else {
            let message = format!("there is no such stream; there are {}", paths().join(" "));
            return refused(StatusCode::NOT_FOUND, &Refusal::new("not_found", message));
        };
        let query = Query::read(feed, request.uri().query().unwrap_or_default());
        let is_websocket = request.headers().contains_key(header::UPGRADE);
        if is_websocket {
            self.upgrade(request, feed, query).await
        } else {
            self.http(feed, query).await
        }
    }

    async fn http(&self, feed: Feed, query: Result<Query, Refusal>) -> Response<Body> {
        let query = match query {
            Ok(query) => query,
            Err(refusal) => return refused(StatusCode::BAD_REQUEST, &refusal),
        };
        let play = self.broadcast.play(feed, &query);
        match query.callback {
            Some(callback) => {
                let script = poll::script(&callback, play, self.signal.clone()).await;
                answer(StatusCode::OK, SCRIPT, script)
            }
            None => answer(StatusCode::OK, JSON, chunks(play, self.signal.clone())),
        }
    }

    async fn upgrade(
        &self,
        request: Request<Incoming>,
        feed: Feed,
        query: Result<Query, Refusal>,
    ) -> Response<Body> {
        let (mut parts, _) = request.into_parts();
        let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => upgrade,
            Err(rejection) => {
                let refusal = Refusal::new("bad_request", rejection.to_string());
                return refused(StatusCode::BAD_REQUEST, &refusal);
            }
        };
        let play = query.map(|query| self.broadcast.play(feed, &query));
        websocket::open(upgrade, play, Arc::clone(&self.slot), self.signal.clone())
    }

    fn too_many(&self) -> Response<Body> {
        let message = format!(
            "at most {} connections are allowed per client IP address: close another one first",
            self.slots_max
        );
        let mut response = refused(
            StatusCode::TOO_MANY_REQUESTS,
            &Refusal::new("too_many_connections", message),
        );
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
        response
    }
}

/// One record a chunk, each taken only when the client has room for it.
fn chunks(play: Playback, signal: ShutdownSignal) -> Body {
    Body::from_stream(unfold((play, signal), async |(mut play, mut signal)| {
        let line: Bytes = signal.or(play.next()).await?;
        Some((Ok::<_, std::convert::Infallible>(line), (play, signal)))
    }))
}

fn answer(status: StatusCode, content_type: HeaderValue, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, NO_CACHE);
    response
}

fn refused(status: StatusCode, refusal: &Refusal) -> Response<Body> {
    answer(status, JSON, format!("{refusal}\n"))
}

fn paths() -> Vec<String> {
    Feed::ALL.map(|feed| format!("/2/{feed}")).to_vec()
}

fn overview() -> String {
    format!(
        "This stands in for stream.meetup.com, over HTTP and WebSocket:\n\n{}\n\n\
         Parameters: since_mtime or since_count, event_id, callback; trickle for open_venues.\n",
        paths().join("\n")
    )
}
