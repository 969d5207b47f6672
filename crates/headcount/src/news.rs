//! What the threads of a process tell each other: that something was counted, that something has failed or waits.

use std::sync::Arc;

use headcount_engine::Pulse;
use tokio::sync::{broadcast, watch};

/// Pulses that may wait for a slow reader before the oldest are dropped.
pub(crate) const PULSES_MAX: usize = 256;

/// Where the followers tell what they have done.
#[derive(Clone)]
pub(crate) struct News {
    /// Changes with every commit of any partition.
    pub(crate) commits: watch::Sender<u64>,
    pub(crate) pulses: broadcast::Sender<Arc<[Pulse]>>,
    /// Why figures or records stand still, once they do.
    pub(crate) failed: watch::Sender<Option<String>>,
    /// What is waited for, while it is.
    pub(crate) waiting: watch::Sender<Option<String>>,
}

impl News {
    /// News that nobody listens to yet.
    pub(crate) fn new() -> Self {
        Self {
            commits: watch::channel(0).0,
            pulses: broadcast::channel(PULSES_MAX).0,
            failed: watch::channel(None).0,
            waiting: watch::channel(None).0,
        }
    }

    /// Says that a part of the process has stopped for good.
    pub(crate) fn fail(&self, error: &anyhow::Error) {
        tracing::error!("{error:#}");
        self.failed.send_replace(Some(format!("{error:#}")));
    }
}
