//! Events between the threads of a process: commits, answers for the map, failures and notices.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::Result;
use headcount_engine::Pulse;
use tokio::sync::{broadcast, watch};

use crate::exit::{TEMPORARY, code_of, exit};

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
    /// Set once the process ends anyway.
    stopping: Arc<AtomicBool>,
}

/// Reports a panic of the thread or task that owns it. Without it the process would go on without that part, and nobody
/// would notice.
pub(crate) struct PanicGuard {
    bus: EventBus,
    /// The thread or task, as the beginning of a sentence.
    who: String,
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            let who = &self.who;
            self.bus.fail(&exit(
                TEMPORARY,
                format!(
                    "{who} panicked, which is a bug in headcount; the message is above. Start headcount again: \
                     everything that was acknowledged is in the journal"
                ),
            ));
        }
    }
}

impl EventBus {
    /// A bus without subscribers.
    pub(crate) fn new() -> Self {
        Self {
            commits: watch::channel(0).0,
            pulses: broadcast::channel(PULSES_MAX).0,
            failed: watch::channel(None).0,
            notices: watch::channel(Notices::new()).0,
            stopping: Arc::default(),
        }
    }

    /// A guard for a thread or task that lives as long as the process; `who` begins a sentence.
    pub(crate) fn guard(&self, who: impl Into<String>) -> PanicGuard {
        PanicGuard {
            bus: self.clone(),
            who: who.into(),
        }
    }

    /// Notes that the process ends: from now on failures need no announcement.
    pub(crate) fn stops(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Reports that a part of the process has stopped for good. That ends the process, and the first reason is printed
    /// once, as its last line; later ones follow from it.
    pub(crate) fn fail(&self, error: &anyhow::Error) {
        let failure = ProcessFailure {
            reason: format!("{error:#}"),
            code: code_of(error),
        };
        let is_first = self.failed.send_if_modified(|failed| {
            let is_first = failed.is_none();
            if is_first {
                *failed = Some(failure);
            }
            is_first
        });
        if is_first && !self.stopping.load(Ordering::Relaxed) {
            tracing::error!("a part of headcount failed; stopping, and the reason follows");
        } else {
            tracing::debug!("{error:#}");
        }
    }

    /// The failure that ends the process, if there is one.
    pub(crate) fn failure(&self) -> Result<()> {
        match &*self.failed.borrow() {
            Some(failure) => Err(exit(failure.code, failure.reason.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_guarded_thread_ends_the_process_and_an_orderly_end_does_not() {
        let bus = EventBus::new();
        let guard = bus.guard("the thread of partition 3");
        thread::spawn(move || drop(guard)).join().expect("it ends");
        assert!(bus.failure().is_ok());
        let guard = bus.guard("the thread of partition 3");
        let panicking = thread::spawn(move || {
            let _guard = guard;
            panic!("for the test");
        });
        assert!(panicking.join().is_err());
        let error = bus.failure().expect_err("a thread is gone");
        assert_eq!(code_of(&error), TEMPORARY);
        let said = error.to_string();
        assert!(
            said.starts_with("the thread of partition 3 panicked"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_panic_of_a_guarded_task_ends_the_process_and_aborting_it_does_not() {
        let bus = EventBus::new();
        let guard = bus.guard("a task");
        let waits = tokio::spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        waits.abort();
        assert!(waits.await.is_err());
        assert!(bus.failure().is_ok());
        let guard = bus.guard("a task");
        let panics = tokio::spawn(async move {
            let _guard = guard;
            tokio::task::yield_now().await;
            panic!("for the test");
        });
        assert!(panics.await.is_err());
        assert!(bus.failure().is_err());
    }

    #[test]
    fn the_first_failure_stays() {
        let bus = EventBus::new();
        bus.fail(&exit(TEMPORARY, "first"));
        bus.fail(&exit(crate::exit::DATA, "second"));
        let error = bus.failure().expect_err("it failed");
        assert_eq!(
            (code_of(&error), error.to_string().as_str()),
            (TEMPORARY, "first")
        );
    }
}
