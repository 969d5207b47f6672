//! Where a partition lives: its folder, its segments, and how both come to be.

use std::path::PathBuf;

use crate::error::{Damage, Error, Failure, Result};
use crate::segments::disk::Disk;
use crate::segments::recovery::{self, End};
use crate::segments::segment::{HEADER_BYTES, Header, Segment, base_of};

/// A partition of a journal, by its place and its name.
#[derive(Clone)]
pub(crate) struct PartitionDir {
    pub(crate) disk: Disk,
    pub(crate) dir: PathBuf,
    pub(crate) journal: u64,
    pub(crate) partition: u16,
}

impl PartitionDir {
    /// Creates the folder and the first segment of a partition.
    pub(crate) fn create(&self, now_ms: i64) -> Result<()> {
        self.disk
            .create_dir(&self.dir)
            .map_err(Error::io("create", &self.dir))?;
        let header = Header::first(self.journal, self.partition, now_ms);
        Segment::create(&self.disk, &self.dir, header, 0).map_err(Failure::into_io)?;
        Ok(())
    }

    /// All segments by offset, with their headers read and linked.
    pub(crate) fn segments(&self) -> Result<Vec<Segment>> {
        let names = self
            .disk
            .list(&self.dir)
            .map_err(Error::io("list", &self.dir))?;
        let segments = names
            .iter()
            .filter_map(|name| Some((name, base_of(name)?)))
            .map(|(name, base)| {
                Segment::open(
                    &self.disk,
                    self.dir.join(name),
                    base,
                    self.journal,
                    self.partition,
                )
            })
            .collect::<Result<Vec<_>>>()?;
        for pair in segments.windows(2) {
            check_link(&pair[0].header, &pair[1])?;
        }
        if segments.is_empty() {
            return Err(Error::not_a_journal(
                &self.dir,
                "the partition has no segment; restore it from a backup",
            ));
        }
        Ok(segments)
    }

    /// The end of the last of `segments`, which another process may be writing.
    pub(crate) fn find_end(&self, segments: &[Segment]) -> Result<End> {
        let last = last(segments);
        let file = self
            .disk
            .open_read(&last.path)
            .map_err(Error::io("open", &last.path))?;
        recovery::find_end(&last.path, &file, last.header.cursor())
    }

    /// Removes what a crash during the creation of a segment has left.
    pub(crate) fn sweep(&self) -> Result<()> {
        let names = self
            .disk
            .list(&self.dir)
            .map_err(Error::io("list", &self.dir))?;
        for name in names.iter().filter(|name| name.ends_with(".tmp")) {
            let path = self.dir.join(name);
            self.disk
                .remove(&path)
                .map_err(Error::io("remove", &path))?;
        }
        Ok(())
    }
}

/// What can be told from two headers alone; readers find the rest when they cross over.
fn check_link(before: &Header, after: &Segment) -> Result<()> {
    let header = &after.header;
    let linked = header.segment == before.segment + 1
        && header.base > before.base
        && header.prev_end > HEADER_BYTES as u64
        && header.prev_time >= before.prev_time;
    if linked {
        Ok(())
    } else {
        Err(Error::corrupt(&after.path, 0, Damage::Link))
    }
}

/// The segment that is written to.
pub(crate) fn last(segments: &[Segment]) -> &Segment {
    segments
        .last()
        .expect("a partition has at least one segment")
}
