//! One object that is being written: compressed as its lines come, never more in memory than the result.

use std::io::{self, Write as _};

use zstd::stream::write::Encoder;

use super::Entry;
use super::index::{Columns, Index};

/// Fixed, because names promise bytes: another level is another format.
const LEVEL: i32 = 3;
/// What zstd holds at this level beside its output, about.
const ENCODER_BYTES: usize = 4 << 20;

pub(super) struct Writing {
    encoder: Encoder<'static, Vec<u8>>,
    columns: Columns,
    first: u64,
}

impl Writing {
    /// Begins an object of the cut that begins at `first`.
    pub(super) fn begin(first: u64) -> io::Result<Self> {
        let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(Self {
            encoder,
            columns: Columns::new(first),
            first,
        })
    }

    pub(super) fn add(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.columns.add(entry);
        if entry.body.contains(&b'\n') {
            self.add_broken(entry.body)?;
        } else {
            self.encoder.write_all(entry.body)?;
        }
        self.encoder.write_all(b"\n")
    }

    /// In JSON a line end can only stand where a space may.
    fn add_broken(&mut self, body: &[u8]) -> io::Result<()> {
        let ends = (0_u32..).zip(body).filter(|(_, byte)| **byte == b'\n');
        self.columns.broken(ends.map(|(at, _)| at).collect());
        let line: Vec<u8> = body
            .iter()
            .map(|b| if *b == b'\n' { b' ' } else { *b })
            .collect();
        self.encoder.write_all(&line)
    }

    /// The whole object, of a cut that ends at `end`.
    pub(super) fn finish(
        self,
        journal: u64,
        partition: u16,
        feed: &str,
        end: u64,
    ) -> io::Result<Vec<u8>> {
        let index = Index {
            journal,
            partition,
            feed: feed.to_owned(),
            first: self.first,
            end,
            ..self.columns.into_index()
        };
        let mut object = self.encoder.finish()?;
        object.extend(index.to_frame()?);
        Ok(object)
    }

    /// Bytes in memory, about.
    pub(super) fn memory(&self) -> usize {
        ENCODER_BYTES + self.encoder.get_ref().capacity() + self.columns.memory()
    }
}
