//! The body of an answer of the batch worker, on its way to the client.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::{
    task::JoinSet,
    time::{Instant, Sleep, sleep},
};

use crate::http::limiter::Permit;

/// Dropping it, as when the client goes away, closes the connection to the worker and makes room for another.
pub(crate) struct WorkerAnswer {
    inner: Incoming,
    silence: Duration,
    deadline: Pin<Box<Sleep>>,
    _connection: JoinSet<()>,
    _permit: Permit,
}

/// The worker stopped in the middle of an answer. The client's connection is cut, for nothing else tells it.
#[derive(Debug)]
struct Silent;

impl WorkerAnswer {
    pub(crate) fn new(
        inner: Incoming,
        silence: Duration,
        connection: JoinSet<()>,
        permit: Permit,
    ) -> Self {
        Self {
            inner,
            silence,
            deadline: Box::pin(sleep(silence)),
            _connection: connection,
            _permit: permit,
        }
    }
}

impl Body for WorkerAnswer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                let deadline = Instant::now() + self.silence;
                self.deadline.as_mut().reset(deadline);
                Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)))
            }
            Poll::Pending => match self.deadline.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(axum::Error::new(Silent)))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Display for Silent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the batch worker stopped in the middle of its answer")
    }
}

impl std::error::Error for Silent {}
