//! A stream that is open for appending and reading.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use headcount_kinesis::Client;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;

use super::assembly::Mark;
use super::feed::{Feed, FeedNotifier};
use super::manifest;
use super::options::Options;
use super::parcel::Manifest;
use super::reader::Reader;
use super::writer::{self, Counts, Shared, Writer};
use crate::capabilities::Capabilities;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::place::Place;
use crate::queue::Queue;
use crate::receipt::Receipt;
use crate::waiting::Waiting;
use crate::{Figures, Offset};

/// A journal on Kinesis.
pub(crate) struct Journal {
    engine: Arc<Engine>,
    partitions: Vec<Arc<Shared>>,
    waiting: Arc<Waiting>,
    writers: Mutex<Vec<JoinHandle<Result<()>>>>,
}

/// What readers need of the journal, as long as one of them lives.
pub(super) struct Engine {
    client: Client,
    manifest: Manifest,
    /// Always there but while it is dropped.
    runtime: Option<Runtime>,
    closed_at: Mutex<Option<Instant>>,
    /// What is read ahead for readers, who are to be told when the journal is closed.
    feeds: Mutex<Vec<FeedNotifier>>,
    /// The farthest place of every partition that somebody has counted to.
    known: Mutex<Vec<Mark>>,
}

impl Journal {
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
        let engine = Arc::new(Engine {
            known: Mutex::new(vec![Mark::default(); usize::from(manifest.partitions)]),
            client,
            manifest,
            runtime: Some(runtime),
            closed_at: Mutex::default(),
            feeds: Mutex::default(),
        });
        Self::start(engine, &options)
    }

    fn start(engine: Arc<Engine>, options: &Options) -> Result<Self> {
        let mut journal = Self {
            engine,
            partitions: Vec::new(),
            waiting: Arc::default(),
            writers: Mutex::default(),
        };
        let name = headcount_clock::random_id();
        for partition in 0..journal.engine.manifest.partitions {
            let shared = Arc::new(Shared {
                queue: Queue::new(options.limits()),
                counts: Counts::default(),
                closing: watch::Sender::default(),
            });
            let writer = writer::start(Writer {
                client: journal.engine.client.clone(),
                runtime: journal.engine.handle(),
                manifest: journal.engine.manifest.clone(),
                partition,
                writer: name,
                seq: 0,
                patience: options.patience,
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
        self.engine.manifest.partitions
    }

    pub(crate) fn id(&self) -> u64 {
        self.engine.manifest.journal
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        Capabilities {
            knows_offsets: false,
            keeps_positions: false,
            fences_writers: false,
            shares_partitions: false,
            // No stream keeps anything for longer than a year.
            forgets: true,
        }
    }

    pub(crate) fn waiting(&self) -> watch::Receiver<Option<String>> {
        self.waiting.watch()
    }

    pub(crate) fn append(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        self.partition(partition)?.queue.push(partition, batch)
    }

    pub(crate) fn reader_at(&self, partition: u16, place: &Place) -> Result<Reader> {
        self.partition(partition)?;
        Reader::new(Arc::clone(&self.engine), partition, place)
    }

    /// Counts on from the farthest place known: the first time that is the beginning.
    pub(crate) fn durable_end(&self, partition: u16) -> Result<Offset> {
        self.partition(partition)?;
        let known = self.engine.known(partition, Offset::MAX);
        Reader::from_mark(Arc::clone(&self.engine), partition, known).run_to_end()
    }

    /// Offsets are counted from the first entry there ever was; which the stream still has shows when it is read.
    pub(crate) fn first_offset(&self, partition: u16) -> Result<Offset> {
        self.partition(partition).map(|_| 0)
    }

    pub(crate) fn figures(&self, partition: u16) -> Result<Figures> {
        let Shared { queue, counts, .. } = &**self.partition(partition)?;
        let (queue_batches, queue_bytes) = queue.depth();
        Ok(Figures {
            entries: counts.entries.load(Ordering::Relaxed),
            bytes: counts.bytes.load(Ordering::Relaxed),
            groups: counts.groups.load(Ordering::Relaxed),
            last_commit_us: counts.commit_us.load(Ordering::Relaxed),
            queue_batches,
            queue_bytes,
        })
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
        self.engine.close();
        first
    }

    fn partition(&self, partition: u16) -> Result<&Arc<Shared>> {
        self.partitions
            .get(usize::from(partition))
            .ok_or_else(|| Error::NoPartition {
                partition,
                partitions: self.partitions(),
            })
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "closing the journal");
        }
    }
}

impl Engine {
    fn handle(&self) -> Handle {
        let runtime = self.runtime.as_ref();
        runtime
            .expect("it is there until the drop")
            .handle()
            .clone()
    }

    pub(super) fn feed(&self, partition: u16, from: Mark) -> Feed {
        let (handle, client) = (self.handle(), &self.client);
        let feed = Feed::start(&handle, client, &self.manifest, partition, from);
        let mut feeds = lock(&self.feeds);
        feeds.retain(FeedNotifier::is_alive);
        feeds.push(feed.notifier());
        feed
    }

    /// Says that nothing more is put, also to readers that are waiting.
    fn close(&self) {
        lock(&self.closed_at).get_or_insert_with(Instant::now);
        for feed in &*lock(&self.feeds) {
            feed.notify();
        }
    }

    /// When the journal was closed.
    pub(super) fn closed_at(&self) -> Option<Instant> {
        *lock(&self.closed_at)
    }

    /// The place to count from to an offset.
    pub(super) fn known(&self, partition: u16, offset: Offset) -> Mark {
        let known = lock(&self.known);
        let mark = &known[usize::from(partition)];
        if mark.offset <= offset {
            mark.clone()
        } else {
            Mark::default()
        }
    }

    /// Somebody has counted so far.
    pub(super) fn learn(&self, partition: u16, mark: &Mark) {
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

impl Drop for Engine {
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
