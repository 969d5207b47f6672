//! What a journal has told since it was last written down, over an index of what it told before.

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use headcount_engine::{JournaledEntry, stream_time_of_all};
use headcount_journal::{Batch, Reader};
use headcount_record::Kind;

use super::{
    merge::{Merged, merge},
    reading::JournalReader,
};
use crate::{
    error::{Error, Result},
    rows::{IndexBatch, PartitionProgress, PartitionRows, Pending, TablesIndex},
    snapshot::AsOf,
};

/// Bytes of the journal that are read at once.
const READ_BYTES: usize = 4 << 20;

/// How what a journal tells is kept.
#[derive(Clone, Debug)]
pub struct KeeperOptions {
    /// The folder of the index, on a disk of this machine.
    pub index: PathBuf,
    /// The moment that record times are held against besides their arrival, ms since 1970: `judged-at.json` of the data
    /// folder.
    pub judged_at: Option<i64>,
    /// About how many bytes of rows may wait in memory. 128 MiB by default.
    pub pending_bytes: usize,
}

impl KeeperOptions {
    /// The defaults, with the index in a folder.
    #[must_use]
    pub fn new(index: PathBuf) -> Self {
        Self {
            index,
            judged_at: None,
            pending_bytes: 128 << 20,
        }
    }
}

/// A journal as it is read, and the index of what it told.
pub(super) struct Told {
    pending_bytes: usize,
    journal: u64,
    pub(super) index: TablesIndex,
    partitions: Vec<PartitionRows>,
    /// The number of the next batch.
    number: u32,
    /// The offsets that the index reaches.
    written: Vec<u64>,
}

impl Told {
    /// Opens an index where it was left.
    pub(super) fn open(options: &KeeperOptions, journal: &JournalReader) -> Result<Self> {
        let index = TablesIndex::open(&options.index)?;
        if let Some(known) = index.meta::<u64>("journal")?
            && known != journal.id()
        {
            return Err(Error::OtherJournal {
                known,
                found: journal.id(),
            });
        }
        let progress: Vec<PartitionProgress> = index.meta("progress")?.unwrap_or_default();
        let mut partitions = Vec::new();
        for partition in 0..journal.partitions() {
            let progress = progress
                .get(usize::from(partition))
                .cloned()
                .unwrap_or_default();
            partitions.push(PartitionRows::new(partition, options.judged_at, progress)?);
        }
        let written = partitions
            .iter()
            .map(|partition| partition.progress().next)
            .collect();
        let number = index.meta("number")?.unwrap_or(0);
        let pending_bytes = options.pending_bytes;
        Ok(Self {
            pending_bytes,
            journal: journal.id(),
            index,
            partitions,
            number,
            written,
        })
    }

    /// Deletes an index that nobody has open.
    pub(super) fn forget(folder: &Path) -> Result<()> {
        // Whoever can open it is alone.
        if let Err(
            error @ Error::Index {
                cause: fjall::Error::Locked,
                ..
            },
        ) = TablesIndex::open(folder)
        {
            return Err(error);
        }
        std::fs::remove_dir_all(folder)
            .map_err(|cause| Error::Other(format!("delete {}: {cause}", folder.display())))
    }

    /// Reads on until the journal's end, as it was last looked at, or until as much waits as may; `tell` gets the number
    /// of entries read, now and then. Returns whether the end has been reached.
    pub(super) fn read(
        &mut self,
        journal: &JournalReader,
        tell: &(dyn Fn(u64) + Sync),
    ) -> Result<bool> {
        let limit = self.pending_bytes / self.partitions.len().max(1);
        let index = &self.index;
        let parts: Vec<Result<bool>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..)
                .zip(&mut self.partitions)
                .map(|(number, rows)| {
                    scope.spawn(move || read_partition(number, rows, index, journal, limit, tell))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("readers do not panic"))
                .collect()
        });
        parts
            .into_iter()
            .try_fold(true, |all, part| Ok(all & part?))
    }

    /// Merges what waits with the index; with a batch, also notes it there.
    pub(super) fn merged(&mut self, write: Option<&mut IndexBatch>) -> Result<Merged> {
        let pendings: Vec<&Pending> = self
            .partitions
            .iter_mut()
            .map(|rows| &*rows.pending())
            .collect();
        merge(&pendings, &self.index, self.number, write)
    }

    /// Makes a batch durable that holds all that waited, which is forgotten then.
    pub(super) fn finish(&mut self, mut batch: IndexBatch) -> Result<()> {
        let progress: Vec<&PartitionProgress> = self
            .partitions
            .iter()
            .map(PartitionRows::progress)
            .collect();
        batch.put_meta(&self.index, "progress", &progress);
        batch.put_meta(&self.index, "number", &(self.number + 1));
        batch.put_meta(&self.index, "journal", &self.journal);
        self.index.commit(batch)?;
        self.index.is_filled();
        self.number += 1;
        self.written = self.offsets();
        for rows in &mut self.partitions {
            *rows.pending() = Pending::default();
        }
        Ok(())
    }

    pub(super) fn journal(&self) -> u64 {
        self.journal
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn written(&self) -> &[u64] {
        &self.written
    }

    /// Whether entries were read since the index was written.
    pub(super) fn is_behind(&self) -> bool {
        self.offsets() != self.written
    }

    /// One past the last entry read, by partition.
    pub(super) fn offsets(&self) -> Vec<u64> {
        self.partitions
            .iter()
            .map(|partition| partition.progress().next)
            .collect()
    }

    pub(super) fn as_of(&self) -> AsOf {
        let stream_time = stream_time_of_all(
            self.partitions
                .iter()
                .map(|rows| rows.progress().stream_time()),
        );
        AsOf {
            offsets: self.offsets(),
            stream_time,
        }
    }
}

fn read_partition(
    number: u16,
    rows: &mut PartitionRows,
    index: &TablesIndex,
    journal: &JournalReader,
    limit: usize,
    tell: &(dyn Fn(u64) + Sync),
) -> Result<bool> {
    let end = journal.end(number)?;
    if rows.progress().next == end {
        return Ok(true);
    }
    let mut reader: Reader = journal.reader(number, rows.progress().next)?;
    let mut batch = Batch::new();
    while rows.progress().next < end {
        if rows.pending_bytes() >= limit {
            return Ok(false);
        }
        reader.read(&mut batch, READ_BYTES, Duration::from_secs(1))?;
        let mut count = 0;
        for frame in batch.iter().take_while(|frame| frame.offset < end) {
            let entry = JournaledEntry {
                offset: frame.offset,
                arrived: frame.appended_at_ms,
                kind: Kind::new(frame.kind),
                source: frame.source,
                body: frame.body,
            };
            rows.apply(&entry, index)?;
            count += 1;
        }
        tell(count);
    }
    Ok(true)
}
