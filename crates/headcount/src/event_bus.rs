//! Events between the threads of a process: commits, answers for the map, failures and notices.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use headcount_engine::Pulse;
use tokio::sync::{broadcast, watch};

use crate::exit::{code_of, exit};

/// Pulses that may wait for a slow reader before the oldest are dropped.
pub(crate) const PULSES_MAX: usize = 256;

/// Why a part of the process has stopped for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessFailure {
    pub(crate) reason: String,
    /// The exit code of the process.
    code: u8,
}

/// A sentence about a source that people should see, by the source's name.
pub(crate) type Notices = BTreeMap<String, String>;

/// Where the threads of a process publish events.
#[derive(Clone)]
pub(crate) struct EventBus {
    /// Changes with every commit of any partition.
    pub(crate) commits: watch::Sender<u64>,
    pub(crate) pulses: broadcast::Sender<Arc<[Pulse]>>,
    /// Why the process stopped counting or ingesting: the first reason, because later ones follow from it.
    pub(crate) failed: watch::Sender<Option<ProcessFailure>>,
    pub(crate) notices: watch::Sender<Notices>,
}

impl EventBus {
    /// A bus without subscribers.
    pub(crate) fn new() -> Self {
        Self {
            commits: watch::channel(0).0,
            pulses: broadcast::channel(PULSES_MAX).0,
            failed: watch::channel(None).0,
            notices: watch::channel(Notices::new()).0,
        }
    }

    /// Reports that a part of the process has stopped for good.
    pub(crate) fn fail(&self, error: &anyhow::Error) {
        let failure = ProcessFailure {
            reason: format!("{error:#}"),
            code: code_of(error),
        };
        self.failed.send_if_modified(|failed| {
            if failed.as_ref() != Some(&failure) {
                tracing::error!("{}", failure.reason);
            }
            let first = failed.is_none();
            if first {
                *failed = Some(failure);
            }
            first
        });
    }

    /// The failure that ends the process, if there is one.
    pub(crate) fn failure(&self) -> Result<()> {
        match &*self.failed.borrow() {
            Some(failure) => Err(exit(failure.code, failure.reason.clone())),
            None => Ok(()),
        }
    }
}
