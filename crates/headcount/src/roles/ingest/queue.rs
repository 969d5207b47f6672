//! Running sources: each fills a bounded queue, and one thread empties all queues into the journal.
//!
//! ```text
//!  source ─▶ queue ─╮
//!  source ─▶ queue ─┼─▶ appender thread: decode, append ─▶ durable
//!  source ─▶ queue ─╯
//! ```
//!
//! Nothing is dropped: a full queue makes its source wait.

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use headcount_journal::Journal;
use headcount_record::Schema;
use headcount_source::{
    AnySource, Ended, Error as SourceError, Position, Resume, SourceAddress,
    shutdown::Shutdown,
    sink::{self, BatchReceiver, SinkLimits},
    status::{self, Status},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle as Task,
    time::sleep,
};

use crate::{
    event_bus::EventBus,
    exit::{DATA, exit},
    mappings::Mappings,
    roles::ingest::appender::Appender,
    roles::ingest::ingest_loop::{Arrival, Ingested, QueuedSource, take_all},
    roles::ingest::known_sources::KnownSources,
    roles::ingest::record_time::{mapped_time, read_time},
    roles::ingest::sources::room_is_lacking,
};

/// Deliveries of all sources that may wait for the appender. They may be of one record each; the queues of the sources
/// bound their bytes.
const WAITING: usize = 1024;

/// The queue between sources and the thread that appends to the journal.
pub(crate) struct IngestQueue {
    arrivals: mpsc::Sender<Arrival>,
    thread: JoinHandle<Result<Ingested>>,
    journal: Arc<Journal>,
    schema: Arc<dyn Schema>,
    mappings: Mappings,
}

/// A source that runs.
pub(crate) struct RunningSource {
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) ended: Task<Result<Ended, SourceError>>,
    /// Ends when everything it brought is queued.
    pub(crate) handed_over: Task<()>,
}

impl IngestQueue {
    /// Starts the thread.
    pub(crate) fn start(appender: Appender, bus: EventBus) -> Result<Self> {
        let (arrivals, inbox) = mpsc::channel(WAITING);
        let journal = Arc::clone(appender.journal());
        let schema = Arc::clone(appender.schema());
        let mappings = appender.mappings().clone();
        let guard = bus.guard("the thread that appends to the journal");
        let thread = thread::Builder::new()
            .name("appender".to_owned())
            .spawn(move || {
                let _guard = guard;
                let taken = take_all(appender, inbox);
                if let Err(error) = &taken {
                    bus.fail(error);
                }
                taken
            })
            .context("start a thread")?;
        Ok(Self {
            arrivals,
            thread,
            journal,
            schema,
            mappings,
        })
    }

    /// Starts a source.
    pub(crate) fn run(
        &self,
        address: SourceAddress,
        resume: Resume,
        shutdown: Shutdown,
    ) -> RunningSource {
        self.run_as(&address.name(), address, resume, shutdown)
    }

    /// Starts a source whose records count for the source `name`.
    pub(crate) fn run_as(
        &self,
        name: &str,
        address: SourceAddress,
        resume: Resume,
        shutdown: Shutdown,
    ) -> RunningSource {
        let resume = self.mappings.resume(name, &resume);
        let read_time = match self.mappings.of(name) {
            Some(mapping) => mapped_time(mapping),
            None => read_time(Arc::clone(&self.schema)),
        };
        let name = name.to_owned();
        let (sink, inbox) = sink::channel(SinkLimits::default());
        let (reporter, status) = status::status(name.clone());
        let queued = Arc::new(QueuedSource {
            name,
            report: reporter.clone(),
        });
        let source = AnySource::new(address).with_read_time(read_time);
        let ended = tokio::spawn(source.run(sink, resume, reporter, shutdown));
        let handed_over = tokio::spawn(hand_over(
            inbox,
            queued,
            status.clone(),
            self.arrivals.clone(),
        ));
        RunningSource {
            status,
            ended,
            handed_over,
        }
    }

    /// Waits until everything that arrived is durable. All sources must have ended.
    pub(crate) async fn finish(self) -> Result<Ingested> {
        drop(self.arrivals);
        joined(self.thread).await
    }

    /// Waits at most this long until everything that arrived is durable, and less while there is no room on the disk. What
    /// is not durable by then is an error.
    pub(crate) async fn finish_within(self, limit: Duration) -> Result<Ingested> {
        drop(self.arrivals);
        let finished = joined(self.thread);
        tokio::pin!(finished);
        tokio::select! {
            finished = &mut finished => return finished,
            () = sleep(limit) => {}
            () = room_is_lacking(&self.journal) => {}
        }
        self.journal.give_up();
        finished.await
    }
}

/// Passes what a source brings on to the appender, until the source has ended or the appender takes nothing more of it.
/// Dropping the inbox stops the source.
async fn hand_over(
    mut inbox: BatchReceiver,
    source: Arc<QueuedSource>,
    mut status: watch::Receiver<Status>,
    arrivals: mpsc::Sender<Arrival>,
) {
    loop {
        let delivery = tokio::select! {
            delivery = inbox.next() => delivery,
            _ = status.wait_for(|status| status.refused.is_some()) => return,
        };
        let arrival = match delivery {
            Some(delivery) => Arrival::Delivery(Arc::clone(&source), Box::new(delivery)),
            None => break,
        };
        if arrivals.send(arrival).await.is_err() {
            // The appender has failed.
            return;
        }
    }
    // The appender may have ended first.
    let _ = arrivals.send(Arrival::Ended(source)).await;
}

async fn joined(thread: JoinHandle<Result<Ingested>>) -> Result<Ingested> {
    tokio::task::spawn_blocking(move || thread.join())
        .await?
        .map_err(|_| anyhow!("the appender thread panicked"))?
}

/// Where sources may resume, by what the partitions knew at the start.
pub(crate) fn resume(known: &[KnownSources]) -> Result<Resume> {
    let partitions: Vec<Vec<Position>> = known
        .iter()
        .map(|known| {
            known
                .positions
                .iter()
                .map(|position| serde_json::from_value(position.clone()))
                .collect::<Result<_, _>>()
        })
        .collect::<Result<_, serde_json::Error>>()
        .map_err(|error| exit(DATA, error.to_string()))?;
    Ok(Resume::from_partitions(
        partitions.iter().map(Vec::as_slice),
    ))
}
