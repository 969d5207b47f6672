//! SIGINT and SIGTERM in a command that ends by itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Result;
use headcount_journal::Journal;
use headcount_source::shutdown::{Shutdown, shutdown};
use tokio::time::sleep;

use crate::{
    exit::INTERRUPTED,
    roles::ingest::sources::{LAST_LIMIT, Signals, room_is_lacking},
};

/// Listens as long as its runtime lives.
pub(crate) struct InterruptHandler {
    shutdown: Shutdown,
    closing: Arc<AtomicBool>,
}

impl InterruptHandler {
    /// The first signal stops the sources, so that what they brought becomes durable; a journal that is away gets
    /// [`LAST_LIMIT`] for that, and a full disk less. A second signal ends the process at once. What is durable stays durable.
    pub(crate) fn listen(journal: Arc<Journal>) -> Result<Self> {
        let mut signals = Signals::listen()?;
        let (stop, shutdown) = shutdown();
        let closing = Arc::new(AtomicBool::new(false));
        let interrupt = Self {
            shutdown,
            closing: Arc::clone(&closing),
        };
        tokio::spawn(async move {
            signals.next().await;
            if closing.load(Ordering::Relaxed) {
                tracing::warn!(
                    "interrupted while finishing: every record is stored, and the next import or run archives the rest"
                );
            } else {
                stop.stop();
                tokio::select! {
                    () = signals.next() => std::process::exit(INTERRUPTED.into()),
                    () = sleep(LAST_LIMIT) => {}
                    () = room_is_lacking(&journal) => {}
                }
                journal.give_up();
                signals.next().await;
            }
            std::process::exit(INTERRUPTED.into());
        });
        Ok(interrupt)
    }

    pub(crate) fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Tells the handler that everything is durable: from now on a signal ends the process at once.
    pub(crate) fn closes(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}
