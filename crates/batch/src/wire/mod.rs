//! A server that speaks PostgreSQL's protocol, version 3, and only reads.
//!
//! Statements go the way of all others: the same checks, the same processes with the same limits, the same rows. The
//! protocol is read here and not by a library, for what a client merely announces must not make room for itself.

mod cancel;
mod control;
mod extended;
mod frame;
mod message;
mod parameter;
mod portal;
mod session;
mod settings;
mod simple;
mod split;
mod statement;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

use self::{
    cancel::CancelKeys,
    frame::{FrameError, Startup},
    message::{Outgoing, Severity},
    session::WireSession,
};
use crate::{
    serve::worker::TablesWorker,
    sql::error::{SqlError, sqlstate},
};

/// Connections at once.
const CONNECTIONS: usize = 32;
/// Connections that are told that there are too many; those beyond are closed without a word.
const REFUSALS: usize = 32;
/// How long a connection may take to begin a session.
const BEGIN: Duration = Duration::from_secs(10);
/// Refusals of encryption that a client may ask for.
const ENCRYPTIONS: usize = 2;

/// Between two attempts to listen on an address that another program holds.
const AGAIN: Duration = Duration::from_secs(5);

/// Listens on an address. Another program that holds it keeps nothing else of the worker from its work.
async fn listen(address: SocketAddr) -> TcpListener {
    let mut told = false;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => {
                let address = listener.local_addr().unwrap_or(address);
                tracing::info!("PostgreSQL's clients find the tables at {address}");
                return listener;
            }
            Err(error) if !told => {
                told = true;
                tracing::error!(
                    "listen on {address} for PostgreSQL's clients: {error}; trying again every {} s, or choose another \
                     port with --pg-listen",
                    AGAIN.as_secs()
                );
            }
            Err(_) => {}
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Serves clients for as long as the worker lives.
pub(crate) async fn serve(address: SocketAddr, worker: Arc<TablesWorker>) {
    let listener = listen(address).await;
    let keys = CancelKeys::default();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Such as too many open files: others may close some.
                tracing::warn!("accept a client of PostgreSQL's protocol: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (worker, keys) = (Arc::clone(&worker), keys.clone());
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            tokio::spawn(async move {
                let _place = place;
                connection(stream, &worker, &keys, true).await;
            });
        } else if let Ok(place) = Arc::clone(&refusals).try_acquire_owned() {
            tokio::spawn(async move {
                let _place = place;
                connection(stream, &worker, &keys, false).await;
            });
        }
    }
}

/// Serves a client until it goes.
async fn connection(stream: TcpStream, worker: &TablesWorker, keys: &CancelKeys, has_place: bool) {
    // Answers are small and awaited.
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    let begun = match timeout(BEGIN, begin(&mut stream)).await {
        Ok(begun) => begun,
        // It gets no word: whoever has not begun does not speak the protocol.
        Err(_) => return,
    };
    let refusal = match begun {
        Ok(Startup::Session { .. }) if !has_place => {
            let message =
                format!("{CONNECTIONS} clients are connected; try again when some have gone");
            SqlError::new(sqlstate::TOO_MANY, message)
        }
        Ok(Startup::Session {
            major: 3,
            minor,
            parameters,
        }) => {
            let Some(key) = keys.issue() else { return };
            let session = WireSession::new(stream, worker, key, &parameters);
            match session.run(minor, &parameters).await {
                Ok(()) | Err(FrameError::Gone(_)) => {}
                Err(error) => tracing::debug!("a client of PostgreSQL's protocol: {error}"),
            }
            return;
        }
        Ok(Startup::Session { major, minor, .. }) => SqlError::new(
            sqlstate::NOT_SUPPORTED,
            format!("version {major}.{minor} of the protocol is not supported; 3.0 is"),
        ),
        Ok(Startup::Cancel { process, secret }) => {
            keys.cancel(process, secret);
            return;
        }
        Ok(Startup::Encryption) => {
            SqlError::new("08P01", "encryption was refused; go on without it")
        }
        Err(FrameError::Protocol(message)) => SqlError::new("08P01", message),
        Err(FrameError::Gone(_) | FrameError::Idle) => return,
    };
    let mut out = Outgoing::default();
    out.error(Severity::Fatal, &refusal);
    let _ = timeout(BEGIN, stream.write_all(&out.0)).await;
}

/// What a client begins with, once it has heard that there is no encryption.
async fn begin(stream: &mut BufReader<TcpStream>) -> Result<Startup, FrameError> {
    for _ in 0..ENCRYPTIONS {
        match frame::startup(stream).await? {
            Startup::Encryption => stream.write_all(b"N").await?,
            other => return Ok(other),
        }
    }
    frame::startup(stream).await
}
