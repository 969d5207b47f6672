//! The signals that end a command.

use std::future::pending;

use tokio::signal::unix::{SignalKind, signal};

/// Done when the process is told to end: by SIGTERM, or by Ctrl-C.
pub(super) async fn told_to_end() {
    let of = async |kind| match signal(kind) {
        Ok(mut signal) => signal.recv().await,
        // Then the signal ends the process as it always did.
        Err(_) => pending().await,
    };
    tokio::select! {
        _ = of(SignalKind::terminate()) => {}
        _ = of(SignalKind::interrupt()) => {}
    }
}
