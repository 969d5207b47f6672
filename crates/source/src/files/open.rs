//! What is in a file, whatever it is packed in.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

/// The content of a file: what it holds when it is unpacked.
pub struct Content {
    reader: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
    length: u64,
}

/// Opens a file. Gzip and zstd (also several members one after another) are recognised by their first bytes, so a
/// wrong or missing ending of the name does no harm.
pub fn open(path: &Path) -> io::Result<Content> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Content::new(file, length)
}

/// As [`open`], for what is in memory.
pub(crate) fn open_bytes(bytes: Bytes) -> io::Result<Content> {
    let length = bytes.len() as u64;
    Content::new(Cursor::new(bytes), length)
}

impl Content {
    fn new(packed: impl Read + Send + 'static, length: u64) -> io::Result<Self> {
        let read = Arc::new(AtomicU64::new(0));
        let reader = unpack(Counted {
            packed,
            read: Arc::clone(&read),
        })?;
        Ok(Self {
            reader,
            read,
            length,
        })
    }

    /// How many bytes of the file itself were read, of how many: for a progress bar.
    pub fn progress(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.length)
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("read", &self.read)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Unpacks what begins as gzip or zstd does, passes on everything else. For what can be read only once; a file is
/// opened with [`open`].
pub fn unpack(mut reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut magic = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut magic)?;
    let kind = magic.clone();
    let whole = Cursor::new(magic).chain(reader);
    Ok(match packing(&kind) {
        Some(Packing::Gzip) => Box::new(MultiGzDecoder::new(whole)),
        Some(Packing::Zstd) => Box::new(zstd::Decoder::new(whole)?),
        None => Box::new(whole),
    })
}

enum Packing {
    Gzip,
    Zstd,
}

fn packing(head: &[u8]) -> Option<Packing> {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Some(Packing::Gzip),
        // The second is a frame to be skipped, which may stand first.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packing::Zstd),
        _ => None,
    }
}

/// Whether a file that begins so is packed.
pub(crate) fn is_packed(head: &[u8]) -> bool {
    packing(head).is_some()
}

/// Counts what is read.
struct Counted<R> {
    packed: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.packed.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
