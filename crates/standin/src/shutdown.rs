//! How serving ends: everything that runs for a connection is told, and has a while to finish.

use std::{future::Future, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

/// After this long, connections that have not ended at shutdown are left to their fate.
pub(super) const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Tells everything that runs for a connection when to stop; serving ends when all have gone.
#[derive(Clone)]
pub(super) struct ShutdownSignal {
    asked: watch::Receiver<bool>,
    _here: mpsc::Sender<()>,
}

impl ShutdownSignal {
    /// The result of `work`, or nothing when it is time to stop before.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.asked.wait_for(|asked| *asked) => None,
            result = work => Some(result),
        }
    }
}

/// Asks everything that holds a [`ShutdownSignal`] to stop.
pub(super) struct ShutdownTrigger {
    ask: watch::Sender<bool>,
    all_gone: mpsc::Receiver<()>,
}

impl ShutdownTrigger {
    /// Until all have gone, or the time for it is over.
    pub(super) async fn end(&mut self) {
        self.ask.send_replace(true);
        // Nothing is ever sent: this ends when the last sender is dropped.
        let _ = timeout(SHUTDOWN_LIMIT, self.all_gone.recv()).await;
    }
}

/// A trigger and the first of its signals.
pub(super) fn channel() -> (ShutdownTrigger, ShutdownSignal) {
    let (ask, asked) = watch::channel(false);
    let (here, all_gone) = mpsc::channel(1);
    (
        ShutdownTrigger { ask, all_gone },
        ShutdownSignal { asked, _here: here },
    )
}
