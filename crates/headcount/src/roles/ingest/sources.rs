//! Runs the sources: starts, watches and stops them.

use headcount_query::SourceStatus;
use std::{future::pending, sync::Arc, time::Duration};

use anyhow::{Context, Result};

use headcount_journal::Journal;
use headcount_source::{SourceAddress, shutdown};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{oneshot, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout_at},
};

use crate::{
    event_bus::EventBus,
    exit::{TEMPORARY, exit},
    roles::ingest::queue::{IngestQueue, RunningSource},
    roles::ingest::statuses::{kind_of, watch_statuses},
};

/// How long sources may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How long their last records may take to become durable when the process ends: it must end even while brokers are away,
/// and before its supervisor kills it.
pub(crate) const LAST_LIMIT: Duration = Duration::from_secs(15);
/// The same limit after a failure, and while there is no room on the disk: what is not durable by then will hardly become
/// so.
const FAILED_LIMIT: Duration = Duration::from_secs(2);

/// Runs the sources until a signal comes or a part of the process fails, and then until what they brought is durable.
pub(crate) async fn run_sources(
    sources: Vec<SourceAddress>,
    queue: Option<(IngestQueue, headcount_source::Resume)>,
    bus: &EventBus,
    statuses: &watch::Sender<Arc<Vec<SourceStatus>>>,
    signals: &mut Signals,
) -> Result<()> {
    let Some((queue, known)) = queue else {
        until_the_end(bus, signals, &mut JoinSet::new()).await;
        return bus.failure();
    };
    let (stop, stopped) = shutdown::shutdown();
    let kinds: Vec<_> = sources.iter().map(kind_of).collect();
    let running: Vec<RunningSource> = sources
        .into_iter()
        .map(|source| queue.run(source, known.clone(), stopped.clone()))
        .collect();
    let mut watching = watch_statuses(&running, &kinds, &bus.notices, statuses);
    // A source that cannot go on is reported when that happens, not when the program ends.
    let reported: Vec<_> = running
        .into_iter()
        .map(|source| {
            let end = source.ended.abort_handle();
            (end, tokio::spawn(async { report(source.ended.await) }))
        })
        .collect();

    until_the_end(bus, signals, &mut watching).await;
    stop.stop();
    let deadline = Instant::now() + STOP_LIMIT;
    for (end, reported) in reported {
        if timeout_at(deadline, reported).await.is_err() {
            tracing::warn!("a source did not stop within {STOP_LIMIT:?}; abandoning it");
            // Its last records are lost to this run; a resumable source resends them.
            end.abort();
        }
    }
    watching.shutdown().await;
    let broken = bus.failure();
    let limit = match broken {
        Ok(()) => LAST_LIMIT,
        Err(_) => FAILED_LIMIT,
    };
    let ingested = queue.finish_within(limit).await;
    broken.and(ingested.map(drop))
}

/// Returns when the last records have waited long enough for room on the disk. Servers that are away may be back in a
/// moment; a full disk stays full until somebody acts.
pub(crate) async fn room_is_lacking(journal: &Journal) {
    if !journal.capabilities().is_local {
        return pending().await;
    }
    // The journal holds the sender.
    let _ = journal.waiting().wait_for(Option::is_some).await;
    sleep(FAILED_LIMIT).await;
}

/// Waits for a signal, or for a failure: a process that can no longer work ends, so that its supervisor acts.
async fn until_the_end(bus: &EventBus, signals: &mut Signals, watching: &mut JoinSet<()>) {
    let mut failed = bus.failed.subscribe();
    tokio::select! {
        () = signals.next() => {}
        // The bus here holds the sender.
        _ = failed.wait_for(Option::is_some) => {}
        () = a_crash_of(watching) => {
            let reason = "the task that shows the sources panicked, which is a bug in headcount; start headcount again";
            bus.fail(&exit(TEMPORARY, reason));
        }
    }
    bus.stops();
    tracing::info!("stopping");
}

/// Returns when one of the tasks panics.
async fn a_crash_of(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if ended.is_err() {
            return;
        }
    }
    pending().await
}

fn report(
    ended: Result<Result<headcount_source::Ended, headcount_source::Error>, tokio::task::JoinError>,
) {
    match ended {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!("a source failed: {error}"),
        Err(error) if error.is_cancelled() => {}
        Err(error) => tracing::error!("a source crashed: {error}"),
    }
}

/// SIGTERM and SIGINT. A signal that arrives while nobody waits for one is not missed.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Ends the process at once on a signal until `started` fires, after which there is something to close in order.
    /// Without a handler, signals would not end the first process of a container.
    pub(crate) fn end_until(mut self, started: oneshot::Receiver<()>) -> JoinHandle<Self> {
        tokio::spawn(async move {
            tokio::select! {
                () = self.next() => {
                    tracing::info!("stopped during startup");
                    std::process::exit(0)
                }
                _ = started => self,
            }
        })
    }

    /// Waits for the next of the two.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_shows_sources_and_panics_ends_the_process() {
        let bus = EventBus::new();
        let mut signals = Signals::listen().unwrap();
        let mut watching = JoinSet::new();
        watching.spawn(async {});
        watching.spawn(async { panic!("for the test") });
        until_the_end(&bus, &mut signals, &mut watching).await;
        let error = bus.failure().unwrap_err();
        assert_eq!(crate::exit::code_of(&error), TEMPORARY);
    }
}
