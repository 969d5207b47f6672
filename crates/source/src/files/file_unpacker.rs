//! Layer by layer down to text, and no more of it than an honest file holds.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lzma_rust2::XzReader;

use super::archive::{ArchiveMember, BoxedReader, Concatenated, TarMembers, ZipMembers, opened};
use super::format::{Foreign, Format, HEAD_BYTES, format_of};
use super::parts;
use crate::utf16::Utf16Reader;

/// How deep a file may be packed: a tar of gzip in a gzip, say, which is then one in UTF-16.
const LAYERS_MAX: u8 = 4;
/// Any file may unpack to this many bytes. Any machine has ten times that on its disk.
const FREE_BYTES: u64 = 256 << 20;
/// Beyond that, each packed byte may unpack to this many bytes. Recordings come to 10 or 20, one record repeated a
/// million times to some hundred; what is built to fill disks to a thousand and more in every layer.
const RATIO_MAX: u64 = 1000;
/// Memory that unpacking an xz may take: `xz -9` asks for 65 MiB.
const XZ_MEMORY_KIB: u32 = 128 << 10;

/// Unpacks one file.
#[derive(Clone)]
pub(super) struct FileUnpacker {
    /// How many bytes of the file itself were read.
    packed: Arc<AtomicU64>,
    layers_left: u8,
    free_bytes: u64,
}

impl FileUnpacker {
    /// For a file of which the reader counts in `packed` what it reads.
    pub(super) fn new(packed: Arc<AtomicU64>) -> Self {
        Self {
            packed,
            layers_left: LAYERS_MAX,
            free_bytes: FREE_BYTES,
        }
    }

    #[cfg(test)]
    pub(super) fn with_free_bytes(self, free_bytes: u64) -> Self {
        Self { free_bytes, ..self }
    }

    /// As [`FileUnpacker::open`], also of what can only be read by going back and forth in it.
    pub(super) fn open_seekable(
        &self,
        mut reader: impl Read + Seek + Send + 'static,
    ) -> io::Result<BoxedReader> {
        let (_, format) = begin(&mut reader)?;
        reader.seek(SeekFrom::Start(0))?;
        match format {
            Format::Zip => self.concatenated(ZipMembers::new(reader)?),
            _ => self.open(Box::new(reader)),
        }
    }

    /// The text that is in it. What is known and not read here is [`io::ErrorKind::Unsupported`], with a sentence that
    /// says what it is and what turns it into something else.
    pub(super) fn open(&self, mut reader: BoxedReader) -> io::Result<BoxedReader> {
        let (head, format) = begin(&mut reader)?;
        let mark = match format {
            // The byte order mark is not part of the text.
            Format::Utf16 { mark, .. } => mark as u64,
            _ => 0,
        };
        let mut head = Cursor::new(head);
        head.set_position(mark);
        let whole = head.chain(reader);
        let unpacked: BoxedReader = match format {
            Format::Plain => return Ok(Box::new(whole)),
            Format::Gzip => Box::new(parts::gzip(whole)),
            Format::Zstd => Box::new(parts::zstd(whole)),
            Format::Bzip2 => Box::new(parts::bzip2(whole)),
            Format::Lz4 => Box::new(parts::lz4(whole)),
            Format::Xz => Box::new(XzReader::new_mem_limit(
                io::BufReader::new(whole),
                true,
                XZ_MEMORY_KIB,
            )),
            Format::Utf16 { big_endian, .. } => Box::new(Utf16Reader::new(whole, big_endian)),
            Format::Tar => return self.concatenated(TarMembers::new(whole)),
            Format::Zip => {
                return Err(unsupported(
                    "this is a zip, which is read only as a file of its own (its directory is at its end); pipe what \
                     is in it: unzip -p FILE",
                ));
            }
            Format::Foreign(Foreign { name, remedy }) => {
                return Err(unsupported(&format!(
                    "this is {name}, which is not read here; {remedy}"
                )));
            }
        };
        self.inner()?.open(self.bounded(unpacked))
    }

    /// What is in an archive's members, each unpacked for itself.
    fn concatenated(
        &self,
        members: impl Iterator<Item = io::Result<ArchiveMember>> + Send + 'static,
    ) -> io::Result<BoxedReader> {
        let inner = self.inner()?;
        let open = move |member: io::Result<ArchiveMember>| {
            let (name, stored) = member?;
            opened(&name, inner.open(inner.bounded(stored)))
        };
        Ok(Box::new(Concatenated::new(members.map(open))))
    }

    /// For what is one layer further in.
    fn inner(&self) -> io::Result<Self> {
        let layers_left = self.layers_left.checked_sub(1).ok_or_else(|| {
            refused(format!(
                "it is packed more than {LAYERS_MAX} times over; unpack it first"
            ))
        })?;
        Ok(Self {
            layers_left,
            ..self.clone()
        })
    }

    /// Refuses to give more than an honest file would.
    pub(super) fn bounded(&self, reader: impl Read + Send + 'static) -> BoxedReader {
        Box::new(Bounded {
            reader,
            packed: Arc::clone(&self.packed),
            free_bytes: self.free_bytes,
            unpacked: 0,
        })
    }
}

/// The first bytes of what is read, and what they tell.
fn begin(reader: &mut impl Read) -> io::Result<(Vec<u8>, Format)> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let mut buffer = [0; HEAD_BYTES];
    loop {
        if let Some(format) = format_of(&head, false) {
            return Ok((head, format));
        }
        match reader.read(&mut buffer[..HEAD_BYTES - head.len()]) {
            Ok(0) => {
                let format = format_of(&head, true).unwrap_or(Format::Plain);
                return Ok((head, format));
            }
            Ok(count) => head.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Counts what comes out against what goes in.
struct Bounded<R> {
    reader: R,
    packed: Arc<AtomicU64>,
    free_bytes: u64,
    unpacked: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.unpacked += count as u64;
        let packed = self.packed.load(Ordering::Relaxed);
        if self.unpacked
            > self
                .free_bytes
                .saturating_add(packed.saturating_mul(RATIO_MAX))
        {
            return Err(refused(format!(
                "{packed} bytes unpack to more than {} and there is no end to it: no recording is packed like that; if \
                 this one is, unpack it first",
                self.unpacked
            )));
        }
        Ok(count)
    }
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, what)
}

fn refused(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
