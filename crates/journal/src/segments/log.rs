//! One partition on disk: its segments, and the one place that writes to them. No threads, no clock.

use std::path::{Path, PathBuf};

use crate::Offset;
use crate::entry::{Entry, batch_bytes, entry_bytes};
use crate::error::{Damage, Error, Failure, Result};
use crate::segments::cursor::Cursor;
use crate::segments::disk::File;
use crate::segments::frame::SYNC_BYTES;
use crate::segments::mark::{Mark, MarkFile};
use crate::segments::partition_dir::{PartitionDir, last};
use crate::segments::recovery::{self, End};
use crate::segments::segment::{HEADER_BYTES, Segment};

/// What to do with a partition that ends before its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It is an error.
    Refused,
    /// The partition is opened as it is; the mark stays until [`Log::note_end`].
    Accepted,
}

/// A partition that is open for appending.
pub(crate) struct Log {
    folder: PartitionDir,
    segment_bytes: u64,
    /// All segments, the one written to last.
    segments: Vec<Segment>,
    file: File,
    mark: MarkFile,
    /// Up to here room is reserved in the last segment.
    reserved: u64,
    /// False once the disk was too full to reserve a whole segment; then only what is needed, until the next one.
    reserve_whole: bool,
    /// The end of the last durable group.
    end: Cursor,
    /// True if the last group is empty: nothing was appended since the partition was closed in order.
    sealed: bool,
    buffer: Vec<u8>,
}

impl Log {
    /// Opens a partition for appending and repairs what a crash has left: a torn tail is cut off, and the last group
    /// is written and synced once more. (After a failed sync the kernel may show pages that never reached the disk,
    /// and after a kill nothing has been synced; what has been read once must never vanish.)
    ///
    /// # Errors
    /// [`Error::Lost`] if the partition ends before its mark. Then nothing is changed, unless `loss` is accepted.
    pub(crate) fn open(
        folder: PartitionDir,
        segment_bytes: u64,
        loss: Loss,
    ) -> Result<(Self, End)> {
        folder.sweep()?;
        let mark = Mark::read(&folder)?;
        folder.remove_deleted(mark)?;
        let segments = folder.segments()?;
        let path = last(&segments).path.clone();
        let file = folder
            .disk
            .open_write(&path)
            .map_err(Error::io("open", &path))?;
        let end = recovery::find_end(&path, &file, last(&segments).header.cursor())?;
        if loss == Loss::Refused {
            folder.check_end(mark, end.cursor.next)?;
        }
        if mark.is_none() {
            let dir = folder.dir.display();
            tracing::warn!(
                "the mark of {dir} is missing or damaged, so whether entries are missing at the end of the partition cannot be \
                 told from it; headcount writes a new one"
            );
        }
        let len = file.len().map_err(Error::io("read", &path))?;
        if end.torn_bytes > 0 {
            file.set_len(end.cursor.pos)
                .map_err(Error::io("truncate", &path))?;
        }
        let found = Mark {
            first: segments[0].header.base,
            end: end.cursor.next,
        };
        let mut log = Self {
            segment_bytes,
            mark: MarkFile::open(&folder, found)?,
            segments,
            reserved: if end.torn_bytes > 0 {
                end.cursor.pos
            } else {
                len
            },
            file,
            reserve_whole: true,
            end: end.cursor,
            sealed: end.cursor.pos - end.last_group == SYNC_BYTES as u64,
            buffer: Vec::new(),
            folder,
        };
        log.write_again(end.last_group, &path)?;
        log.folder
            .disk
            .sync_dir(&log.folder.dir)
            .map_err(Error::io("sync", &log.folder.dir))?;
        if loss == Loss::Refused {
            log.note_end()?;
        }
        Ok((log, end))
    }

    /// Makes it durable that the partition ends here.
    pub(crate) fn note_end(&mut self) -> Result<()> {
        let (end, mark) = (self.end.next, self.mark.mark());
        if end == mark.end {
            return Ok(());
        }
        self.mark.set(Mark { end, ..mark })
    }

    /// The mark, to be shared with whoever deletes old segments.
    pub(crate) fn mark_file(&self) -> MarkFile {
        self.mark.clone()
    }

    /// Where the partition lives.
    pub(crate) fn folder(&self) -> &PartitionDir {
        &self.folder
    }

    /// The mark, also of what the partition has lost.
    pub(crate) fn mark(&self) -> Mark {
        self.mark.mark()
    }

    fn write_again(&self, from: u64, path: &Path) -> Result<()> {
        let len = usize::try_from(self.end.pos - from).expect("a group fits in memory");
        let mut group = vec![0; len];
        let n = self
            .file
            .read_at(&mut group, from)
            .map_err(Error::io("read", path))?;
        if n < len {
            return Err(Error::corrupt(path, from, Damage::CutShort));
        }
        self.file
            .write_at(&group, from)
            .map_err(Error::io("write", path))?;
        self.file.sync().map_err(Error::io("sync", path))
    }

    /// Writes the batches as one group and makes it durable. Returns, for each batch, one past its last offset.
    ///
    /// [`Error::Full`] leaves the log as it was. After any other error it must not be used again.
    pub(crate) fn commit(&mut self, batches: &[Vec<Entry>], now_ms: i64) -> Result<Vec<Offset>> {
        let bytes: usize = batches.iter().map(|batch| batch_bytes(batch)).sum();
        if bytes == 0 {
            return Ok(vec![self.end.next; batches.len()]);
        }
        let entries = batches.iter().flatten().map(|entry| (now_ms, entry));
        self.commit_entries(entries, bytes, now_ms)?;
        let mut end = self.end.next - batches.iter().map(|batch| batch.len() as u64).sum::<u64>();
        let ends = batches.iter().map(|batch| {
            end += batch.len() as u64;
            end
        });
        Ok(ends.collect())
    }

    /// Writes entries that were appended before, at their own times, as one group.
    pub(crate) fn put_back(&mut self, entries: &[(i64, Entry)]) -> Result<()> {
        let Some((last, _)) = entries.last() else {
            return Ok(());
        };
        let bytes = entries.iter().map(|(_, entry)| entry_bytes(entry)).sum();
        let timed = entries.iter().map(|(time, entry)| (*time, entry));
        self.commit_entries(timed, bytes, *last)
    }

    fn commit_entries<'a>(
        &mut self,
        entries: impl Iterator<Item = (i64, &'a Entry)>,
        bytes: usize,
        now_ms: i64,
    ) -> Result<()> {
        let partition = self.folder.partition;
        self.make_room((bytes + SYNC_BYTES) as u64, now_ms)
            .map_err(|failure| failure.into_error(partition))?;
        let mut cursor = self.end;
        self.buffer.clear();
        for (time, entry) in entries {
            cursor.write_entry(entry, time, &mut self.buffer);
        }
        self.finish_group(cursor)
            .map_err(|failure| failure.into_error(partition))?;
        self.sealed = false;
        self.mark.advance(self.end.next);
        Ok(())
    }

    /// Ends the log with an empty group, which proves that the group before it was durable, and gives back the room
    /// that was reserved and not used.
    pub(crate) fn seal(&mut self) -> Result<()> {
        let partition = self.folder.partition;
        if !self.sealed && self.end.next > 0 {
            self.buffer.clear();
            match self.finish_group(self.end) {
                Ok(()) => self.sealed = true,
                // A full disk may do without the proof.
                Err(failure) if failure.is_full() => {}
                Err(failure) => return Err(failure.into_error(partition)),
            }
        }
        self.mark.settle();
        let path = self.path();
        self.file
            .set_len(self.end.pos)
            .map_err(Error::io("truncate", &path))
    }

    /// Where the last durable group ends.
    pub(crate) fn end(&self) -> Cursor {
        self.end
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Keeps the buffer from staying as large as the largest batch there ever was.
    pub(crate) fn shrink_buffer(&mut self, bytes: usize) {
        if self.buffer.capacity() > 2 * bytes {
            self.buffer = Vec::new();
        }
    }

    /// The segment that is written to.
    pub(crate) fn path(&self) -> PathBuf {
        last(&self.segments).path.clone()
    }

    /// Ends the group in the buffer, which leads to `cursor`, writes it and syncs it.
    fn finish_group(&mut self, mut cursor: Cursor) -> Result<(), Failure> {
        cursor.write_sync(&mut self.buffer);
        self.write_group()?;
        self.file
            .sync()
            .map_err(Failure::of("sync", &self.path()))?;
        self.end = cursor;
        self.reserved = self.reserved.max(cursor.pos);
        Ok(())
    }

    /// Writes the buffer behind the last group, or nothing: half a group is cut off again.
    fn write_group(&mut self) -> Result<(), Failure> {
        let Err(cause) = self.file.write_at(&self.buffer, self.end.pos) else {
            return Ok(());
        };
        let path = self.path();
        match self.file.set_len(self.end.pos) {
            Ok(()) => {
                self.reserved = self.end.pos;
                Err(Failure::of("write", &path)(cause))
            }
            // Half a group that stays is worse than the reason why it is there.
            Err(e) => Err(Failure::of("truncate", &path)(e)),
        }
    }

    /// Makes sure that `bytes` can be written: in this segment, or in a new one.
    fn make_room(&mut self, bytes: u64, now_ms: i64) -> Result<(), Failure> {
        let needed = self.end.pos + bytes;
        let has_entries = self.end.next > last(&self.segments).header.base;
        if needed > self.segment_bytes && has_entries {
            return self.roll(HEADER_BYTES as u64 + bytes, now_ms);
        }
        if needed <= self.reserved {
            return Ok(());
        }
        let path = self.path();
        if self.reserve_whole && needed < self.segment_bytes {
            match self.file.allocate(self.segment_bytes) {
                Ok(()) => {
                    self.reserved = self.segment_bytes;
                    return Ok(());
                }
                Err(cause) => {
                    self.reserve_whole = false;
                    let failure = Failure::of("reserve", &path)(cause);
                    if !failure.is_full() {
                        return Err(failure);
                    }
                    // A part may have been reserved; others need it more.
                    let _ = self.file.set_len(self.end.pos);
                    self.reserved = self.end.pos;
                }
            }
        }
        self.file
            .allocate(needed)
            .map_err(Failure::of("reserve", &path))?;
        self.reserved = needed;
        Ok(())
    }

    /// Begins a new segment: with room for a whole one, or if there is none, for what is needed now.
    fn roll(&mut self, needed: u64, now_ms: i64) -> Result<(), Failure> {
        let header = last(&self.segments).header.after(&self.end, now_ms);
        let create = |bytes| Segment::create(&self.folder.disk, &self.folder.dir, header, bytes);
        let whole = self.segment_bytes.max(needed);
        let (reserved, made) = match create(whole) {
            Err(failure) if failure.is_full() && whole > needed => (needed, create(needed)),
            made => (whole, made),
        };
        let (segment, file) = made?;
        // The new header says where this one ends, so this only gives room back; the disk may keep it.
        let _ = self.file.set_len(self.end.pos);
        self.reserve_whole = reserved == whole;
        self.reserved = reserved;
        self.end = header.cursor();
        self.file = file;
        self.segments.push(segment);
        self.mark.settle();
        Ok(())
    }
}
