//! Where a partition lives: its folder, its segments, and how both come to be.

use std::io;
use std::path::{Path, PathBuf};

use crate::Offset;
use crate::error::{Damage, Error, Failure, Result};
use crate::segments::disk::Disk;
use crate::segments::mark::{self, Mark};
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
    /// Creates the folder, the mark and the first segment of a partition that begins at `first`.
    pub(crate) fn create(&self, first: Offset, now_ms: i64) -> Result<()> {
        self.disk
            .create_dir(&self.dir)
            .map_err(Error::io("create", &self.dir))?;
        mark::create(self, Mark { first, end: first })?;
        let header = Header::first(self.journal, self.partition, first, now_ms);
        Segment::create(&self.disk, &self.dir, header, 0).map_err(Failure::into_io)?;
        Ok(())
    }

    /// All segments by offset, with their headers read and linked. They begin where they must.
    pub(crate) fn segments(&self) -> Result<Vec<Segment>> {
        let mut mark = Mark::read(self)?.unwrap_or_default();
        loop {
            let found = self.segments_from(mark);
            let now = Mark::read(self)?.unwrap_or_default();
            // Retention may have removed segments while this looked.
            if found.is_ok() || now.first == mark.first {
                return found;
            }
            mark = now;
        }
    }

    fn segments_from(&self, mark: Mark) -> Result<Vec<Segment>> {
        let segments = self
            .names(mark.first)?
            .into_iter()
            .map(|(name, base)| {
                let path = self.dir.join(name);
                Segment::open(&self.disk, path, base, self.journal, self.partition)
            })
            .collect::<Result<Vec<_>>>()?;
        for pair in segments.windows(2) {
            check_link(&pair[0].header, &pair[1])?;
        }
        let first = segments.first().ok_or_else(|| self.empty(mark))?;
        self.check_start(mark, first.header.base)?;
        Ok(segments)
    }

    /// Names and base offsets of the segments by offset, without those that lie before `first`, which retention was removing
    /// when the machine stopped. A folder that is not there has none.
    pub(crate) fn names(&self, first: Offset) -> Result<Vec<(String, Offset)>> {
        let names = match self.disk.list(&self.dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            names => names.map_err(Error::io("list", &self.dir))?,
        };
        let mut segments: Vec<_> = names
            .into_iter()
            .filter_map(|name| base_of(&name).map(|base| (name, base)))
            .collect();
        segments.sort_by_key(|(_, base)| *base);
        let after = segments.partition_point(|(_, base)| *base <= first);
        segments.drain(..after.saturating_sub(1));
        Ok(segments)
    }

    /// Removes the segments before the mark, which retention was removing when the process ended.
    pub(crate) fn remove_deleted(&self, mark: Option<Mark>) -> Result<()> {
        let Some(mark) = mark.filter(|mark| mark.first > 0) else {
            return Ok(());
        };
        let kept = self.names(mark.first)?;
        let begins = kept.first().map(|(_, base)| *base);
        let all = self.names(0)?;
        for (name, _) in all.iter().take_while(|(_, base)| Some(*base) != begins) {
            let path = self.dir.join(name);
            self.disk
                .remove(&path)
                .map_err(Error::io("remove", &path))?;
        }
        Ok(())
    }

    /// Whether a partition that begins at `found` has what it must have.
    pub(crate) fn check_start(&self, mark: Mark, found: Offset) -> Result<()> {
        if found <= mark.first {
            return Ok(());
        }
        let mark_name = mark::path_of(&self.dir);
        let mark_name = mark_name.display();
        let reason = format!(
            "it begins at offset {found} instead of {}, and {mark_name} knows of no retention",
            mark.first
        );
        Err(self.lost(mark.first, found, reason))
    }

    /// Whether a partition that ends at `found` has all that was durable when `mark` was read, which was before.
    pub(crate) fn check_end(&self, mark: Option<Mark>, found: Offset) -> Result<()> {
        let Some(mark) = mark.filter(|mark| mark.end > found) else {
            return Ok(());
        };
        let mark_name = mark::path_of(&self.dir);
        let reason = format!(
            "it ends at offset {found}, but {} says that everything before offset {} was durable",
            mark_name.display(),
            mark.end
        );
        Err(self.lost(found, mark.end, reason))
    }

    /// What is wrong with a partition without a segment.
    pub(crate) fn empty(&self, mark: Mark) -> Error {
        if mark.end > mark.first {
            let reason = "none of its segments is there".to_owned();
            return self.lost(mark.first, mark.end, reason);
        }
        Error::not_a_journal(
            &self.dir,
            "the partition has no segment; run `headcount rebuild`, or restore it from a backup",
        )
    }

    fn lost(&self, from: Offset, to: Offset, reason: String) -> Error {
        Error::Lost {
            journal: self.dir.parent().unwrap_or(Path::new("/")).to_owned(),
            partition: self.partition,
            from,
            last: to.saturating_sub(1),
            reason,
        }
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
        let names = match self.disk.list(&self.dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            names => names.map_err(Error::io("list", &self.dir))?,
        };
        for name in names.iter().filter(|name| name.ends_with(".tmp")) {
            let path = self.dir.join(name);
            self.disk
                .remove(&path)
                .map_err(Error::io("remove", &path))?;
        }
        Ok(())
    }
}

/// What can be told from two headers alone; readers find the rest when they cross over. Times may go backwards, as clocks do.
fn check_link(before: &Header, after: &Segment) -> Result<()> {
    let header = &after.header;
    let linked = header.segment == before.segment + 1
        && header.base > before.base
        && header.prev_end > HEADER_BYTES as u64;
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
