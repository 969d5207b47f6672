//! Big blocks of spans, for counting on all cores: one thread reads, others decode.

use std::io::{self, Read};

use super::span::{ScanMode, ValueSpan};
use super::splitter::Splitter;

/// Bytes and where the spans are in them. To be used again: its memory is cleared only once.
#[derive(Debug, Default)]
pub struct Block {
    bytes: Vec<u8>,
    filled: usize,
    /// Where the spans are, in order.
    pub spans: Vec<ValueSpan>,
}

impl Block {
    /// The bytes the spans' ranges are in.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// The spans with their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&ValueSpan, &[u8])> {
        self.spans
            .iter()
            .map(|span| (span, span.bytes(self.bytes())))
    }
}

/// Cuts what a reader gives into blocks. Only what is left over at the end of a block is copied.
#[derive(Debug)]
pub struct BlockReader<R> {
    reader: R,
    splitter: Splitter,
    rest: Vec<u8>,
    block_bytes: usize,
    eof: bool,
    /// Why the input ended before its time; told when all that came before it has been given.
    failed: Option<io::Error>,
}

impl<R: Read> BlockReader<R> {
    /// Blocks of about `block_bytes` bytes (a value may be longer than that).
    pub fn new(reader: R, mode: ScanMode, block_bytes: usize) -> Self {
        BlockReader {
            reader,
            splitter: Splitter::new(mode),
            rest: Vec::new(),
            block_bytes,
            eof: false,
            failed: None,
        }
    }

    /// Replaces the content of a block; false when the input is at its end. A block may be without spans.
    ///
    /// # Errors
    /// What reading failed with, once, after the blocks of everything that came before it.
    pub fn read(&mut self, block: &mut Block) -> io::Result<bool> {
        block.spans.clear();
        block.filled = 0;
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.eof {
            return Ok(false);
        }
        let size = self.rest.len() + self.block_bytes;
        if block.bytes.len() < size {
            block.bytes.resize(size, 0);
        }
        block.bytes[..self.rest.len()].copy_from_slice(&self.rest);
        block.filled = self.rest.len() + self.fill(&mut block.bytes[self.rest.len()..size]);
        while let Some(span) = self.splitter.next(block.bytes(), self.eof) {
            block.spans.push(span);
        }
        let consumed = self.splitter.consumed();
        self.rest.clear();
        self.rest.extend_from_slice(&block.bytes()[consumed..]);
        self.splitter.drop_front(consumed);
        Ok(true)
    }

    fn fill(&mut self, room: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < room.len() {
            match self.reader.read(&mut room[filled..]) {
                Ok(0) => {
                    self.eof = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = Some(error);
                    self.eof = true;
                    break;
                }
            }
        }
        filled
    }
}
