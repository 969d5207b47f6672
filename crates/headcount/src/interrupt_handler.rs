//! SIGINT and SIGTERM in a command that comes to an end by itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Result;
use headcount_journal::Journal;
use headcount_source::shutdown::{Shutdown, shutdown};
use tokio::time::timeout;

use crate::{
    exit::INTERRUPTED,
    roles::ingest::sources::{LAST_LIMIT, Signals},
};

/// Listens as long as its runtime lives.
pub(crate) struct InterruptHandler {
    shutdown: Shutdown,
    closing: Arc<AtomicBool>,
}

impl InterruptHandler {
    /// The first signal tells sources to stop, so that what they brought becomes durable. A journal that is away is
    /// waited for only so long, and nothing is after a second signal: what is durable stays so.
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
                    "interrupted at the end: every record is kept, and the next import or run archives the rest"
                );
            } else {
                stop.stop();
                if timeout(LAST_LIMIT, signals.next()).await.is_err() {
                    journal.give_up();
                    signals.next().await;
                }
            }
            std::process::exit(INTERRUPTED.into());
        });
        Ok(interrupt)
    }

    pub(crate) fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Everything is durable: from now on a signal ends the process at once.
    pub(crate) fn closes(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}
