//! The appender thread at work: takes what all sources bring, gathers it, and appends it.

use std::{collections::HashMap, sync::Arc};

use anyhow::Result;
use headcount_source::{
    Position,
    message::MessageBatch,
    sink::{Delivery, QueuePermit},
    status::Reporter,
};
use tokio::sync::mpsc;

use crate::{
    metrics::METRICS,
    roles::ingest::appender::{AppendError, Appender},
};

/// Bytes gathered for one sync when more is waiting: a few milliseconds of writing.
const GATHER_BYTES: usize = 4 << 20;

/// What comes from sources.
pub(super) enum Arrival {
    Delivery(Arc<QueuedSource>, Box<Delivery>),
    Ended(Arc<QueuedSource>),
}

/// A source as the appender knows it.
pub(super) struct QueuedSource {
    pub(super) name: String,
    pub(super) report: Reporter,
}

/// What was appended, once all sources have ended.
pub(crate) struct Ingested {
    pub(crate) appender: Appender,
    /// Why the records of some sources could not be stored, as sentences.
    pub(crate) refused: Vec<String>,
}

/// What the thread holds.
struct IngestLoop {
    appender: Appender,
    /// How far sources that have not ended were read, by name.
    positions: HashMap<String, Position>,
    refused: Vec<String>,
}

pub(super) fn take_all(appender: Appender, inbox: mpsc::Receiver<Arrival>) -> Result<Ingested> {
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
