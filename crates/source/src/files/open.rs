//! What is in a file, whatever it is packed in.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::archive::BoxedReader;
use super::file_unpacker::FileUnpacker;
use super::format::{Format, format_of};

/// The content of a file: what it holds when it is unpacked.
pub struct FileContent {
    reader: BoxedReader,
    packed: Arc<AtomicU64>,
    length: u64,
}

/// Opens a file. What it is packed in (gzip, zstd, xz, bzip2, lz4, tar, zip; also several members one after another,
/// and one in another) and whether it is UTF-16 is told by its first bytes, so a wrong or missing ending of its name
/// does no harm.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] when it is of a known format that is not read here; the sentence says which one and
/// what converts it. Reading fails when it is damaged, or unpacks to more than any recording does.
pub fn open(path: &Path) -> io::Result<FileContent> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return FileContent::new(file, metadata.len());
    }
    // A pipe or a device has no length, and no way back.
    let packed = Arc::default();
    Ok(FileContent {
        reader: unpack_counted(file, &packed)?,
        packed,
        length: 0,
    })
}

/// As [`open`], for what is in memory.
pub(crate) fn open_bytes(bytes: Bytes) -> io::Result<FileContent> {
    let length = bytes.len() as u64;
    FileContent::new(Cursor::new(bytes), length)
}

impl FileContent {
    fn new(packed: impl Read + Seek + Send + 'static, length: u64) -> io::Result<Self> {
        let count = Arc::new(AtomicU64::new(0));
        let reader = FileUnpacker::new(Arc::clone(&count)).open_seekable(Metered {
            packed,
            count: Arc::clone(&count),
        })?;
        Ok(Self {
            reader,
            packed: count,
            length,
        })
    }

    /// How many bytes of the file itself were read, of how many (0 if unknown): for a progress bar.
    pub fn progress(&self) -> (u64, u64) {
        // Beginnings are read twice.
        let read = self.packed.load(Ordering::Relaxed);
        (read.min(self.length), self.length)
    }
}

impl Read for FileContent {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileContent")
            .field("packed", &self.packed)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Unpacks what can be read only once, such as standard input, as [`open`] does a file; only a zip cannot be read so.
pub fn unpack(reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    unpack_counted(reader, &Arc::default())
}

fn unpack_counted(
    packed: impl Read + Send + 'static,
    count: &Arc<AtomicU64>,
) -> io::Result<BoxedReader> {
    FileUnpacker::new(Arc::clone(count)).open(Box::new(Metered {
        packed,
        count: Arc::clone(count),
    }))
}

/// Whether what begins so is read as it stands.
pub(super) fn is_plain(head: &[u8]) -> bool {
    format_of(head, true) == Some(Format::Plain)
}

/// Counts what is read.
struct Metered<R> {
    packed: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.packed.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.packed.seek(to)
    }
}
