//! Reading what is durable, in order, from any offset.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::Offset;
use crate::batch::Batch;
use crate::error::{Damage, Error, Result};
use crate::place::Place;
use crate::read_waker::{Interrupt, ReadWaker};
use crate::segments::cursor::{Cursor, FrameStep};
use crate::segments::disk::{Disk, File};
use crate::segments::read_buffer::ReadBuffer;
use crate::segments::tail::{ReadableSegment, Tail};

/// Reads one partition. Every frame's checksum, offset and place in the chain are checked before it is handed out.
///
/// A reader is independent of all others and of the writer: it reads from the page cache, holds no lock while it
/// does, and never sees what is not yet durable.
pub(crate) struct SegmentReader {
    disk: Disk,
    partition: u16,
    tail: Arc<Tail>,
    stretch: ReadableSegment,
    file: File,
    cursor: Cursor,
    interrupt: Interrupt,
}

impl SegmentReader {
    pub(crate) fn new(disk: Disk, partition: u16, tail: Arc<Tail>, from: Offset) -> Result<Self> {
        let end = tail.end();
        if from > end.next {
            return Err(Error::BeyondEnd {
                partition,
                asked: from,
                end: end.next,
            });
        }
        let at_end = from == end.next;
        let stretch = if at_end {
            tail.stretch(end.segment)
        } else {
            tail.stretch_of(from)
        };
        let stretch = stretch.ok_or_else(|| Error::BeforeStart {
            partition,
            asked: from,
            first: tail.first_offset(),
        })?;
        let file = open(&disk, &stretch)?;
        let mut cursor = if at_end {
            end
        } else {
            stretch.segment.header.cursor()
        };
        if !at_end {
            seek(
                &stretch.segment.path,
                &file,
                &mut cursor,
                stretch.limit,
                from,
            )?;
        }
        Ok(Self {
            disk,
            partition,
            tail,
            stretch,
            file,
            cursor,
            interrupt: Interrupt::default(),
        })
    }

    /// Reads the next entries into `batch`, in place of those it held: as many as fit in `max_bytes`, but at least
    /// one. If there is none, waits for up to `timeout`. Returns their number, 0 if none came.
    ///
    /// After damage the entries before it are returned, and then [`Error::Corrupt`] for ever: nothing is skipped.
    /// At the end of a journal that has been closed, or of a read-only view, [`Error::Closed`]; of a partition that takes
    /// nothing more, [`Error::Poisoned`].
    pub(crate) fn read(
        &mut self,
        batch: &mut Batch,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<usize> {
        batch.clear();
        if !self.tail.wait(self.cursor.next, timeout, &self.interrupt)? {
            return Ok(0);
        }
        while batch.is_empty() {
            self.refresh()?;
            if self.cursor.pos == self.stretch.limit {
                self.cross()?;
            }
            self.fill(batch, max_bytes)?;
        }
        Ok(batch.len())
    }

    pub(crate) fn waker(&self) -> ReadWaker {
        let tail = Arc::clone(&self.tail);
        self.interrupt.waker(move || tail.notify())
    }

    /// The offset of the next entry.
    pub(crate) fn position(&self) -> Offset {
        self.cursor.next
    }

    /// The partition that is read.
    pub(crate) fn partition(&self) -> u16 {
        self.partition
    }

    /// One past the last durable entry.
    pub(crate) fn durable_end(&self) -> Offset {
        self.tail.end().next
    }

    /// How many entries are durable and not read.
    pub(crate) fn behind(&self) -> Result<u64> {
        Ok(self.durable_end() - self.position())
    }

    /// An offset is all it needs: a segment is named by its first.
    pub(crate) fn place(&self) -> Place {
        Place::at(self.position())
    }

    /// Learns how far this segment goes by now.
    fn refresh(&mut self) -> Result<()> {
        if self.cursor.pos < self.stretch.limit {
            return Ok(());
        }
        match self.tail.stretch(self.cursor.segment) {
            Some(stretch) => self.stretch = stretch,
            // Retention deleted it, with all that this reader had read; it goes on with the next one.
            None if self.tail.first_offset() <= self.cursor.next => {}
            None => {
                return Err(Error::BeforeStart {
                    partition: self.partition,
                    asked: self.cursor.next,
                    first: self.tail.first_offset(),
                });
            }
        }
        Ok(())
    }

    /// Goes over to the next segment, which must begin where this one ends.
    fn cross(&mut self) -> Result<()> {
        let next = self
            .tail
            .stretch(self.cursor.segment + 1)
            .ok_or_else(|| self.corrupt(Damage::CutShort))?;
        debug_assert!(
            self.cursor.next <= next.segment.header.base,
            "a reader leaves a segment at its end"
        );
        if !self.cursor.at_boundary() || !next.segment.header.continues(&self.cursor) {
            return Err(Error::corrupt(&next.segment.path, 0, Damage::Link));
        }
        self.file = open(&self.disk, &next)?;
        self.cursor = next.segment.header.cursor();
        self.stretch = next;
        Ok(())
    }

    /// Takes frames of this segment until the batch is full or the segment's limit is reached.
    fn fill(&mut self, batch: &mut Batch, max_bytes: usize) -> Result<()> {
        let limit = self.stretch.limit;
        self.load(batch, limit, max_bytes)?;
        while self.cursor.pos < limit {
            let at = self.cursor.pos;
            match self.cursor.step(batch.buffer.from(at)) {
                FrameStep::Entry(head) => batch.push(&head, at),
                FrameStep::Sync | FrameStep::End => {}
                FrameStep::Short(_) | FrameStep::Bad(_) if !batch.is_empty() => break,
                FrameStep::Short(need) if need as u64 > limit - at => {
                    return Err(self.corrupt(Damage::CutShort));
                }
                FrameStep::Short(need) => {
                    self.load(batch, limit, need)?;
                    if batch.buffer.from(at).len() < need {
                        return Err(self.corrupt(Damage::CutShort));
                    }
                }
                FrameStep::Bad(damage) => return Err(self.corrupt(damage)),
            }
        }
        Ok(())
    }

    fn load(&self, batch: &mut Batch, limit: u64, want: usize) -> Result<()> {
        batch
            .buffer
            .load(&self.file, self.cursor.pos, limit, want)
            .map_err(Error::io("read", &self.stretch.segment.path))
    }

    fn corrupt(&self, damage: Damage) -> Error {
        Error::corrupt(&self.stretch.segment.path, self.cursor.pos, damage)
    }
}

fn open(disk: &Disk, stretch: &ReadableSegment) -> Result<File> {
    let path = &stretch.segment.path;
    disk.open_read(path).map_err(Error::io("open", path))
}

/// Walks from the beginning of a segment to an offset in it. There is no index: a segment is read in a few
/// hundredths of a second, once in the life of a reader.
fn seek(path: &Path, file: &File, cursor: &mut Cursor, limit: u64, to: Offset) -> Result<()> {
    let mut buffer = ReadBuffer::default();
    while cursor.next < to {
        match buffer
            .step(file, cursor, limit)
            .map_err(Error::io("read", path))?
        {
            FrameStep::Entry(_) | FrameStep::Sync => {}
            FrameStep::End | FrameStep::Short(_) => {
                return Err(Error::corrupt(path, cursor.pos, Damage::CutShort));
            }
            FrameStep::Bad(damage) => return Err(Error::corrupt(path, cursor.pos, damage)),
        }
    }
    Ok(())
}
