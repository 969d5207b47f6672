//! The accept loop: permits, errors of the listener, and the way out.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
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
        acceptor::Acceptor, connection, connections::Connections, limiter::ConnectionLimiter,
        problem::Problem, stop_signal::StopSignal,
    },
    options::Options,
    state::ServerState,
};

/// Bytes the kernel may hold for one client. A small buffer shows sooner that a page has stopped reading, and
/// a thousand such pages cannot take gigabytes. `/api/data` of 2,000 venues still fits.
const SEND_BUFFER_BYTES: u32 = 256 * 1024;

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
    let mut acceptor = Acceptor::new(listener, Arc::clone(&app.metrics));
    let connections = Connections::new(app);
    info!(address = %local, "serving");

    let mut open = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, peer) = acceptor.accept() => {
                if let Some(connection) = admit(&connections, &limiter, stream, peer.ip()) {
                    open.spawn(connection);
                }
            }
            Some(_ended) = open.join_next() => {}
        }
    }

    drop(acceptor);
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

/// Takes a permit for the connection, or tells the client that there is none and closes the connection.
fn admit(
    connections: &Arc<Connections>,
    limiter: &Arc<ConnectionLimiter>,
    stream: TcpStream,
    peer: IpAddr,
) -> Option<impl Future<Output = ()> + use<>> {
    // A proxy's connections are those of all its readers.
    let counted = Some(peer).filter(|peer| !connections.app.proxies.contains(*peer));
    match limiter.permit(counted) {
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
