//! The read buffer of a segment: one large read, many frames. It is used again and never holds more than one read.

use std::io;

use crate::error::Damage;
use crate::segments::cursor::{Cursor, FrameStep};
use crate::segments::disk::File;

/// What one read takes at least.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// The bytes `start..start + filled` of a file.
#[derive(Default)]
pub(crate) struct ReadBuffer {
    buf: Vec<u8>,
    start: u64,
    filled: usize,
}

impl ReadBuffer {
    /// Reads up to `want` bytes from `pos`, but none at or after `limit`.
    pub(crate) fn load(
        &mut self,
        file: &File,
        pos: u64,
        limit: u64,
        want: usize,
    ) -> io::Result<()> {
        let room = usize::try_from(limit.saturating_sub(pos)).unwrap_or(usize::MAX);
        let want = want.min(room);
        if self.buf.len() < want {
            self.buf.resize(want, 0);
        }
        self.filled = 0;
        self.start = pos;
        self.filled = file.read_at(&mut self.buf[..want], pos)?;
        Ok(())
    }

    /// What the buffer holds from `pos` on.
    pub(crate) fn from(&self, pos: u64) -> &[u8] {
        pos.checked_sub(self.start)
            .and_then(|skip| self.buf[..self.filled].get(usize::try_from(skip).ok()?..))
            .unwrap_or_default()
    }

    /// Where in the buffer the byte `pos` of the file lies; it is in the buffer.
    pub(crate) fn index(&self, pos: u64) -> usize {
        usize::try_from(pos - self.start).expect("a place in the buffer fits in memory")
    }

    /// The buffer itself, for those who have kept indexes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buf[..self.filled]
    }

    /// Appends bytes that come from no file; returns where they lie in the buffer.
    #[cfg(any(feature = "kafka", feature = "kinesis"))]
    pub(crate) fn copy(&mut self, bytes: &[u8]) -> usize {
        let at = self.filled;
        self.buf.truncate(at);
        self.buf.extend_from_slice(bytes);
        self.filled = self.buf.len();
        at
    }

    /// Forgets what was read; needed when the file has changed or is another one.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Steps over one frame, reading on when the buffer ends. Each call moves the cursor, or ends the walk.
    pub(crate) fn step(
        &mut self,
        file: &File,
        cursor: &mut Cursor,
        limit: u64,
    ) -> io::Result<FrameStep> {
        if cursor.pos >= limit {
            return Ok(FrameStep::End);
        }
        match cursor.step(self.from(cursor.pos)) {
            FrameStep::Short(need) => {
                self.load(file, cursor.pos, limit, need.max(CHUNK_BYTES))?;
                Ok(match cursor.step(self.from(cursor.pos)) {
                    // The head may only now be there, and ask for more than a chunk.
                    FrameStep::Short(need) => self.step_over_long(file, cursor, limit, need)?,
                    step => step,
                })
            }
            step => Ok(step),
        }
    }

    fn step_over_long(
        &mut self,
        file: &File,
        cursor: &mut Cursor,
        limit: u64,
        need: usize,
    ) -> io::Result<FrameStep> {
        self.load(file, cursor.pos, limit, need)?;
        Ok(match cursor.step(self.from(cursor.pos)) {
            FrameStep::Short(_) => FrameStep::Bad(Damage::CutShort),
            step => step,
        })
    }
}
