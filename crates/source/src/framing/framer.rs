//! A splitter with its own buffer: bytes in, values out as shared slices.

use std::io::{self, Read};

use bytes::{Buf, Bytes, BytesMut};

use super::span::{ScanMode, ValueSpan};
use super::splitter::Splitter;

/// One span with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// The value, or the malformed text (of one that is too big its beginning).
    pub bytes: Bytes,
    /// Where it stood, and why it is malformed if it is.
    pub span: ValueSpan,
}

/// Splits a stream of bytes into values, whatever the sizes in which it comes.
#[derive(Debug)]
pub struct Framer {
    splitter: Splitter,
    buffer: BytesMut,
    eof: bool,
}

impl Framer {
    /// For an input that is read from its beginning.
    pub fn new(mode: ScanMode) -> Self {
        Framer::over(Splitter::new(mode))
    }

    /// For an input that is read from where the splitter stands.
    pub fn over(splitter: Splitter) -> Self {
        Framer {
            splitter,
            buffer: BytesMut::new(),
            eof: false,
        }
    }

    /// Gives the next bytes of the input.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Reads once, at most `count_max` bytes. At the end of the input it returns 0 and calls [`Framer::finish`].
    pub fn read_from(&mut self, reader: &mut impl Read, count_max: usize) -> io::Result<usize> {
        let filled = self.buffer.len();
        self.buffer.resize(filled + count_max, 0);
        let read = reader.read(&mut self.buffer[filled..]);
        self.buffer
            .truncate(filled + read.as_ref().map_or(0, |&count| count));
        if matches!(read, Ok(0)) {
            self.finish();
        }
        read
    }

    /// No more bytes will come: the last value is complete as it is.
    pub fn finish(&mut self) {
        self.eof = true;
    }

    /// Where reading stands: the offset and the number of the line.
    pub fn offset_and_line(&self) -> (u64, u64) {
        (self.splitter.offset(), self.splitter.line())
    }

    /// How many bytes wait for the rest of their value.
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the bytes so far end within a value, or within something that is none.
    pub fn is_unfinished(&self) -> bool {
        !self.buffer.is_empty() || !self.splitter.is_between()
    }

    fn drop_consumed(&mut self) {
        let consumed = self.splitter.consumed();
        self.buffer.advance(consumed);
        self.splitter.drop_front(consumed);
    }
}

/// The next value, or `None` when more bytes are needed (after [`Framer::finish`]: when there is
/// nothing left).
impl Iterator for Framer {
    type Item = Framed;

    fn next(&mut self) -> Option<Framed> {
        let Some(span) = self.splitter.next(&self.buffer, self.eof) else {
            self.drop_consumed();
            return None;
        };
        let bytes = match &span.excerpt {
            Some(excerpt) => Bytes::copy_from_slice(excerpt),
            None => {
                self.buffer.advance(span.range.start);
                let bytes = self.buffer.split_to(span.range.len()).freeze();
                self.splitter.drop_front(span.range.end);
                bytes
            }
        };
        Some(Framed { bytes, span })
    }
}
