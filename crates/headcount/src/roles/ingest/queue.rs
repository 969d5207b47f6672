//! Running sources: each fills a bounded queue, and one thread empties all queues into the journal.
//!
//! ```text
//!  source ─▶ queue ─╮
//!  source ─▶ queue ─┼─▶ appender thread: decode, append ─▶ durable
//!  source ─▶ queue ─╯
//! ```
//!
//! Nothing is dropped: a full queue makes its source wait.

use std::{
    collections::HashMap,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use headcount_journal::Journal;
use headcount_source::{
    AnySource, Ended, Error as SourceError, Position, ReadTime, Resume, SourceAddress,
    message::MessageBatch,
    shutdown::Shutdown,
    sink::{self, BatchReceiver, Delivery, QueuePermit, SinkLimits},
    status::{self, Reporter, Status},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle as Task,
    time::sleep,
};

use crate::{
    event_bus::EventBus,
    exit::{DATA, exit},
    metrics::METRICS,
    roles::ingest::appender::{AppendError, Appender},
    roles::ingest::known_sources::KnownSources,
    roles::ingest::record_time::read_time,
    roles::ingest::sources::room_is_lacking,
};

/// Deliveries of all sources that may wait for the appender. They may be of one record each; the queues of the sources
/// bound their bytes.
const WAITING: usize = 1024;
/// Bytes gathered for one sync when more is waiting: a few milliseconds of writing.
const GATHER_BYTES: usize = 4 << 20;

enum Arrival {
    Delivery(Arc<QueuedSource>, Box<Delivery>),
    Ended(Arc<QueuedSource>),
}

/// A source as the appender knows it.
struct QueuedSource {
    name: String,
    report: Reporter,
}

/// What was appended, once all sources have ended.
pub(crate) struct Ingested {
    pub(crate) appender: Appender,
    /// Why the records of some sources could not be stored, as sentences.
    pub(crate) refused: Vec<String>,
}

/// The queue between sources and the thread that appends to the journal.
pub(crate) struct IngestQueue {
    arrivals: mpsc::Sender<Arrival>,
    thread: JoinHandle<Result<Ingested>>,
    journal: Arc<Journal>,
    read_time: ReadTime,
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
        let read_time = read_time(Arc::clone(appender.schema()));
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
            read_time,
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
        let name = name.to_owned();
        let (sink, inbox) = sink::channel(SinkLimits::default());
        let (reporter, status) = status::status(name.clone());
        let queued = Arc::new(QueuedSource {
            name,
            report: reporter.clone(),
        });
        let source = AnySource::new(address).with_read_time(self.read_time.clone());
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

/// The appender thread at work.
struct IngestLoop {
    appender: Appender,
    /// How far sources that have not ended were read, by name.
    positions: HashMap<String, Position>,
    refused: Vec<String>,
}

fn take_all(appender: Appender, inbox: mpsc::Receiver<Arrival>) -> Result<Ingested> {
    let mut inbox = Inbox { inbox, next: None };
    let mut ingest = IngestLoop {
        appender,
        positions: HashMap::new(),
        refused: Vec::new(),
    };
    loop {
        let waiting = inbox.inbox.len() + usize::from(inbox.next.is_some());
        METRICS.ingest_queue_batches.set(waiting as i64);
        let arrival = match inbox.waiting() {
            Some(arrival) => arrival,
            None => {
                // Nothing is waiting, so there is time to wait for what is in flight.
                ingest.appender.settle()?;
                match inbox.inbox.blocking_recv() {
                    Some(arrival) => arrival,
                    None => return Ok(ingest.into_ingested()),
                }
            }
        };
        match arrival {
            Arrival::Delivery(source, delivery) => {
                for gathered in inbox.gather(source, *delivery) {
                    ingest.take(gathered)?;
                }
            }
            Arrival::Ended(source) => ingest.finish(&source)?,
        }
    }
}

impl IngestLoop {
    fn take(&mut self, gathered: Gathered) -> Result<()> {
        let Gathered {
            source,
            batch,
            held,
        } = gathered;
        if source.report.is_refused() {
            return Ok(());
        }
        let position = batch.position.clone();
        let taken = self.appender.take(&source.name, batch, held);
        if let (Ok(()), Some(position)) = (&taken, position) {
            self.positions.insert(source.name.clone(), position);
        }
        self.without_refusal(&source, taken)
    }

    fn finish(&mut self, source: &QueuedSource) -> Result<()> {
        let Some(position) = self.positions.remove(&source.name) else {
            return Ok(());
        };
        if source.report.is_refused() {
            return Ok(());
        }
        let finished = self.appender.finish(&source.name, &position);
        self.without_refusal(source, finished)
    }

    /// What the journal does not take of one source ends that source, and no other.
    fn without_refusal(
        &mut self,
        source: &QueuedSource,
        appended: Result<(), AppendError>,
    ) -> Result<()> {
        match appended {
            Err(AppendError::Source(sentence)) => {
                tracing::error!("{sentence}");
                source.report.refuse(&sentence);
                self.positions.remove(&source.name);
                self.refused.push(sentence);
                Ok(())
            }
            Err(AppendError::Journal(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }

    fn into_ingested(self) -> Ingested {
        Ingested {
            appender: self.appender,
            refused: self.refused,
        }
    }
}

/// The arrivals, with one of lookahead.
struct Inbox {
    inbox: mpsc::Receiver<Arrival>,
    next: Option<Arrival>,
}

impl Inbox {
    fn waiting(&mut self) -> Option<Arrival> {
        self.next.take().or_else(|| self.inbox.try_recv().ok())
    }

    /// Gathers a delivery and those waiting behind it, by the content of their positions: one sync costs the same for
    /// one as for all.
    fn gather(&mut self, source: Arc<QueuedSource>, delivery: Delivery) -> Vec<Gathered> {
        let mut bytes = delivery.batch.bytes();
        let mut gathered = vec![Gathered::new(source, delivery)];
        while bytes < GATHER_BYTES {
            match self.waiting() {
                Some(Arrival::Delivery(source, delivery)) => {
                    bytes += delivery.batch.bytes();
                    let before = gathered
                        .iter_mut()
                        .find(|before| before.leads_to(&source, &delivery));
                    match before {
                        Some(before) => before.add(*delivery),
                        None => gathered.push(Gathered::new(source, *delivery)),
                    }
                }
                other => {
                    self.next = other;
                    break;
                }
            }
        }
        gathered
    }
}

/// What arrived from one source, in order, and its room in the queue.
struct Gathered {
    source: Arc<QueuedSource>,
    batch: MessageBatch,
    held: Vec<QueuePermit>,
}

impl Gathered {
    fn new(source: Arc<QueuedSource>, delivery: Delivery) -> Self {
        let (batch, held) = delivery.open();
        Self {
            source,
            batch,
            held: vec![held],
        }
    }

    /// Whether a delivery continues the same content of the same source.
    fn leads_to(&self, source: &QueuedSource, delivery: &Delivery) -> bool {
        let of = |batch: &MessageBatch| batch.position.as_ref().map(|position| position.of.clone());
        self.source.name == source.name && of(&self.batch) == of(&delivery.batch)
    }

    fn add(&mut self, delivery: Delivery) {
        let (batch, held) = delivery.open();
        self.batch.extend(batch);
        self.held.push(held);
    }
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

#[cfg(test)]
mod tests {
    use headcount_journal::Options;
    use headcount_record::{Control, Masking};
    use headcount_source::{
        SourceItem,
        message::{Gap, Location, Message},
        sink::Sink,
        status::Activity,
    };
    use serde_json::json;

    use super::*;
    use crate::exit::code_of;

    fn known(position: serde_json::Value) -> KnownSources {
        let control = Control::Position {
            of: "http://h/".to_owned(),
            position,
            repaired: 0,
            blanked: 0,
            received: 1,
        };
        KnownSources::of_bodies(&[control.to_body()])
    }

    #[test]
    fn a_position_of_another_format_is_refused_with_a_sentence() {
        let state = json!({ "source": "http", "cursor_ms": 4, "seen_ms": 5 });
        let stored = json!({ "version": 3, "of": "http://h/", "state": state });
        assert!(resume(&[known(stored)]).is_ok());
        let old = json!({ "of": "http://h/", "mtime_ms": 4, "seen_ms": 5 });
        let error = resume(&[known(old)]).expect_err("it is of another format");
        assert_eq!(code_of(&error), DATA);
        assert!(error.to_string().contains("has format 1"), "{error}");
    }

    fn feed(queue: &IngestQueue, name: &str) -> (Sink, watch::Receiver<Status>, Task<()>) {
        let (sink, inbox) = sink::channel(SinkLimits::default());
        let (report, status) = status::status(name);
        let source = QueuedSource {
            name: name.to_owned(),
            report,
        };
        let arrivals = queue.arrivals.clone();
        let handing = hand_over(inbox, Arc::new(source), status.clone(), arrivals);
        (sink, status, tokio::spawn(handing))
    }

    fn batch(item: SourceItem) -> MessageBatch {
        MessageBatch {
            items: vec![item],
            position: None,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_source_that_the_journal_cannot_take_fails_and_the_others_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            partitions: Some(1),
            ..Options::default()
        };
        let journal = Arc::new(Journal::open(folder.path(), options).unwrap());
        let (bus, known) = (EventBus::new(), [KnownSources::of_bodies(&[])]);
        let appender = Appender::new(journal, Masking::Nothing, &known, &bus).unwrap();
        let queue = IngestQueue::start(appender, bus.clone()).unwrap();
        let (mut bad, mut status, bad_handed) = feed(&queue, "bad");
        let (mut good, good_status, good_handed) = feed(&queue, "good");
        let too_long = Gap {
            from_ms: 1,
            to_ms: 2,
            cause: "x".repeat(3 << 20),
        };
        bad.push(batch(SourceItem::Gap(too_long))).await.unwrap();
        let failed = |status: &Status| status.state == Activity::Failed;
        let error = status.wait_for(failed).await.unwrap().error.clone();
        assert!(
            error
                .unwrap()
                .contains("the journal cannot take what this source sent")
        );
        bad_handed.await.unwrap();
        let message = Message {
            bytes: "bad".into(),
            position: 0,
            location: Location::Message(1),
            broken: None,
        };
        let message = batch(message.into());
        assert!(bad.push(message.clone()).await.is_err(), "it is stopped");
        good.push(message).await.unwrap();
        drop(good);
        good_handed.await.unwrap();
        let Ingested { appender, refused } = queue.finish().await.unwrap();
        assert_eq!((appender.counts().1["bad_json"], refused.len()), (1, 1));
        assert_eq!(good_status.borrow().error, None);
        assert!(bus.failure().is_ok(), "the process goes on");
    }
}
