//! What one read brings: many frames in one buffer, which the next read uses again.

use std::fmt;

use crate::Offset;
use crate::entry::{Frame, HEAD_BYTES};
use crate::segments::{FrameHead, ReadBuffer};

/// A buffer of frames. Make one and give it to every [`read`](crate::Reader::read); its memory is bounded by
/// the `max_bytes` of the reads, or by the longest single entry.
#[derive(Default)]
pub struct Batch {
    pub(crate) buffer: ReadBuffer,
    slots: Vec<Slot>,
}

/// A frame whose body lies in the buffer.
#[derive(Clone, Copy)]
struct Slot {
    offset: Offset,
    time: i64,
    body: usize,
    len: usize,
    kind: u8,
    source: u16,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many frames it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// True if it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The frames by offset.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Frame<'_>> + Clone {
        self.slots.iter().map(|slot| self.frame(slot))
    }

    /// The frame at an index below [`Batch::len`].
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Frame<'_>> {
        self.slots.get(index).map(|slot| self.frame(slot))
    }

    /// One past the last offset it holds.
    #[must_use]
    pub fn end(&self) -> Option<Offset> {
        self.slots.last().map(|slot| slot.offset + 1)
    }

    fn frame(&self, slot: &Slot) -> Frame<'_> {
        Frame {
            offset: slot.offset,
            appended_at_ms: slot.time,
            kind: slot.kind,
            source: slot.source,
            body: &self.buffer.bytes()[slot.body..slot.body + slot.len],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.buffer.clear();
    }

    /// Takes up the frame that begins at byte `pos` of the segment and is in the buffer.
    pub(crate) fn push(&mut self, head: &FrameHead, pos: u64) {
        self.slots.push(Slot {
            offset: head.offset,
            time: head.time,
            body: self.buffer.index(pos) + HEAD_BYTES,
            len: head.len as usize,
            kind: head.kind,
            source: head.source,
        });
    }

    /// Takes up a copy of a frame that lies elsewhere. A batch holds copies or bytes read from a segment, never both.
    #[cfg(any(feature = "kafka", feature = "kinesis"))]
    pub(crate) fn copy(&mut self, frame: &Frame<'_>) {
        self.slots.push(Slot {
            offset: frame.offset,
            time: frame.appended_at_ms,
            body: self.buffer.copy(frame.body),
            len: frame.body.len(),
            kind: frame.kind,
            source: frame.source,
        });
    }

    /// How many bytes the bodies of its copies have.
    #[cfg(any(feature = "kafka", feature = "kinesis"))]
    pub(crate) fn copied_bytes(&self) -> usize {
        self.buffer.bytes().len()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|frame| frame.offset))
            .finish()
    }
}
