//! A folder with the segments of all partitions: opened, appended to, read, closed.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::capabilities::Capabilities;
use crate::counters::PartitionCounters;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::kinds::kinds_of;
use crate::queue::Queue;
use crate::receipt::Receipt;
use crate::segments::disk::Disk;
use crate::segments::folder_identity::FolderIdentity;
use crate::segments::kinds_file;
use crate::segments::lock::Lock;
use crate::segments::log::{Log, Loss};
use crate::segments::manifest::{Manifest, partition_dir};
use crate::segments::options::Options;
use crate::segments::reader::SegmentReader;
use crate::segments::segment::ClosedSegment;
use crate::segments::tail::Tail;
use crate::segments::writer::{self, SegmentPartition};
use crate::waiting::Waiting;
use crate::{Figures, Offset};
use headcount_clock::now_ms;

/// A journal on disk that is open for appending and reading.
pub(crate) struct SegmentJournal {
    dir: PathBuf,
    id: u64,
    disk: Disk,
    partitions: Vec<Arc<SegmentPartition>>,
    waiting: Arc<Waiting>,
    torn: Vec<TornTail>,
    /// Absent on a simulated disk.
    folders: Option<FolderIdentity>,
    running: Mutex<OpenWriters>,
}

/// What ends with the journal.
struct OpenWriters {
    writers: Vec<JoinHandle<Result<()>>>,
    _lock: Option<Lock>,
}

/// What an interrupted write had left behind the last complete group. It is gone. The partition's mark shows that nothing
/// before `end` is missing; a process that was killed has acknowledged no more, for the mark is written first.
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
    /// One past the last entry that is there.
    pub end: Offset,
}

impl SegmentJournal {
    /// Opens the journal in `dir`, or creates one there. First start and recovery are the same: what an interrupted
    /// write has left is cut off, and [`SegmentJournal::torn_tails`] tells of it. Damage before the end is an error.
    pub(crate) fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self> {
        options.check()?;
        let dir = dir.as_ref();
        create_dirs(dir)?;
        let lock = Lock::take(dir)?;
        let mut journal = Self::open_on(&Disk::Real, dir, &options, Some(lock))?;
        let partitions = (0..journal.partitions()).map(|at| partition_dir(dir, at));
        journal.folders = Some(FolderIdentity::of(
            std::iter::once(dir.to_owned()).chain(partitions),
        )?);
        Ok(journal)
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
            waiting: Arc::default(),
            torn: Vec::new(),
            folders: None,
            running: Mutex::new(OpenWriters {
                writers: Vec::new(),
                _lock: lock,
            }),
        };
        // All are opened before any is written to.
        let logs = manifest
            .folders(disk, dir)
            .map(|folder| {
                let partition = folder.partition;
                Ok((
                    partition,
                    Log::open(folder, options.segment_bytes, Loss::Refused)?,
                ))
            })
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
        let shared = Arc::new(SegmentPartition {
            queue: Queue::new(options.limits()),
            tail: Arc::new(Tail::new(log.segments().to_vec(), log.end())),
            counts: PartitionCounters::default(),
            folder: log.folder().clone(),
            mark: log.mark_file(),
        });
        let waiting = Arc::clone(&self.waiting);
        let writer = writer::start(log, partition, Arc::clone(&shared), waiting, options)
            .map_err(Error::io("start the writer of", &self.dir))?;
        self.partitions.push(shared);
        self.running_mut().writers.push(writer);
        Ok(())
    }

    /// How many partitions there are; they are counted from 0.
    pub(crate) fn partitions(&self) -> u16 {
        u16::try_from(self.partitions.len()).expect("a journal has at most 1,000 partitions")
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        Capabilities {
            is_local: true,
            knows_offsets: true,
            keeps_positions: false,
            // The lock on the folder keeps the second process out, rather than the first.
            fences_writers: false,
            shares_partitions: false,
            forgets: false,
        }
    }

    /// The kinds of a schema, which it keeps for ever.
    pub(crate) fn register_kinds(
        &self,
        schema: &str,
        count: u8,
        within: &RangeInclusive<u8>,
    ) -> Result<u8> {
        // The folder's lock keeps other processes out, and this one other threads.
        let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = kinds_file::read(&self.disk, &self.dir, self.id)?;
        let range = kinds_of(&known, schema, count, within)?;
        let first = range.first;
        if !known.contains(&range) {
            known.push(range);
            kinds_file::write(&self.disk, &self.dir, self.id, known)?;
        }
        Ok(first)
    }

    /// What appends are waiting for.
    pub(crate) fn waiting(&self) -> watch::Receiver<Option<String>> {
        self.waiting.watch()
    }

    /// Waits no longer for room.
    pub(crate) fn give_up(&self) {
        self.waiting.give_up();
    }

    /// Holds appends back, or lets them go on.
    pub(crate) fn hold(&self, reason: Option<String>) {
        self.waiting.hold(reason);
    }

    /// Takes nothing more if a folder is not the one that was opened.
    pub(crate) fn check_folders(&self) -> Result<()> {
        let Some(folders) = &self.folders else {
            return Ok(());
        };
        folders.check().inspect_err(|error| {
            for shared in &self.partitions {
                shared.queue.fail(error);
                shared.tail.close(error.clone());
            }
            // A writer that waits for room would wait for nothing.
            self.give_up();
        })
    }

    /// A random number that this journal got when it was created: positions in it mean nothing in another one.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// What opening has cut off.
    pub(crate) fn torn_tails(&self) -> &[TornTail] {
        &self.torn
    }

    /// Queues a batch. It becomes durable as a whole or not at all, its entries one behind the other.
    ///
    /// Blocks while the queue is full, so not on a thread of an async runtime. Batches of one thread keep their order.
    pub(crate) fn append(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        self.partition(partition)?.queue.push(partition, batch)
    }

    /// A reader of what is durable in a partition, now and later, from an offset on.
    pub(crate) fn reader(&self, partition: u16, from: Offset) -> Result<SegmentReader> {
        let tail = Arc::clone(&self.partition(partition)?.tail);
        SegmentReader::new(self.disk.clone(), partition, tail, from)
    }

    /// One past the last durable entry of a partition.
    pub(crate) fn durable_end(&self, partition: u16) -> Result<Offset> {
        Ok(self.partition(partition)?.tail.end().next)
    }

    /// The first entry that a partition still has.
    pub(crate) fn first_offset(&self, partition: u16) -> Result<Offset> {
        Ok(self.partition(partition)?.tail.first_offset())
    }

    /// The segments of a partition that are complete, the oldest first, and the bytes of the one that is written to.
    pub(crate) fn closed_segments(&self, partition: u16) -> Result<(Vec<ClosedSegment>, u64)> {
        let tail = &self.partition(partition)?.tail;
        Ok((tail.closed(), tail.end().pos))
    }

    /// Deletes the segments of a partition that end at `offset` or before.
    pub(crate) fn delete_before(&self, partition: u16, offset: Offset) -> Result<()> {
        self.partition(partition)?.delete_before(offset)
    }

    /// What a partition has done and what is waiting.
    pub(crate) fn figures(&self, partition: u16) -> Result<Figures> {
        let SegmentPartition { queue, counts, .. } = &**self.partition(partition)?;
        Ok(counts.figures(queue))
    }

    /// Takes nothing more, writes what is queued as far as there is room, ends the segments in order and gives the folder
    /// back. The first failure is returned. Readers read on to the end; a second call does nothing.
    pub(crate) fn close(&self) -> Result<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left who could be told of room that comes later.
        self.give_up();
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

    fn partition(&self, partition: u16) -> Result<&Arc<SegmentPartition>> {
        self.partitions
            .get(usize::from(partition))
            .ok_or_else(|| Error::NoPartition {
                partition,
                partitions: self.partitions(),
            })
    }

    fn running_mut(&mut self) -> &mut OpenWriters {
        self.running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SegmentJournal {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "could not close the journal cleanly");
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
            end: log.end().next,
        })
    }
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            segment,
            byte,
            bytes,
            end,
            ..
        } = self;
        let segment = segment.display();
        write!(
            f,
            "segment {segment}: {bytes} bytes of an interrupted write were cut off at byte {byte}; everything that was noted as \
             durable is there, up to offset {end}"
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
