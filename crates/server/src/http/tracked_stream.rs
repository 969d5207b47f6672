//! The socket as hyper sees it. It tells the deadlines when bytes move, and replaces hyper's own errors.
//!
//! When a header cannot be parsed or is far too long, hyper writes a response without asking anyone. Such
//! bytes come while no response of ours is on its way, and that is how this stream recognises them. It
//! sends a response with the same status, our headers and a sentence instead.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::{deadlines::Deadlines, problem::Problem};

pub(crate) struct TrackedStream<S> {
    stream: S,
    deadlines: Arc<Deadlines>,
    /// The rest of the response that goes out instead of hyper's own.
    instead: Option<Bytes>,
}

impl<S> TrackedStream<S> {
    pub(crate) fn new(stream: S, deadlines: Arc<Deadlines>) -> Self {
        Self {
            stream,
            deadlines,
            instead: None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TrackedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.deadlines.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TrackedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(done) = self.poll_instead(cx, bytes, bytes.len()) {
            return done;
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        let start = slices
            .iter()
            .find(|slice| !slice.is_empty())
            .map_or(&[][..], |slice| slice);
        if let Some(done) = self.poll_instead(cx, start, length) {
            return done;
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.deadlines.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncWrite + Unpin> TrackedStream<S> {
    /// Sends our response in place of `length` bytes of hyper's, unless the bytes are ours.
    fn poll_instead(
        &mut self,
        cx: &mut Context<'_>,
        start: &[u8],
        length: usize,
    ) -> Option<Poll<io::Result<usize>>> {
        if self.instead.is_none() {
            if self.deadlines.owes() {
                return None;
            }
            self.instead = Some(Problem::unreadable(status_of(start)?).into_wire());
        }
        while let Some(rest) = self.instead.as_mut().filter(|rest| rest.has_remaining()) {
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(count)) => rest.advance(count),
                other => return Some(self.note(other)),
            }
        }
        self.instead = None;
        Some(self.note(Poll::Ready(Ok(length))))
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.deadlines.blocked(),
            Poll::Ready(_) => self.deadlines.unblocked(),
        }
        written
    }
}

/// The status, if these bytes begin with the status line of an error.
fn status_of(start: &[u8]) -> Option<u16> {
    let digits = start.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    let status: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (status >= 400).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_error_lines_are_taken_for_errors() {
        assert_eq!(
            status_of(b"HTTP/1.1 431 Request Header Fields Too Large\r\n"),
            Some(431)
        );
        assert_eq!(status_of(b"HTTP/1.0 400 Bad Request\r\n"), Some(400));
        assert_eq!(status_of(b"HTTP/1.1 100 Continue\r\n\r\n"), None);
        assert_eq!(status_of(b"HTTP/1.1 20"), None);
        assert_eq!(status_of(b""), None);
    }
}
