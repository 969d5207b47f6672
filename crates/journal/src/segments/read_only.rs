//! A journal as it stands, without the lock: for tools that look while another process writes.

use std::path::Path;
use std::sync::Arc;

use crate::Offset;
use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::segments::disk::Disk;
use crate::segments::manifest::Manifest;
use crate::segments::mark::Mark;
use crate::segments::partition_dir::PartitionDir;
use crate::segments::reader::SegmentReader;
use crate::segments::tail::Tail;

/// The complete groups that were in a journal when it was opened. It never changes and changes nothing: a reader
/// comes to an end with [`Error::Closed`]. Open it again to see more.
///
/// The last group may be one whose sync has not returned yet, so what is read here may still vanish in a power cut.
pub struct ReadOnly {
    id: u64,
    disk: Disk,
    tails: Vec<Arc<Tail>>,
}

impl ReadOnly {
    /// Looks at the journal in `dir`.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        let (disk, dir) = (Disk::Real, dir.as_ref());
        let manifest = read_manifest(&disk, dir)?;
        Ok(Self {
            id: manifest.id,
            tails: manifest
                .folders(&disk, dir)
                .map(still)
                .collect::<Result<_>>()?,
            disk,
        })
    }

    /// How many partitions there are; they are counted from 0.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        u16::try_from(self.tails.len()).expect("a journal has at most 1,000 partitions")
    }

    /// As [`Journal::id`](crate::Journal::id).
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// A reader of a partition, from an offset on.
    pub fn reader(&self, partition: u16, from: Offset) -> Result<Reader> {
        let tail = Arc::clone(self.tail(partition)?);
        SegmentReader::new(self.disk.clone(), partition, tail, from).map(Reader::from)
    }

    /// One past the last entry of a partition.
    pub fn durable_end(&self, partition: u16) -> Result<Offset> {
        Ok(self.tail(partition)?.end().next)
    }

    /// The first entry that a partition still has.
    pub fn first_offset(&self, partition: u16) -> Result<Offset> {
        Ok(self.tail(partition)?.first_offset())
    }

    fn tail(&self, partition: u16) -> Result<&Arc<Tail>> {
        self.tails
            .get(usize::from(partition))
            .ok_or_else(|| Error::NoPartition {
                partition,
                partitions: self.partitions(),
            })
    }
}

/// What the journal in `dir` is; without one, an error.
pub(crate) fn read_manifest(disk: &Disk, dir: &Path) -> Result<Manifest> {
    Manifest::read(disk, dir)?
        .ok_or_else(|| Error::not_a_journal(dir, "there is no journal.json in it"))
}

fn still(folder: PartitionDir) -> Result<Arc<Tail>> {
    // First, so that what it says was durable before the end is looked for.
    let mark = Mark::read(&folder)?;
    let segments = folder.segments()?;
    let end = folder.find_end(&segments)?;
    folder.check_end(mark, end.cursor.next)?;
    let tail = Tail::new(segments, end.cursor);
    tail.close(Error::Closed);
    Ok(Arc::new(tail))
}
