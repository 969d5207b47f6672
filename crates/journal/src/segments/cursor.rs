//! A place between two frames, and all the rules by which one frame follows another.
//!
//! The writer, recovery, the readers and `verify` step with the same cursor, so what one writes the others accept,
//! and nothing else.

use crate::Offset;
use crate::entry::{BODY_BYTES_MAX, Entry};
use crate::error::Damage;
use crate::segments::frame::{FrameHead, HEAD_BYTES, KIND_SYNC, Sync, checksum};

/// Where the next frame of a segment stands and what it must continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) journal: u64,
    pub(crate) segment: u32,
    /// Begins every checksum of the segment.
    pub(crate) salt: u32,
    /// The next frame's first byte.
    pub(crate) pos: u64,
    /// The next entry's offset.
    pub(crate) next: Offset,
    /// The checksum of the frame before.
    pub(crate) chain: u32,
    /// The append time of the frame before.
    pub(crate) time: i64,
    /// Where the open group begins: the end of the last sync frame.
    pub(crate) group_start: u64,
    /// The first offset of the open group.
    pub(crate) group_first: Offset,
}

/// What stands at a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameStep {
    /// A good entry; its body is the last `len` bytes of the frame. The cursor stands after it.
    Entry(FrameHead),
    /// A good sync frame: the group before it is complete. The cursor stands after it.
    Sync,
    /// So many bytes are needed to tell.
    Short(usize),
    /// A frame that does not belong here. The cursor has not moved.
    Bad(Damage),
    /// The limit that the caller set.
    End,
}

impl Cursor {
    /// Looks at the frame that begins with `bytes` and steps over it if it is good.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> FrameStep {
        if bytes.len() < HEAD_BYTES {
            return FrameStep::Short(HEAD_BYTES);
        }
        let head = FrameHead::parse(bytes);
        if head.len as usize > BODY_BYTES_MAX {
            return FrameStep::Bad(Damage::Length(head.len));
        }
        if head.crc == 0 && bytes[..HEAD_BYTES].iter().all(|&b| b == 0) {
            return FrameStep::Bad(Damage::Blank);
        }
        let Some(frame) = bytes.get(..head.frame_bytes()) else {
            return FrameStep::Short(head.frame_bytes());
        };
        match self.check(&head, frame) {
            Err(damage) => FrameStep::Bad(damage),
            Ok(()) => {
                self.pass(&head);
                if head.kind == KIND_SYNC {
                    FrameStep::Sync
                } else {
                    FrameStep::Entry(head)
                }
            }
        }
    }

    fn check(&self, head: &FrameHead, frame: &[u8]) -> Result<(), Damage> {
        if checksum(self.salt, frame) != head.crc {
            return Err(Damage::Checksum);
        }
        if head.offset != self.next {
            return Err(Damage::Offset {
                expected: self.next,
                found: head.offset,
            });
        }
        if head.prev_crc != self.chain {
            return Err(Damage::Chain);
        }
        if head.kind == KIND_SYNC && Sync::parse(&frame[HEAD_BYTES..]) != Some(self.sync_body()) {
            return Err(Damage::Sync);
        }
        Ok(())
    }

    /// Moves behind a frame that is good.
    fn pass(&mut self, head: &FrameHead) {
        self.pos += head.frame_bytes() as u64;
        self.chain = head.crc;
        self.time = head.time;
        if head.kind == KIND_SYNC {
            self.group_start = self.pos;
            self.group_first = self.next;
        } else {
            self.next += 1;
        }
    }

    /// Appends the frame of `entry` to `out` and steps over it. Its time is what the clock says, backwards too: one moment
    /// of a wrong clock must not be the time of all that follows. It is never 0 (an all-zero head is where nothing was
    /// written).
    pub(crate) fn write_entry(&mut self, entry: &Entry, now_ms: i64, out: &mut Vec<u8>) {
        self.write(entry.kind, entry.source, &entry.body, now_ms, out);
    }

    /// Appends the sync frame that ends the open group and steps over it.
    pub(crate) fn write_sync(&mut self, out: &mut Vec<u8>) {
        let body = self.sync_body().to_bytes();
        self.write(KIND_SYNC, 0, &body, self.time, out);
    }

    fn write(&mut self, kind: u8, source: u16, body: &[u8], now_ms: i64, out: &mut Vec<u8>) {
        let head = FrameHead {
            len: 0,
            crc: 0,
            offset: self.next,
            time: now_ms.max(1),
            prev_crc: self.chain,
            kind,
            source,
        };
        self.pass(&head.write(self.salt, body, out));
    }

    /// The body of the sync frame that would end the open group here.
    fn sync_body(&self) -> Sync {
        Sync {
            entries: u32::try_from(self.next - self.group_first).unwrap_or(u32::MAX),
            segment: self.segment,
            journal: self.journal,
            group_start: self.group_start,
        }
    }

    /// True if no group is open.
    pub(crate) fn at_boundary(&self) -> bool {
        self.pos == self.group_start
    }
}
