//! One connection from its acceptance to its end.

use std::{convert::Infallible, net::IpAddr, pin::Pin, sync::Arc, task};

use axum::body::Body as Inner;
use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{self, Instant, MissedTickBehavior},
};
use tracing::debug;

use crate::http::{
    admission,
    connections::Connections,
    deadlines::{self, Deadlines},
    tracked_stream::TrackedStream,
};

/// hyper refuses larger headers by itself. The limits of `admission.rs` are lower, and exact.
const HYPER_HEADER_BYTES: usize = 32 * 1024;
/// While this many bytes of a stream are unwritten, hyper does not ask it for more.
const HYPER_BUFFER_BYTES: usize = 64 * 1024;

pub(crate) async fn run(connections: Arc<Connections>, stream: TcpStream, peer: IpAddr) {
    // Small messages of the live stream must not wait for an acknowledgement of the previous one.
    let _ = stream.set_nodelay(true);
    let deadlines = Arc::new(Deadlines::new());
    let io = TokioIo::new(TrackedStream::new(stream, Arc::clone(&deadlines)));
    let service = service_fn(|request: Request<Incoming>| {
        deadlines.busy();
        let (connections, deadlines) = (Arc::clone(&connections), Arc::clone(&deadlines));
        async move {
            let answer = admission::answer(&connections, peer, request).await;
            Ok::<_, Infallible>(answer.map(|inner| TrackedBody { inner, deadlines }))
        }
    });
    let connection = http1::Builder::new()
        .max_header_size(HYPER_HEADER_BYTES)
        .max_buf_size(HYPER_BUFFER_BYTES)
        .header_read_timeout(None) // hyper would count idle time as well: see deadlines.rs
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);

    let app = &connections.app;
    let every = deadlines::interval(&app.options);
    let mut look = time::interval_at(Instant::now() + every, every);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = app.stop.clone();
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(%peer, %error, "connection ended early");
                }
                break;
            }
            _ = look.tick() => {
                if let Some(overdue) = deadlines.overdue(&app.options) {
                    app.metrics.overdue(overdue);
                    debug!(%peer, ?overdue, "connection closed");
                    break;
                }
            }
            () = stop.asked(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
                if deadlines.between_requests() {
                    break;
                }
            }
        }
    }
}

/// A response's body that tells the deadlines when it has been handed over.
struct TrackedBody {
    inner: Inner,
    deadlines: Arc<Deadlines>,
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> task::Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        self.deadlines.idle();
    }
}
