//! What is in a journal, and whether all of it is sound. Plain facts; how they are shown is the program's matter.

use std::path::{Path, PathBuf};

use crate::Offset;
use crate::error::{Damage, Error, Result};
use crate::segments::cursor::Cursor;
use crate::segments::disk::Disk;
use crate::segments::mark::Mark;
use crate::segments::partition_dir::PartitionDir;
use crate::segments::read_only::read_manifest;
use crate::segments::recovery;
use crate::segments::segment::Segment;

/// What is in a journal.
#[derive(Debug, Clone)]
pub struct Report {
    /// The folder.
    pub dir: PathBuf,
    /// As [`Journal::id`](crate::Journal::id).
    pub id: u64,
    /// By number.
    pub partitions: Vec<PartitionReport>,
}

/// What is in a partition.
#[derive(Debug, Clone, Default)]
pub struct PartitionReport {
    /// Its number.
    pub partition: u16,
    /// How many segments it has.
    pub segments: usize,
    /// Its first offset.
    pub first: Offset,
    /// One past its last offset.
    pub end: Offset,
    /// Bytes of its segments up to their ends, without the room that is reserved.
    pub bytes: u64,
    /// When its first entry was appended, in ms since 1970.
    pub first_ms: Option<i64>,
    /// When its last entry was appended, in ms since 1970.
    pub last_ms: Option<i64>,
    /// The offset up to which everything is known to have been durable, by the partition's mark; `None` if there is no mark.
    pub marked: Option<Offset>,
    /// Bytes after the last complete group: a write that is going on, or if no process writes, one that was
    /// interrupted and will be cut off when the journal is opened.
    pub unfinished_bytes: u64,
    /// What is wrong, in the order it was found.
    pub damage: Vec<Error>,
}

impl Report {
    /// True if nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.partitions
            .iter()
            .all(|partition| partition.damage.is_empty())
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.partitions.iter().map(PartitionReport::entries).sum()
    }
}

impl PartitionReport {
    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.end - self.first
    }
}

/// Reads every byte of the journal in `dir` and checks it, also while another process writes.
///
/// Damage does not end it: it goes on with the next segment, and all that is found is in the report.
pub fn verify(dir: impl AsRef<Path>) -> Result<Report> {
    report(dir.as_ref(), Depth::Everything)
}

/// Looks at the headers and the last segments of the journal in `dir`, also while another process writes.
pub fn stat(dir: impl AsRef<Path>) -> Result<Report> {
    report(dir.as_ref(), Depth::Headers)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Headers,
    Everything,
}

fn report(dir: &Path, depth: Depth) -> Result<Report> {
    let disk = Disk::Real;
    let manifest = read_manifest(&disk, dir)?;
    Ok(Report {
        dir: dir.to_owned(),
        id: manifest.id,
        partitions: manifest
            .folders(&disk, dir)
            .map(|folder| report_partition(&folder, depth))
            .collect(),
    })
}

/// Reads every byte of a partition and checks it.
pub(crate) fn check_partition(folder: &PartitionDir) -> PartitionReport {
    report_partition(folder, Depth::Everything)
}

fn report_partition(folder: &PartitionDir, depth: Depth) -> PartitionReport {
    let mut report = PartitionReport {
        partition: folder.partition,
        ..PartitionReport::default()
    };
    // First, so that what it says was durable before the end is looked for.
    let mark = Mark::read(folder).unwrap_or_else(|error| {
        report.damage.push(error);
        None
    });
    report.marked = mark.map(|mark| mark.end);
    let segments = report.open_segments(folder, mark.unwrap_or_default());
    report.segments = segments.len();
    if let Some(first) = segments.iter().flatten().next() {
        (report.first, report.end) = (first.header.base, first.header.base);
    }
    for (index, segment) in segments.iter().enumerate() {
        let Some(segment) = segment else { continue };
        let checked = match segments.get(index + 1) {
            Some(Some(next)) => report.sealed(folder, segment, next, depth),
            // Where it ends is not known; the damaged header after it is in the report.
            Some(None) => Ok(()),
            None => report.last(folder, segment),
        };
        report.damage.extend(checked.err());
    }
    // Damage that was found explains an early end.
    if report.damage.is_empty() {
        let whole = folder.check_end(mark, report.end);
        report.damage.extend(whole.err());
    }
    report
}

impl PartitionReport {
    /// All segments by offset; `None` stands for one whose header is bad.
    fn open_segments(&mut self, folder: &PartitionDir, mark: Mark) -> Vec<Option<Segment>> {
        let names = match folder.names(mark.first) {
            Ok(names) => names,
            Err(error) => {
                self.damage.push(error);
                return Vec::new();
            }
        };
        if let Some((_, base)) = names.first() {
            self.damage.extend(folder.check_start(mark, *base).err());
        }
        let mut segments = Vec::new();
        for (name, base) in names {
            let path = folder.dir.join(name);
            match Segment::open(&folder.disk, path, base, folder.journal, folder.partition) {
                Ok(segment) => segments.push(Some(segment)),
                Err(error) => {
                    self.damage.push(error);
                    segments.push(None);
                }
            }
        }
        if segments.is_empty() {
            self.damage.push(folder.empty(mark));
        }
        segments
    }

    fn sealed(
        &mut self,
        folder: &PartitionDir,
        segment: &Segment,
        next: &Segment,
        depth: Depth,
    ) -> Result<()> {
        self.bytes += next.header.prev_end;
        self.end = next.header.base;
        self.last_ms = Some(next.header.prev_time);
        let path = &segment.path;
        let file = folder
            .disk
            .open_read(path)
            .map_err(Error::io("open", path))?;
        let mut cursor = segment.header.cursor();
        if depth == Depth::Headers {
            let is_linked = next.header.segment == segment.header.segment + 1;
            if self.first_ms.is_none() {
                self.first_ms = recovery::first_time(path, &file, cursor)?;
            }
            return is_linked.then_some(()).ok_or_else(|| broken_link(next));
        }
        let first_ms = &mut self.first_ms;
        cursor = recovery::check_sealed(path, &file, cursor, next.header.prev_end, |time| {
            first_ms.get_or_insert(time);
        })?;
        if next.header.continues(&cursor) {
            Ok(())
        } else {
            Err(broken_link(next))
        }
    }

    fn last(&mut self, folder: &PartitionDir, segment: &Segment) -> Result<()> {
        let path = &segment.path;
        let file = folder
            .disk
            .open_read(path)
            .map_err(Error::io("open", path))?;
        let end = recovery::find_end(path, &file, segment.header.cursor())?;
        let Cursor {
            next, pos, time, ..
        } = end.cursor;
        self.bytes += pos;
        self.end = next;
        self.unfinished_bytes = end.torn_bytes;
        self.first_ms = self.first_ms.or(end.first_time);
        if next > self.first {
            self.last_ms = Some(time);
        }
        Ok(())
    }
}

fn broken_link(next: &Segment) -> Error {
    Error::corrupt(&next.path, 0, Damage::Link)
}
