//! The way to the batch worker, which answers for tables and SQL on a Unix socket.
//!
//! Each request has a connection of its own: dropping the answer closes it, and that is how the worker learns that nobody
//! waits for a statement any more. The worker may die, hang or be missing at any time; then a request gets a problem, and
//! nothing else of the server notices.

mod answer;

use std::{error::Error, io, path::Path, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use headcount_query::BatchWorkerStatus;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixStream, sync::watch, task::JoinSet, time::timeout};
use tracing::debug;

use crate::{
    batch::answer::WorkerAnswer,
    http::{limiter::ConnectionLimiter, problem_details::ProblemDetails, proxy::ClientAddress},
    options::Options,
};

/// Headers of a request that the worker needs. A client's cookies, addresses and conditions are none of its business.
const PASSED_ON: [HeaderName; 2] = [header::ACCEPT, header::CONTENT_TYPE];
/// Headers of an answer that the client needs. All others are the server's own.
const PASSED_BACK: [HeaderName; 3] = [
    header::CONTENT_TYPE,
    header::CONTENT_DISPOSITION,
    header::RETRY_AFTER,
];
/// The worker has no name of its own, and HTTP/1.1 asks for one.
const HOST: HeaderValue = HeaderValue::from_static("localhost");

/// Asks the batch worker.
#[derive(Debug)]
pub(crate) struct BatchClient {
    status: watch::Receiver<BatchWorkerStatus>,
    requests: Arc<ConnectionLimiter>,
    silence: Duration,
}

impl BatchClient {
    pub(crate) fn new(status: watch::Receiver<BatchWorkerStatus>, options: &Options) -> Self {
        Self {
            status,
            requests: ConnectionLimiter::new(
                options.batch_requests,
                options.batch_requests_per_address,
            ),
            silence: options.batch_silence,
        }
    }

    /// Passes a request on; the body of the answer streams.
    pub(crate) async fn ask(&self, request: Request<Body>) -> Result<Response, ProblemDetails> {
        let status = self.status.borrow().clone();
        let socket = match status {
            BatchWorkerStatus::Listening(socket) => socket,
            BatchWorkerStatus::Absent { reason, remedy } => {
                return Err(ProblemDetails::no_worker(reason, remedy));
            }
        };
        let client: Option<&ClientAddress> = request.extensions().get();
        let permit = self
            .requests
            .permit(client.and_then(|client| client.counted))
            .map_err(|full| ProblemDetails::worker_busy(full, self.requests.limit(full)))?;
        let exchange = timeout(self.silence, exchange(&socket, passed_on(request)));
        let (response, connection) = match exchange.await {
            Ok(Ok(exchanged)) => exchanged,
            Ok(Err(error)) => {
                debug!(%error, "the batch worker did not answer");
                return Err(ProblemDetails::worker_gone());
            }
            Err(_elapsed) => return Err(ProblemDetails::worker_silent(self.silence)),
        };
        let (mut parts, body) = response.into_parts();
        parts.headers = only(&PASSED_BACK, &parts.headers);
        let body = WorkerAnswer::new(body, self.silence, connection, permit);
        Ok(Response::from_parts(parts, Body::new(body)))
    }
}

/// The request as the worker gets it.
fn passed_on(request: Request<Body>) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    let address = parts
        .uri
        .path_and_query()
        .map(http::uri::PathAndQuery::as_str);
    // A part of an address is an address.
    parts.uri = address.and_then(|it| it.parse().ok()).unwrap_or_default();
    parts.version = http::Version::HTTP_11;
    parts.headers = only(&PASSED_ON, &parts.headers);
    parts.headers.insert(header::HOST, HOST);
    parts.extensions.clear();
    Request::from_parts(parts, body)
}

fn only(names: &[HeaderName], headers: &HeaderMap) -> HeaderMap {
    let named = |name: &HeaderName| Some((name.clone(), headers.get(name)?.clone()));
    names.iter().filter_map(named).collect()
}

/// Sends a request over a new connection, and waits for the header of its answer. The connection lives in the set.
async fn exchange(
    socket: &Path,
    request: Request<Body>,
) -> Result<(http::Response<Incoming>, JoinSet<()>), Box<dyn Error + Send + Sync>> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut running = JoinSet::new();
    running.spawn(async move {
        if let Err(error) = connection.await {
            debug!(%error, "a connection to the batch worker ended early");
        }
    });
    let response = sender.send_request(request).await?;
    if response.status().is_informational() {
        return Err(io::Error::other("it wants another protocol").into());
    }
    Ok((response, running))
}
