//! The accept loop: permits, errors of the listener, and the way out.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time,
};
use tracing::{info, warn};

use crate::{
    app::App,
    http::{
        connection, connections::Connections, limiter::ConnectionLimiter, problem::Problem, proxy,
        stop_signal::StopSignal,
    },
    options::Options,
    state::ServerState,
};

/// Bytes the kernel may hold for one client. A small buffer shows sooner that a page has stopped reading, and
/// a thousand such pages cannot take gigabytes. `/api/data` of 2,000 venues still fits.
const SEND_BUFFER_BYTES: u32 = 256 * 1024;

/// How long to leave the listener alone after an error such as "too many open files".
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Opens a listener with the socket options that this server's limits rely on.
///
/// # Errors
/// When the address is in use, or is not an address of this machine.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A port in TIME_WAIT is ours again at once; two listeners still exclude each other.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(1_024)
}

/// Serves until `shutdown` is ready, then lets open requests finish for [`Options::shutdown`] at most.
///
/// # Errors
/// Only when the listener has no address. Errors of single connections end these alone.
pub async fn serve(
    listener: TcpListener,
    state: ServerState,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stop, stopped) = StopSignal::new();
    let grace = options.shutdown;
    let limiter = ConnectionLimiter::new(options.connections, options.connections_per_address);
    let local = listener.local_addr()?;
    let app = App::new(state, options, local, Arc::clone(&limiter), stopped);
    let connections = Connections::new(app);
    info!(address = %local, "serving");

    let mut open = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, peer) = accept(&listener) => {
                if let Some(connection) = admit(&connections, &limiter, stream, peer.ip()) {
                    open.spawn(connection);
                }
            }
            Some(_ended) = open.join_next() => {}
        }
    }

    drop(listener);
    stop.send_replace(true);
    let left = async { while open.join_next().await.is_some() {} };
    if time::timeout(grace, left).await.is_err() {
        warn!(
            open = open.len(),
            "closing connections that did not finish in time"
        );
        open.shutdown().await;
    }
    Ok(())
}

/// The next connection. Errors of the listener pass (no free descriptors, a client that left before it was
/// accepted), so they never end the server.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                warn!(%error, "cannot accept a connection, trying again");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Takes a permit for the connection, or tells the client that there is none and closes the connection.
fn admit(
    connections: &Arc<Connections>,
    limiter: &Arc<ConnectionLimiter>,
    stream: TcpStream,
    peer: IpAddr,
) -> Option<impl Future<Output = ()> + use<>> {
    let taken = if proxy::is_proxy(peer, &connections.app.options) {
        limiter.permit_proxy()
    } else {
        limiter.permit(peer)
    };
    match taken {
        Ok(permit) => {
            let connections = Arc::clone(connections);
            Some(async move {
                connection::run(connections, stream, peer).await;
                drop(permit);
            })
        }
        Err(full) => {
            connections.app.metrics.refused(full);
            // What does not fit into the empty socket buffer is not worth waiting for.
            let _ = stream.try_write(&Problem::no_connection_left(full).into_wire());
            None
        }
    }
}
