//! The journal on Kafka as a whole: opened, appended to, read, closed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::kafka::Options;
use crate::kafka::claim;
use crate::kafka::cluster::Cluster;
use crate::kafka::ends::Ends;
use crate::kafka::member::Member;
use crate::kafka::reader::Reader;
use crate::kafka::scan::Scanner;
use crate::kafka::wait::Switch;
use crate::kafka::writer::{self, Counts, Shared};
use crate::place::Place;
use crate::queue::{Pushed, Queue};
use crate::receipt::Receipt;
use crate::{Figures, Offset};

/// A journal on Kafka that is open for appending and reading.
pub(crate) struct Journal {
    cluster: Arc<Cluster>,
    scanner: Arc<Scanner>,
    ends: Ends,
    id: u64,
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<Result<()>>>>,
}

impl Journal {
    pub(crate) fn open(options: Options) -> Result<Self> {
        let cluster = Arc::new(Cluster::open(options)?);
        let scanner = Arc::new(Scanner::new(&cluster)?);
        let id = claim::identify(&cluster, &scanner)?;
        let shared = Arc::new(Shared {
            queue: Queue::new(cluster.options.limits()),
            counts: (0..cluster.partitions).map(|_| Counts::default()).collect(),
            commit_us: AtomicU64::new(0),
            groups: AtomicU64::new(0),
            ended: Switch::default(),
        });
        let writer = match cluster.options.writes {
            true => Some(writer::start(&cluster, &scanner, &shared)?),
            false => {
                shared.queue.refuse(Error::NotWriting);
                None
            }
        };
        Ok(Self {
            ends: Ends::new(cluster.partitions),
            cluster,
            scanner,
            id,
            shared,
            writer: Mutex::new(writer),
        })
    }

    pub(crate) fn partitions(&self) -> u16 {
        self.cluster.partitions
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn append(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        self.check(partition)?;
        self.shared.queue.push(partition, batch)
    }

    pub(crate) async fn append_async(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        self.check(partition)?;
        self.shared.queue.push_async(partition, batch).await
    }

    pub(crate) fn try_append(&self, partition: u16, batch: Vec<Entry>) -> Result<Pushed> {
        self.check(partition)?;
        self.shared.queue.try_push(partition, batch)
    }

    pub(crate) fn reader_at(&self, partition: u16, place: &Place) -> Result<Reader> {
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
        Reader::open(&self.cluster, partition, place)
    }

    pub(crate) fn positions(&self) -> Result<Vec<Vec<Vec<u8>>>> {
        let said = claim::read(&self.cluster, &self.scanner)?;
        Ok(said
            .positions
            .into_iter()
            .map(|partition| partition.into_values().collect())
            .collect())
    }

    pub(crate) fn durable_end(&self, partition: u16) -> Result<Offset> {
        self.check(partition)?;
        self.ends.of(&self.cluster, &self.scanner, partition)
    }

    /// Nothing is ever taken away from the beginning; if Kafka has, that is an error.
    pub(crate) fn first_offset(&self, partition: u16) -> Result<Offset> {
        self.check(partition)?;
        let topic = &self.cluster.topics.commits;
        match self.cluster.watermarks(topic, partition)? {
            (0, _) => Ok(0),
            (low, high) => Err(Error::not_there(topic, partition, 0, low, high)),
        }
    }

    pub(crate) fn figures(&self, partition: u16) -> Result<Figures> {
        self.check(partition)?;
        let Shared {
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

    pub(crate) fn join(&self, group: &str, worker: &str) -> Result<Member> {
        Member::join(&self.cluster, group, worker)
    }

    pub(crate) fn give_up(&self) {
        self.cluster.give_up.throw();
    }

    pub(crate) fn close(&self) -> Result<()> {
        self.shared.queue.refuse(Error::Closed);
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let ended = writer.map_or(Ok(()), |writer| {
            if !self.shared.ended.wait(self.cluster.options.patience) {
                self.cluster.give_up.throw();
            }
            // A writer that panicked has said so on standard error.
            writer.join().unwrap_or(Err(Error::Closed))
        });
        self.cluster.closed.throw();
        ended
    }

    fn check(&self, partition: u16) -> Result<()> {
        match partition < self.cluster.partitions {
            true => Ok(()),
            false => Err(Error::NoPartition {
                partition,
                partitions: self.cluster.partitions,
            }),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "closing the journal");
        }
    }
}
