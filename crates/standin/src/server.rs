//! Takes connections, keeps count of them, and ends them at shutdown.

use std::{convert::Infallible, future::Future, io, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::{
    Options,
    http::Answerer,
    play::Stage,
    seats::{Seat, Seats},
};

/// A request's head must be there within this time.
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// What is written at once to one client, and the largest head of a request.
const BUFFER_BYTES: usize = 16 << 10;
/// After this long, connections that have not ended at shutdown are left to their fate.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);
/// When no connection can be taken (out of files, mostly), the next attempt waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Tells everything that runs for a connection when to stop; serving ends when all have gone.
#[derive(Clone)]
pub(super) struct Closing {
    asked: watch::Receiver<bool>,
    _here: mpsc::Sender<()>,
}

impl Closing {
    /// The result of `work`, or nothing when it is time to stop before.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.asked.wait_for(|asked| *asked) => None,
            result = work => Some(result),
        }
    }
}

/// Asks everything that holds a [`Closing`] to stop.
pub(super) struct Ending {
    ask: watch::Sender<bool>,
    all_gone: mpsc::Receiver<()>,
}

impl Ending {
    /// Until all have gone, or the time for it is over.
    async fn end(&mut self) {
        self.ask.send_replace(true);
        // Nothing is ever sent: this ends when the last sender is dropped.
        let _ = timeout(SHUTDOWN_LIMIT, self.all_gone.recv()).await;
    }
}

pub(super) fn closing() -> (Ending, Closing) {
    let (ask, asked) = watch::channel(false);
    let (here, all_gone) = mpsc::channel(1);
    (Ending { ask, all_gone }, Closing { asked, _here: here })
}

/// Serves until `shutdown`, then ends all connections.
///
/// The simulation's time begins to run with this call.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let seats = Seats::new(options.connections_max);
    let stage = Arc::new(Stage::new(options));
    let (mut ending, closing) = closing();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Each record goes out as it comes, however small.
                let _ = stream.set_nodelay(true);
                if let Some(seat) = seats.take(peer.ip()) {
                    let answerer =
                        Answerer::new(Arc::clone(&stage), seat, seats.seats_max(), closing.clone());
                    tokio::spawn(connection(stream, answerer, closing.clone()));
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(closing);
    ending.end().await;
    Ok(())
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

pub(super) async fn connection<S>(stream: S, answerer: Answerer, mut closing: Closing)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answerer = Arc::new(answerer);
    let service = service_fn(move |request| {
        let answerer = Arc::clone(&answerer);
        async move { Ok::<_, Infallible>(answerer.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = match closing.or(connection.as_mut()).await {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(SHUTDOWN_LIMIT, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        // Clients come and go as they like.
        tracing::debug!(%error, "a connection ended");
    }
}

/// A seat that a WebSocket may take along when it leaves HTTP.
pub(super) type SharedSeat = Arc<Seat>;
