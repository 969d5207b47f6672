//! A stream that is open for appending and reading.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use headcount_kinesis::Client;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;

use super::assembly::ResumePoint;
use super::manifest;
use super::options::Options;
use super::prefetch::{Prefetch, PrefetchNotifier};
use super::reader::KinesisReader;
use super::record::StreamManifest;
use super::writer::{self, KinesisPartition, KinesisWriter};
use crate::capabilities::Capabilities;
use crate::counters::PartitionCounters;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::place::Place;
use crate::queue::Queue;
use crate::receipt::Receipt;
use crate::waiting::Waiting;
use crate::{Figures, Offset};

/// A journal on Kinesis.
pub(crate) struct KinesisJournal {
    context: Arc<KinesisContext>,
    partitions: Vec<Arc<KinesisPartition>>,
    waiting: Arc<Waiting>,
    writers: Mutex<Vec<JoinHandle<Result<()>>>>,
    /// Held while kinds are given to a schema.
    registering: Mutex<()>,
}

/// What readers need of the journal, as long as one of them lives.
pub(super) struct KinesisContext {
    client: Client,
    manifest: StreamManifest,
    /// Always there but while it is dropped.
    runtime: Option<Runtime>,
    closed_at: Mutex<Option<Instant>>,
    /// What is read ahead for readers, who are to be told when the journal is closed.
    prefetches: Mutex<Vec<PrefetchNotifier>>,
    /// The farthest place that a reader has counted to, by partition.
    known: Mutex<Vec<ResumePoint>>,
}

impl KinesisJournal {
    /// Opens the journal on a stream, or creates both.
    pub(crate) fn open(options: Options) -> Result<Self> {
        options.check()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("journal-stream")
            .enable_all()
            .build()
            .map_err(|error| Error::Stream(format!("start threads for the stream: {error}")))?;
        let opening = async {
            // A reader says at every look whether it has everything: that is how its reader knows where the end is.
            let quick = headcount_kinesis::Options {
                tip_interval: Duration::ZERO,
                ..options.client.clone()
            };
            let client = Client::connect(&options.address, quick).await?;
            let manifest = manifest::open(&client, &options).await?;
            Ok::<_, Error>((client, manifest))
        };
        // On a thread of its own, for the caller's may belong to another runtime.
        let opened = std::thread::scope(|scope| {
            let opened = scope.spawn(|| runtime.block_on(opening)).join();
            opened.unwrap_or(Err(Error::Closed))
        });
        let (client, manifest) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let context = Arc::new(KinesisContext {
            known: Mutex::new(vec![
                ResumePoint::default();
                usize::from(manifest.partitions)
            ]),
            client,
            manifest,
            runtime: Some(runtime),
            closed_at: Mutex::default(),
            prefetches: Mutex::default(),
        });
        Self::start(context, &options)
    }

    fn start(context: Arc<KinesisContext>, options: &Options) -> Result<Self> {
        let mut journal = Self {
            context,
            partitions: Vec::new(),
            waiting: Arc::default(),
            writers: Mutex::default(),
            registering: Mutex::default(),
        };
        // Readers know by it which batches are whose: another opening must not go on with this one's numbers.
        let name = headcount_clock::random_id();
        for partition in 0..journal.context.manifest.partitions {
            let shared = Arc::new(KinesisPartition {
                queue: Queue::new(options.limits()),
                counts: PartitionCounters::default(),
                closing: watch::Sender::default(),
            });
            let writer = writer::start(KinesisWriter {
                client: journal.context.client.clone(),
                runtime: journal.context.handle(),
                manifest: journal.context.manifest.clone(),
                partition,
                writer: name,
                seq: 0,
                delivery_timeout: options.delivery_timeout,
                shared: Arc::clone(&shared),
                waiting: Arc::clone(&journal.waiting),
            })
            .map_err(|error| Error::Stream(format!("start a writer of the stream: {error}")))?;
            journal.partitions.push(shared);
            lock(&journal.writers).push(writer);
        }
        Ok(journal)
    }

    pub(crate) fn partitions(&self) -> u16 {
        self.context.manifest.partitions
    }

    pub(crate) fn id(&self) -> u64 {
        self.context.manifest.journal
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        Capabilities {
            is_local: false,
            knows_offsets: false,
            keeps_positions: false,
            fences_writers: false,
            shares_partitions: false,
            // No stream keeps anything for longer than a year.
            forgets: true,
        }
    }

    pub(crate) fn register_kinds(
        &self,
        schema: &str,
        count: u8,
        within: &RangeInclusive<u8>,
    ) -> Result<u8> {
        let _registering = lock(&self.registering);
        let client = &self.context.client;
        let registering = manifest::register_kinds(client, schema, count, within);
        let handle = self.context.handle();
        // On a thread of its own, for the caller's may belong to another runtime.
        std::thread::scope(|scope| {
            let registered = scope.spawn(|| handle.block_on(registering)).join();
            registered.unwrap_or(Err(Error::Closed))
        })
    }

    pub(crate) fn waiting(&self) -> watch::Receiver<Option<String>> {
        self.waiting.watch()
    }

    pub(crate) fn append(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        self.partition(partition)?.queue.push(partition, batch)
    }

    pub(crate) fn reader_at(&self, partition: u16, place: &Place) -> Result<KinesisReader> {
        self.partition(partition)?;
        KinesisReader::new(Arc::clone(&self.context), partition, place)
    }

    /// Counts on from the farthest place known: the first time that is the beginning.
    pub(crate) fn durable_end(&self, partition: u16) -> Result<Offset> {
        self.partition(partition)?;
        let known = self.context.known(partition, Offset::MAX);
        KinesisReader::from_mark(Arc::clone(&self.context), partition, known).run_to_end()
    }

    /// Offsets are counted from the first entry there ever was; which the stream still has shows when it is read.
    pub(crate) fn first_offset(&self, partition: u16) -> Result<Offset> {
        self.partition(partition).map(|_| 0)
    }

    pub(crate) fn figures(&self, partition: u16) -> Result<Figures> {
        let KinesisPartition { queue, counts, .. } = &**self.partition(partition)?;
        Ok(counts.figures(queue))
    }

    /// A batch that is on its way has a limit from here on.
    pub(crate) fn give_up(&self) {
        for shared in &self.partitions {
            shared.queue.refuse(Error::Closed);
            shared.closing.send_replace(true);
        }
    }

    pub(crate) fn close(&self) -> Result<()> {
        self.give_up();
        let mut first = Ok(());
        for writer in lock(&self.writers).drain(..) {
            // A writer that panicked has said so on standard error.
            first = first.and(writer.join().unwrap_or(Err(Error::Closed)));
        }
        self.context.close();
        first
    }

    fn partition(&self, partition: u16) -> Result<&Arc<KinesisPartition>> {
        self.partitions
            .get(usize::from(partition))
            .ok_or_else(|| Error::NoPartition {
                partition,
                partitions: self.partitions(),
            })
    }
}

impl Drop for KinesisJournal {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "could not close the journal cleanly");
        }
    }
}

impl KinesisContext {
    fn handle(&self) -> Handle {
        let runtime = self.runtime.as_ref();
        runtime
            .expect("it is there until the drop")
            .handle()
            .clone()
    }

    pub(super) fn prefetch(&self, partition: u16, from: ResumePoint) -> Prefetch {
        let (handle, client) = (self.handle(), &self.client);
        let prefetch = Prefetch::start(&handle, client, &self.manifest, partition, from);
        let mut prefetches = lock(&self.prefetches);
        prefetches.retain(PrefetchNotifier::is_alive);
        prefetches.push(prefetch.notifier());
        prefetch
    }

    /// Says that nothing more is put, also to readers that are waiting.
    fn close(&self) {
        lock(&self.closed_at).get_or_insert_with(Instant::now);
        for prefetch in &*lock(&self.prefetches) {
            prefetch.notify();
        }
    }

    /// When the journal was closed.
    pub(super) fn closed_at(&self) -> Option<Instant> {
        *lock(&self.closed_at)
    }

    /// The place to count from to an offset.
    pub(super) fn known(&self, partition: u16, offset: Offset) -> ResumePoint {
        let known = lock(&self.known);
        let mark = &known[usize::from(partition)];
        if mark.offset <= offset {
            mark.clone()
        } else {
            ResumePoint::default()
        }
    }

    /// Somebody has counted so far.
    pub(super) fn learn(&self, partition: u16, mark: &ResumePoint) {
        let known = &mut lock(&self.known)[usize::from(partition)];
        if mark.offset > known.offset {
            known.clone_from(mark);
        }
    }

    /// The stream did not say in time where it ends.
    pub(super) fn silent(&self, limit: Duration) -> Error {
        Error::Stream(format!(
            "stream {}: its end was not reached within {} seconds (is it reachable, and are its reads throttled?)",
            self.client.stream(),
            limit.as_secs()
        ))
    }
}

impl Drop for KinesisContext {
    fn drop(&mut self) {
        // The last one may be dropped where nothing may block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Nothing that is done under these locks can panic half way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
