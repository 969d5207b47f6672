//! Putting back what a journal has lost, while nobody writes it.
//!
//! A partition that has lost its tail is continued where it ends. One with damage before that is written anew in a folder
//! beside, out of what can be read of it and what the caller has from elsewhere; then the two folders change places. Entries,
//! offsets and times come out as they were; groups need not, so the files may differ.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Offset;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::segments::cursor::FrameStep;
use crate::segments::disk::Disk;
use crate::segments::frame::HEAD_BYTES;
use crate::segments::lock::Lock;
use crate::segments::log::{Log, Loss};
use crate::segments::mark::{self, Mark};
use crate::segments::options::Options;
use crate::segments::partition_dir::PartitionDir;
use crate::segments::read_buffer::ReadBuffer;
use crate::segments::read_only::read_manifest;
use crate::segments::report::check_partition;
use crate::segments::segment::Segment;
use headcount_clock::now_ms;

/// A journal with all the damage that it may have, open for repair.
pub struct Repair {
    dir: PathBuf,
    id: u64,
    partitions: Vec<RepairedPartition>,
    _lock: Lock,
}

struct RepairedPartition {
    /// The folder as it was found.
    folder: PartitionDir,
    log: Log,
    /// How far it was once durable, as its mark says.
    reached: Offset,
    /// Why it is written anew, beside the folder, if it is.
    damage: Option<Error>,
}

impl Repair {
    /// Opens the journal in `dir`, which nobody else may be writing. Tails of interrupted writes are cut off.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        let (disk, dir) = (Disk::Real, dir.as_ref());
        let manifest = read_manifest(&disk, dir)?;
        let lock = Lock::take(dir)?;
        let partitions = manifest.folders(&disk, dir).map(RepairedPartition::open);
        Ok(Self {
            dir: dir.to_owned(),
            id: manifest.id,
            partitions: partitions.collect::<Result<_>>()?,
            _lock: lock,
        })
    }

    /// As [`Journal::id`](crate::Journal::id).
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How many partitions there are; they are counted from 0.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        u16::try_from(self.partitions.len()).expect("a journal has at most 1,000 partitions")
    }

    /// One past the last entry that a partition has now.
    #[must_use]
    pub fn end(&self, partition: u16) -> Offset {
        self.of(partition).log.end().next
    }

    /// How far a partition was once durable, as far as the journal itself knows.
    #[must_use]
    pub fn reached(&self, partition: u16) -> Offset {
        self.of(partition).reached
    }

    /// Why a partition is written anew, if it is.
    #[must_use]
    pub fn damage(&self, partition: u16) -> Option<&Error> {
        self.of(partition).damage.as_ref()
    }

    /// Appends entries as they were once, with their times in ms since 1970, and makes them durable.
    pub fn put_back(&mut self, partition: u16, entries: &[(i64, Entry)]) -> Result<()> {
        self.partitions[usize::from(partition)]
            .log
            .put_back(entries)
    }

    /// Gives `each` the entries from `from` on that can be read in one of the segments of a damaged partition, a group at
    /// a time. There may be more in the next one.
    pub fn salvage(
        &self,
        partition: u16,
        from: Offset,
        mut each: impl FnMut(Vec<(i64, Entry)>),
    ) -> Result<()> {
        let part = self.of(partition);
        if part.damage.is_none() {
            return Ok(());
        }
        match part.segment_of(from) {
            Some(segment) => salvage(&part.folder.disk, &segment, from, &mut each),
            None => Ok(()),
        }
    }

    /// Ends the repair: what the journal has now is all that it must have. What was damaged stays beside, as `p000-damaged`.
    pub fn finish(self) -> Result<()> {
        for part in self.partitions {
            part.finish(&self.dir)?;
        }
        Ok(())
    }

    fn of(&self, partition: u16) -> &RepairedPartition {
        &self.partitions[usize::from(partition)]
    }
}

impl RepairedPartition {
    fn open(folder: PartitionDir) -> Result<Self> {
        let segment_bytes = Options::default().segment_bytes;
        let marked = Mark::read(&folder)?.unwrap_or_default();
        let damage = damage_before_the_end(&folder);
        let place = match damage {
            None => folder.clone(),
            Some(_) => rebuilt(&folder, marked.first)?,
        };
        let (log, _) = Log::open(place, segment_bytes, Loss::Accepted)?;
        Ok(Self {
            reached: marked.end.max(log.end().next),
            folder,
            log,
            damage,
        })
    }

    /// The last of the damaged segments that begins at or before `from` and whose header is whole.
    fn segment_of(&self, from: Offset) -> Option<Segment> {
        let names = self.folder.names(0).unwrap_or_default();
        let before = names.into_iter().rev().filter(|(_, base)| *base <= from);
        let open = |(name, base): (String, Offset)| {
            let PartitionDir {
                disk,
                dir,
                journal,
                partition,
            } = &self.folder;
            Segment::open(disk, dir.join(name), base, *journal, *partition).ok()
        };
        before.filter_map(open).next()
    }

    fn finish(self, journal: &Path) -> Result<()> {
        let Self {
            folder,
            mut log,
            damage,
            ..
        } = self;
        log.note_end()?;
        log.seal()?;
        if damage.is_none() {
            return Ok(());
        }
        let mark = log.mark();
        drop(log);
        let rebuilt = beside(&folder.dir, "rebuilt");
        if folder.dir.exists() {
            let aside = free_name(&folder.dir);
            fs::rename(&folder.dir, &aside).map_err(Error::io("rename", &folder.dir))?;
        }
        fs::rename(&rebuilt, &folder.dir).map_err(Error::io("rename", &rebuilt))?;
        // This also makes the names durable.
        mark::create(&folder, mark)?;
        let left = mark::path_of(&rebuilt);
        fs::remove_file(&left).map_err(Error::io("remove", &left))?;
        folder
            .disk
            .sync_dir(journal)
            .map_err(Error::io("sync", journal))
    }
}

/// What is wrong with a partition besides that its tail is gone.
fn damage_before_the_end(folder: &PartitionDir) -> Option<Error> {
    let report = check_partition(folder);
    let (has_segments, end) = (report.segments > 0, report.end);
    let is_tail = |error: &Error| matches!(error, Error::Lost { from, .. } if *from == end);
    let mut damage = report.damage.into_iter();
    damage.find(|error| !(has_segments && is_tail(error)))
}

/// An empty partition beside a damaged one, whose place it is to take.
fn rebuilt(folder: &PartitionDir, first: Offset) -> Result<PartitionDir> {
    let new = PartitionDir {
        dir: beside(&folder.dir, "rebuilt"),
        ..folder.clone()
    };
    if new.dir.exists() {
        fs::remove_dir_all(&new.dir).map_err(Error::io("remove", &new.dir))?;
    }
    new.create(first, now_ms())?;
    Ok(new)
}

/// Reads a segment up to its last complete group before anything that does not belong there.
fn salvage(
    disk: &Disk,
    segment: &Segment,
    from: Offset,
    each: &mut impl FnMut(Vec<(i64, Entry)>),
) -> Result<()> {
    let path = &segment.path;
    let read = |e| Error::io("read", path)(e);
    let file = disk.open_read(path).map_err(Error::io("open", path))?;
    let len = file.len().map_err(read)?;
    let (mut buffer, mut cursor) = (ReadBuffer::default(), segment.header.cursor());
    let mut group = Vec::new();
    loop {
        let at = cursor.pos;
        match buffer.step(&file, &mut cursor, len).map_err(read)? {
            FrameStep::Entry(head) if head.offset >= from => {
                let body = &buffer.from(at)[HEAD_BYTES..][..head.len as usize];
                let entry = Entry {
                    kind: head.kind,
                    source: head.source,
                    key: None,
                    body: body.to_vec(),
                };
                group.push((head.time, entry));
            }
            FrameStep::Entry(_) => {}
            FrameStep::Sync => each(std::mem::take(&mut group)),
            FrameStep::End | FrameStep::Short(_) | FrameStep::Bad(_) => return Ok(()),
        }
    }
}

/// `p007-damaged` for `p007`.
fn beside(dir: &Path, what: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{what}"));
    dir.with_file_name(name)
}

/// A name for a damaged folder that no other one has.
fn free_name(dir: &Path) -> PathBuf {
    let numbered = (2..).map(|n| beside(dir, &format!("damaged-{n}")));
    std::iter::once(beside(dir, "damaged"))
        .chain(numbered)
        .find(|path| !path.exists())
        .expect("there are more numbers than folders")
}
