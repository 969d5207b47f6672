//! An error as the client sees it: a status, and a sentence as JSON.

use std::net::IpAddr;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use headcount_query::Unanswered;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde::Serialize;

use crate::http::{headers, json, limiter::Full};

/// Whoever finds no stream free asks again after this long.
const STREAM_RETRY_SECONDS: u32 = 5;

#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    words: Words,
    retry_after: Option<u32>,
    /// The rest of what the client sends is not worth reading.
    close: bool,
}

#[derive(Debug, Serialize)]
struct Words {
    error: String,
    /// The parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The limit that leaves no room, `address`, `total` or `filters`, for clients that ask again.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        let words = Words {
            error: error.into(),
            field: None,
            limit: None,
        };
        Self {
            status,
            words,
            retry_after: None,
            close: false,
        }
    }

    pub(crate) fn bad_parameter(field: &'static str, what: &str) -> Self {
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            format!("the parameter `{field}` {what}"),
        );
        problem.words.field = Some(field.to_owned());
        problem
    }

    /// A parameter with more values than it may have.
    pub(crate) fn too_many_values(field: &'static str, most: usize) -> Self {
        Self::bad_parameter(field, &format!("has more than {most} values"))
    }

    /// A parameter that the path does not have; `known` are those it has.
    pub(crate) fn unknown_parameter(name: &str, known: &[&str]) -> Self {
        let name = shown(name);
        let known = match known {
            [] => "this path takes none".to_owned(),
            known => format!("known here: {}", known.join(", ")),
        };
        let error = format!("the parameter `{name}` is not known ({known})");
        let mut problem = Self::new(StatusCode::BAD_REQUEST, error);
        problem.words.field = Some(name);
        problem
    }

    pub(crate) fn unavailable(error: impl Into<String>) -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
        }
    }

    pub(crate) fn starting(doing: &str) -> Self {
        Self::unavailable(format!("headcount is starting: {doing}"))
    }

    pub(crate) fn waiting(reason: &str) -> Self {
        Self::unavailable(format!("headcount is waiting: {reason}"))
    }

    pub(crate) fn failed(reason: &str) -> Self {
        Self::unavailable(format!("headcount has failed: {reason}"))
    }

    pub(crate) fn nothing_counted() -> Self {
        Self::unavailable("no venue has a yes yet: rows appear here as soon as answers are counted")
    }

    pub(crate) fn too_slow(limit_s: f32) -> Self {
        Self::unavailable(format!(
            "the answer was not ready within {limit_s} s: try again"
        ))
    }

    pub(crate) fn panicked() -> Self {
        let error = "this is a bug of headcount: the request failed, the rest goes on";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error)
    }

    pub(crate) fn no_connection_left(full: Full) -> Self {
        let error = match full {
            Full::Total => "too many connections are open",
            Full::Address => "too many connections are open from this address",
        };
        Self::unavailable(error).because(full).closing()
    }

    pub(crate) fn no_stream_left(full: Full, limit: usize) -> Self {
        let (status, error) = match full {
            Full::Total => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("too many live streams are open ({limit} at most): try again later"),
            ),
            Full::Address => (
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "too many live streams are open from this address ({limit} at most): close another one"
                ),
            ),
        };
        Self {
            retry_after: Some(STREAM_RETRY_SECONDS),
            ..Self::new(status, error)
        }
        .because(full)
    }

    fn because(mut self, full: Full) -> Self {
        self.words.limit = Some(full.word());
        self
    }

    pub(crate) fn no_filter_left() -> Self {
        let error = "too many different filters are being watched: try again later, or take a filter that others use";
        let mut problem = Self {
            retry_after: Some(STREAM_RETRY_SECONDS),
            ..Self::unavailable(error)
        };
        problem.words.limit = Some("filters");
        problem
    }

    /// The same, of a request that came through a proxy which may not name its clients.
    pub(crate) fn behind_untrusted_proxy(mut self, proxy: IpAddr) -> Self {
        let proxy = proxy.to_canonical();
        self.words.error += &format!(
            "; to count the readers behind the proxy {proxy} one by one, start headcount with \
             --trusted-proxy {proxy}"
        );
        self
    }

    /// The header could not be read at all; the status is the parser's.
    pub(crate) fn unreadable(status: u16) -> Self {
        let error = match status {
            414 => "the address of this request is too long",
            431 => "the header of this request is too long or has too many fields",
            _ => "this is not a request in HTTP/1.1",
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(status, error).closing()
    }

    pub(crate) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The status, the headers and the sentence.
    pub(crate) fn into_parts(self) -> (StatusCode, HeaderMap, String) {
        (self.status, self.headers(), self.words.error)
    }

    fn body(&self) -> Bytes {
        json::to_bytes(&self.words)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, json::CONTENT_TYPE);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        headers
    }

    /// The whole response in bytes, for places that hyper does not reach.
    pub(crate) fn into_wire(self) -> Bytes {
        let mut headers = self.headers();
        headers::complete(&mut headers);
        let body = self.body();
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        let mut wire = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &headers {
            wire.extend_from_slice(name.as_str().as_bytes());
            wire.extend_from_slice(b": ");
            wire.extend_from_slice(value.as_bytes());
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"\r\n");
        wire.extend_from_slice(&body);
        wire.into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, self.headers(), self.body()).into_response()
    }
}

/// For a known path and a method it does not have.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    let error = format!(
        "{} cannot be asked with {method}: use GET",
        shown(uri.path())
    );
    let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, error).into_response();
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
    response
}

/// For an unknown path. Behind a proxy the likely reason is a path that is the proxy's own.
pub(crate) fn not_found(path: &str, is_forwarded: bool) -> Problem {
    let path = shown(path);
    let remedy = if is_forwarded {
        "; a proxy that serves headcount under a path of its own must take that path away before it \
         passes a request on"
    } else {
        ""
    };
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {path}{remedy}"),
    )
}

/// The start of a path or a name, long enough to recognise it.
pub(crate) fn shown(path: &str) -> String {
    let mut shown: String = path.chars().take(80).collect();
    if shown.len() < path.len() {
        shown.push('…');
    }
    shown
}
impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        Self::unavailable(unanswered.to_string())
    }
}
