//! Takes connections from the listener, and outlives its errors.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time,
};
use tracing::{info, warn};

use crate::metrics::Metrics;

/// How long to leave the listener alone after an error such as "too many open files": the connections that wait in
/// the kernel would be reported again at once.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Acceptor {
    listener: TcpListener,
    metrics: Arc<Metrics>,
    /// Errors since the last connection. They pass by themselves, so they are logged once, not twenty times a second.
    failures: u64,
}

impl Acceptor {
    pub(crate) fn new(listener: TcpListener, metrics: Arc<Metrics>) -> Self {
        Self {
            listener,
            metrics,
            failures: 0,
        }
    }

    /// The next connection. No error of the listener ends the server: they are of one client that left too early, or
    /// of a moment in which no descriptor is free.
    pub(crate) async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => {
                    if self.failures > 0 {
                        info!(failures = self.failures, "accepting connections again");
                        self.failures = 0;
                    }
                    return accepted;
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    self.metrics.not_accepted();
                    if self.failures == 0 {
                        warn!(%error, "cannot accept connections; trying again until it works");
                    }
                    self.failures += 1;
                    time::sleep(PAUSE).await;
                }
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
