//! Takes connections, keeps count of them, and ends them at shutdown.

use std::{convert::Infallible, future::Future, io, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    time::{sleep, timeout},
};

use super::{
    Options,
    connection_slots::ConnectionSlots,
    host,
    http::Answerer,
    playback::Broadcast,
    shutdown::{self, SHUTDOWN_LIMIT, ShutdownSignal},
};

/// A request's head must be there within this time.
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// What is written at once to one client, and the largest head of a request.
const BUFFER_BYTES: usize = 16 << 10;
/// When no connection can be accepted (out of files, mostly), the next attempt waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` resolves, then ends all connections, which have 5 seconds to finish.
///
/// The simulation's time begins to run with this call.
///
/// # Errors
/// When the listener has no address. When a connection cannot be accepted, that is logged and the next one is awaited.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let names = Arc::new(host::names(listener.local_addr()?, &options.hosts));
    let slots = ConnectionSlots::new(options.connections_max);
    let broadcast = Arc::new(Broadcast::new(options));
    let (mut trigger, signal) = shutdown::channel();
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
                if let Some(slot) = slots.take(peer.ip()) {
                    let answerer = Answerer::new(
                        Arc::clone(&broadcast),
                        Arc::clone(&names),
                        slot,
                        slots.slots_max(),
                        signal.clone(),
                    );
                    tokio::spawn(connection(stream, answerer, signal.clone()));
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection, trying again");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(signal);
    trigger.end().await;
    Ok(())
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

pub(super) async fn connection<S>(stream: S, answerer: Answerer, mut signal: ShutdownSignal)
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
    let ended = match signal.or(connection.as_mut()).await {
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
