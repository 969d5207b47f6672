//! The journal on Kafka as a whole: opened, appended to, read, closed.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::capabilities::Capabilities;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::kafka::Options;
use crate::kafka::claim;
use crate::kafka::cluster::Cluster;
use crate::kafka::ends::Ends;
use crate::kafka::member::KafkaMember;
use crate::kafka::plan::{Planner, SourceNames};
use crate::kafka::reader::KafkaReader;
use crate::kafka::scan::Scanner;
use crate::kafka::topics;
use crate::kafka::writer::{self, KafkaCounters, WriterState};
use crate::latch::Latch;
use crate::place::Place;
use crate::queue::Queue;
use crate::receipt::Receipt;
use crate::{Figures, Offset};

/// A journal on Kafka that is open for appending and reading.
pub(crate) struct KafkaJournal {
    cluster: Arc<Cluster>,
    scanner: Arc<Scanner>,
    ends: Ends,
    id: u64,
    partitions: u16,
    names: SourceNames,
    shared: Arc<WriterState>,
    writer: Mutex<Option<JoinHandle<Result<()>>>>,
}

impl KafkaJournal {
    pub(crate) fn open(options: Options) -> Result<Self> {
        let cluster = Arc::new(Cluster::connect(options)?);
        let scanner = Arc::new(Scanner::new(&cluster)?);
        let (partitions, identity) = topics::open(&cluster, &scanner)?;
        let shared = Arc::new(WriterState {
            queue: Queue::new(cluster.options.limits()),
            counts: (0..partitions).map(|_| KafkaCounters::default()).collect(),
            commit_us: AtomicU64::new(0),
            groups: AtomicU64::new(0),
            ended: Latch::default(),
        });
        // Only now: a process that only reads must not fence the one that writes under its name.
        let names = SourceNames::default();
        let writer = match cluster.options.writes {
            true => {
                let planner = Planner {
                    topics: identity.topics,
                    names: names.clone(),
                    seq: 0,
                };
                Some(writer::start(&cluster, &scanner, &shared, planner)?)
            }
            false => {
                shared.queue.refuse(Error::NotWriting);
                None
            }
        };
        Ok(Self {
            ends: Ends::new(partitions),
            cluster,
            scanner,
            id: identity.id,
            partitions,
            names,
            shared,
            writer: Mutex::new(writer),
        })
    }

    pub(crate) fn partitions(&self) -> u16 {
        self.partitions
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        Capabilities {
            is_local: false,
            knows_offsets: false,
            keeps_positions: true,
            fences_writers: true,
            shares_partitions: true,
            forgets: self.cluster.options.retention_ms.is_some(),
        }
    }

    pub(crate) fn name_source(&self, number: u16, name: &str) {
        self.names.set(number, name);
    }

    pub(crate) fn register_kinds(
        &self,
        schema: &str,
        count: u8,
        within: &RangeInclusive<u8>,
    ) -> Result<u8> {
        claim::register_kinds(&self.cluster, &self.scanner, schema, count, within)
    }

    pub(crate) fn waiting(&self) -> watch::Receiver<Option<String>> {
        self.cluster.waiting.watch()
    }

    pub(crate) fn append(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        self.check(partition)?;
        self.shared.queue.push(partition, batch)
    }

    pub(crate) fn reader_at(&self, partition: u16, place: &Place) -> Result<KafkaReader> {
        self.check(partition)?;
        if place.offset > 0 && place.hint.is_empty() {
            let end = self.durable_end(partition)?;
            if place.offset > end {
                return Err(Error::BeyondEnd {
                    partition,
                    asked: place.offset,
                    end,
                });
            }
        }
        KafkaReader::open(&self.cluster, partition, place)
    }

    pub(crate) fn positions(&self) -> Result<Vec<Vec<Vec<u8>>>> {
        let mut contents = claim::read(&self.cluster, &self.scanner)?;
        let positions = (0..self.partitions)
            .map(|partition| contents.positions.remove(&partition).unwrap_or_default())
            .map(|positions| positions.into_values().collect())
            .collect();
        match contents.positions.keys().next() {
            None => Ok(positions),
            Some(beyond) => Err(Error::topic(
                &self.cluster.positions,
                format!(
                    "it has positions of partition {beyond}, but the journal has {} partitions",
                    self.partitions
                ),
            )),
        }
    }

    pub(crate) fn durable_end(&self, partition: u16) -> Result<Offset> {
        self.check(partition)?;
        self.ends.of(&self.cluster, &self.scanner, partition)
    }

    /// Nothing is ever taken away from the beginning; if Kafka has, that is an error.
    pub(crate) fn first_offset(&self, partition: u16) -> Result<Offset> {
        self.check(partition)?;
        let topic = &self.cluster.commits;
        match self.cluster.watermarks(topic, partition)? {
            (0, _) => Ok(0),
            (low, high) => Err(Error::not_there(topic, partition, 0, low, high)),
        }
    }

    pub(crate) fn figures(&self, partition: u16) -> Result<Figures> {
        self.check(partition)?;
        let WriterState {
            queue,
            counts,
            commit_us,
            groups,
            ..
        } = &*self.shared;
        let counts = &counts[usize::from(partition)];
        let (queue_batches, queue_bytes) = queue.depth();
        Ok(Figures {
            entries: counts.entries.load(Ordering::Relaxed),
            bytes: counts.bytes.load(Ordering::Relaxed),
            groups: groups.load(Ordering::Relaxed),
            last_commit_us: commit_us.load(Ordering::Relaxed),
            queue_batches,
            queue_bytes,
        })
    }

    pub(crate) fn join(&self, group: &str, worker: &str) -> Result<KafkaMember> {
        KafkaMember::join(&self.cluster, group, worker)
    }

    pub(crate) fn give_up(&self) {
        self.cluster.waiting.give_up.set();
    }

    pub(crate) fn close(&self) -> Result<()> {
        self.shared.queue.refuse(Error::Closed);
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let ended = writer.map_or(Ok(()), |writer| {
            if !self.shared.ended.wait(self.cluster.options.request_timeout) {
                self.cluster.waiting.give_up.set();
            }
            // A writer that panicked has said so on standard error.
            writer.join().unwrap_or(Err(Error::Closed))
        });
        self.cluster.close();
        ended
    }

    fn check(&self, partition: u16) -> Result<()> {
        match partition < self.partitions {
            true => Ok(()),
            false => Err(Error::NoPartition {
                partition,
                partitions: self.partitions,
            }),
        }
    }
}

impl Drop for KafkaJournal {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "could not close the journal cleanly");
        }
    }
}
