//! The journal as a whole: opened, appended to, read, closed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::frame::{BODY_BYTES_MAX, Entry, KIND_SYNC};
use crate::lock::Lock;
use crate::log::{Log, batch_bytes};
use crate::manifest::Manifest;
use crate::options::Options;
use crate::queue::{Pushed, Queue};
use crate::reader::Reader;
use crate::receipt::Receipt;
use crate::tail::Tail;
use crate::writer::{self, Counts, Shared, now_ms};
use crate::{BATCH_BYTES_MAX, Offset};

/// A journal that is open for appending and reading. It is shared between threads by reference or in an `Arc`.
///
/// Dropping it closes it, as [`Journal::close`] does.
pub struct Journal {
    dir: PathBuf,
    id: u64,
    disk: Disk,
    partitions: Vec<Arc<Shared>>,
    torn: Vec<TornTail>,
    running: Mutex<Running>,
}

/// What ends with the journal.
struct Running {
    writers: Vec<JoinHandle<Result<()>>>,
    _lock: Option<Lock>,
}

/// What an interrupted write had left behind the last complete group. It was never acknowledged, and is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The partition.
    pub partition: u16,
    /// The segment's file.
    pub segment: PathBuf,
    /// Where the segment ends now.
    pub byte: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
}

/// What a partition has done since the journal was opened, and what is waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Entries that became durable.
    pub entries: u64,
    /// Bytes written to segments.
    pub bytes: u64,
    /// Groups: each was one sync.
    pub groups: u64,
    /// How long the last group took to write and sync, in microseconds.
    pub last_commit_us: u64,
    /// Batches that are queued.
    pub queue_batches: usize,
    /// Bytes that are queued.
    pub queue_bytes: usize,
}

impl Journal {
    /// Opens the journal in `dir`, or creates one there. First start and recovery are the same: what an interrupted
    /// write has left is cut off, and [`Journal::torn_tails`] tells of it. Damage before the end is an error.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self> {
        options.check()?;
        let dir = dir.as_ref();
        create_dirs(dir)?;
        let lock = Lock::take(dir)?;
        Self::open_on(&Disk::Real, dir, &options, Some(lock))
    }

    fn open_on(disk: &Disk, dir: &Path, options: &Options, lock: Option<Lock>) -> Result<Self> {
        let manifest = match Manifest::read(disk, dir)? {
            Some(manifest) => manifest,
            None => Manifest::create(disk, dir, options.partitions.unwrap_or(1), now_ms())?,
        };
        if let Some(asked) = options.partitions
            && asked != manifest.partitions
        {
            return Err(Error::Partitions {
                path: dir.to_owned(),
                found: manifest.partitions,
                asked,
            });
        }
        let mut journal = Self {
            dir: dir.to_owned(),
            id: manifest.id,
            disk: disk.clone(),
            partitions: Vec::new(),
            torn: Vec::new(),
            running: Mutex::new(Running {
                writers: Vec::new(),
                _lock: lock,
            }),
        };
        // All are opened before any is written to.
        let logs = manifest
            .homes(disk, dir)
            .map(|home| Ok((home.partition, Log::open(home, options.segment_bytes)?)))
            .collect::<Result<Vec<_>>>()?;
        for (partition, (log, end)) in logs {
            journal
                .torn
                .extend(TornTail::of(partition, &log, end.torn_bytes));
            journal.start(partition, log, options)?;
        }
        Ok(journal)
    }

    fn start(&mut self, partition: u16, log: Log, options: &Options) -> Result<()> {
        let shared = Arc::new(Shared {
            queue: Queue::new(options),
            tail: Arc::new(Tail::new(log.segments().to_vec(), log.end())),
            counts: Counts::default(),
        });
        let writer = writer::start(log, partition, Arc::clone(&shared), options)
            .map_err(Error::io("start the writer of", &self.dir))?;
        self.partitions.push(shared);
        self.running_mut().writers.push(writer);
        Ok(())
    }

    /// How many partitions there are; they are counted from 0.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        u16::try_from(self.partitions.len()).expect("a journal has at most 1,000 partitions")
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A random number that this journal got when it was created: positions in it mean nothing in another one.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What opening has cut off.
    #[must_use]
    pub fn torn_tails(&self) -> &[TornTail] {
        &self.torn
    }

    /// Queues a batch. It becomes durable as a whole or not at all, its entries one behind the other.
    ///
    /// Blocks while the queue is full, so not on a thread of an async runtime. Batches of one thread keep their order.
    pub fn append(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        self.door(partition, &batch)?.queue.push(batch)
    }

    /// As [`Journal::append`], but awaits room in the queue. If the future is dropped before, nothing is queued.
    pub async fn append_async(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        self.door(partition, &batch)?.queue.push_async(batch).await
    }

    /// As [`Journal::append`], but gives the batch back if there is no room in the queue.
    pub fn try_append(&self, partition: u16, batch: Vec<Entry>) -> Result<Pushed> {
        self.door(partition, &batch)?.queue.try_push(batch)
    }

    /// A reader of what is durable in a partition, now and later, from an offset on.
    pub fn reader(&self, partition: u16, from: Offset) -> Result<Reader> {
        let tail = Arc::clone(&self.partition(partition)?.tail);
        Reader::new(self.disk.clone(), partition, tail, from)
    }

    /// One past the last durable entry of a partition.
    pub fn durable_end(&self, partition: u16) -> Result<Offset> {
        Ok(self.partition(partition)?.tail.end().next)
    }

    /// The first entry that a partition still has.
    pub fn first_offset(&self, partition: u16) -> Result<Offset> {
        Ok(self.partition(partition)?.tail.first_offset())
    }

    /// What a partition has done and what is waiting.
    pub fn figures(&self, partition: u16) -> Result<Figures> {
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

    /// Takes nothing more, writes what is queued, ends the segments in order and gives the folder back. The first
    /// failure is returned. Readers read on to the end; a second call does nothing.
    pub fn close(&self) -> Result<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for shared in &self.partitions {
            shared.queue.refuse(Error::Closed);
        }
        let mut first = Ok(());
        for writer in running.writers.drain(..) {
            // A writer that panicked has said so on standard error.
            first = first.and(writer.join().unwrap_or(Err(Error::Closed)));
        }
        running._lock = None;
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

    /// The partition, if this batch may enter it.
    fn door(&self, partition: u16, batch: &[Entry]) -> Result<&Arc<Shared>> {
        let too_long = |what, bytes, max| Err(Error::TooLong { what, bytes, max });
        for Entry { kind, body, .. } in batch {
            if *kind == KIND_SYNC {
                return Err(Error::ReservedKind);
            }
            if body.len() > BODY_BYTES_MAX {
                return too_long("body", body.len(), BODY_BYTES_MAX);
            }
        }
        match batch_bytes(batch) {
            bytes if bytes > BATCH_BYTES_MAX => too_long("batch", bytes, BATCH_BYTES_MAX),
            _ => self.partition(partition),
        }
    }

    fn running_mut(&mut self) -> &mut Running {
        self.running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "closing the journal");
        }
    }
}

impl TornTail {
    fn of(partition: u16, log: &Log, bytes: u64) -> Option<Self> {
        (bytes > 0).then(|| Self {
            partition,
            segment: log.path(),
            byte: log.end().pos,
            bytes,
        })
    }
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            segment,
            byte,
            bytes,
            ..
        } = self;
        let segment = segment.display();
        write!(
            f,
            "segment {segment}: {bytes} bytes of an interrupted write were cut off at byte {byte}; none of it had been acknowledged"
        )
    }
}

/// Creates a folder and those above it, each name durable.
fn create_dirs(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    };
    create_dirs(parent)?;
    Disk::Real
        .create_dir(dir)
        .map_err(Error::io("create", dir))?;
    Disk::Real
        .sync_dir(parent)
        .map_err(Error::io("sync", parent))
}
