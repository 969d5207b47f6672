//! One object that is being written: compressed as its lines come, never more in memory than the result.

use std::io::{self, Write as _};

use zstd::stream::write::Encoder;

use super::ArchivedEntry;
use super::index::{Columns, Index};

/// Fixed, because names promise bytes: another level is another format.
const LEVEL: i32 = 3;
/// What zstd holds at this level beside its output, about.
const ENCODER_BYTES: usize = 4 << 20;

/// So much text is kept as it is before a compressor is begun. Most feeds of an hour are few: they need none until the
/// cut ends.
const SHORT_BYTES: usize = 128 << 10;

pub(super) struct Writing {
    text: LineText,
    columns: Columns,
    first: u64,
}

enum LineText {
    Short(Vec<u8>),
    Long(Encoder<'static, Vec<u8>>),
}

impl LineText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Long(encoder) => encoder.write_all(bytes),
            Self::Short(text) if text.len() + bytes.len() <= SHORT_BYTES => {
                text.extend_from_slice(bytes);
                Ok(())
            }
            Self::Short(text) => {
                let mut encoder = begin(text)?;
                encoder.write_all(bytes)?;
                *self = Self::Long(encoder);
                Ok(())
            }
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Long(encoder) => encoder.finish(),
            Self::Short(text) => begin(&text)?.finish(),
        }
    }

    fn memory(&self) -> usize {
        match self {
            Self::Short(text) => text.capacity(),
            Self::Long(encoder) => ENCODER_BYTES + encoder.get_ref().capacity(),
        }
    }
}

fn begin(text: &[u8]) -> io::Result<Encoder<'static, Vec<u8>>> {
    let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.write_all(text)?;
    Ok(encoder)
}

impl Writing {
    /// Begins an object of the cut that begins at `first`.
    pub(super) fn begin(first: u64) -> Self {
        Self {
            text: LineText::Short(Vec::new()),
            columns: Columns::new(first),
            first,
        }
    }

    pub(super) fn add(&mut self, entry: &ArchivedEntry<'_>) -> io::Result<()> {
        self.columns.add(entry);
        if entry.body.contains(&b'\n') {
            self.add_broken(entry.body)?;
        } else {
            self.text.write(entry.body)?;
        }
        self.text.write(b"\n")
    }

    /// In JSON a line end can only stand where a space may.
    fn add_broken(&mut self, body: &[u8]) -> io::Result<()> {
        let ends = (0_u32..).zip(body).filter(|(_, byte)| **byte == b'\n');
        self.columns.broken(ends.map(|(at, _)| at).collect());
        let line: Vec<u8> = body
            .iter()
            .map(|b| if *b == b'\n' { b' ' } else { *b })
            .collect();
        self.text.write(&line)
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
        let mut object = self.text.finish()?;
        object.extend(index.to_frame()?);
        Ok(object)
    }

    /// Bytes in memory, about.
    pub(super) fn memory(&self) -> usize {
        self.text.memory() + self.columns.memory()
    }
}
