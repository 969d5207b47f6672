//! Big blocks of pieces, for counting on all cores: one thread reads, others decode.

use std::io::{self, Read};

use super::cutter::{Cutter, Look, Piece};

/// Bytes and where the pieces are in them. To be used again: its memory is cleared only once.
#[derive(Debug, Default)]
pub struct Block {
    bytes: Vec<u8>,
    filled: usize,
    /// Where the pieces are, in order.
    pub pieces: Vec<Piece>,
}

impl Block {
    /// The bytes the pieces' ranges are in.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// The pieces with their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&Piece, &[u8])> {
        self.pieces
            .iter()
            .map(|piece| (piece, piece.bytes(self.bytes())))
    }
}

/// Cuts what a reader gives into blocks. Only what is left over at the end of a block is copied.
#[derive(Debug)]
pub struct BlockReader<R> {
    reader: R,
    cutter: Cutter,
    rest: Vec<u8>,
    block_bytes: usize,
    eof: bool,
}

impl<R: Read> BlockReader<R> {
    /// Blocks of about so many bytes (a value may be longer than that).
    pub fn new(reader: R, look: Look, block_bytes: usize) -> Self {
        BlockReader {
            reader,
            cutter: Cutter::new(look),
            rest: Vec::new(),
            block_bytes,
            eof: false,
        }
    }

    /// Fills a block anew; false when the input is at its end. A block may be without pieces.
    pub fn read(&mut self, block: &mut Block) -> io::Result<bool> {
        block.pieces.clear();
        block.filled = 0;
        if self.eof {
            return Ok(false);
        }
        let size = self.rest.len() + self.block_bytes;
        if block.bytes.len() < size {
            block.bytes.resize(size, 0);
        }
        block.bytes[..self.rest.len()].copy_from_slice(&self.rest);
        block.filled = self.rest.len() + self.fill(&mut block.bytes[self.rest.len()..size])?;
        while let Some(piece) = self.cutter.next(block.bytes(), self.eof) {
            block.pieces.push(piece);
        }
        let consumed = self.cutter.consumed();
        self.rest.clear();
        self.rest.extend_from_slice(&block.bytes()[consumed..]);
        self.cutter.drop_front(consumed);
        Ok(true)
    }

    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < room.len() {
            match self.reader.read(&mut room[filled..]) {
                Ok(0) => {
                    self.eof = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}
