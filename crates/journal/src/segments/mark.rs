//! `p000.mark`: what a partition durably knows of itself, beside the folder of its segments.
//!
//! ```text
//!  0     8         12          14    16        24        32      40    48
//!  | magic | version | partition | 0 0 | journal | counter | first | end | crc |     again at byte 512
//! ```
//!
//! `first` is the first offset that the partition is to have: 0, or what retention has left. `end` is an offset up to which
//! everything was durable. A partition that begins later or ends earlier has lost entries, which nothing else would tell
//! from a write that was interrupted.
//!
//! `end` follows each sync with a plain write, which costs a microsecond: a kill leaves it exact. It is synced when a segment
//! begins and when the journal is closed; a power cut may set it back, which is harmless, for then it asks for less. The two
//! slots lie in sectors of their own and take turns, so a torn write damages one and leaves the other.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Offset;
use crate::error::{Error, Result};
use crate::segments::FORMAT_VERSION;
use crate::segments::disk::File;
use crate::segments::frame::{u16_at, u32_at, u64_at};
use crate::segments::partition_dir::PartitionDir;

const MAGIC: [u8; 8] = *b"HEADMARK";
const SLOT_BYTES: usize = 52;
/// Where the slots begin.
const SLOTS: [usize; 2] = [0, 512];
const FILE_BYTES: usize = SLOTS[1] + SLOT_BYTES;

/// What a partition must hold at least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The first offset that is kept.
    pub(crate) first: Offset,
    /// One past the last offset that is known to have been durable.
    pub(crate) end: Offset,
}

/// The mark of a partition that is open for appending. Clones are the same: the writer notes the end, and retention the
/// beginning.
#[derive(Clone)]
pub(crate) struct MarkFile(Arc<Mutex<OpenMark>>);

struct OpenMark {
    path: PathBuf,
    file: File,
    journal: u64,
    partition: u16,
    /// The greater one of two slots is the newer.
    counter: u64,
    mark: Mark,
    /// Whether a failure to write `end` has been logged.
    is_stale: bool,
}

impl Mark {
    /// Reads the mark of a partition; `None` if it is missing or no slot is whole.
    pub(crate) fn read(folder: &PartitionDir) -> Result<Option<Self>> {
        Ok(read(folder)?.map(|(_, mark)| mark))
    }
}

impl MarkFile {
    /// Opens the mark of a partition, or makes one that says what the caller has found.
    pub(crate) fn open(folder: &PartitionDir, found: Mark) -> Result<Self> {
        let path = path_of(&folder.dir);
        let (counter, mark, file) = match read(folder)? {
            Some((counter, mark)) => {
                let opened = folder.disk.open_write(&path);
                (counter, mark, opened.map_err(Error::io("open", &path))?)
            }
            None => (1, found, create(folder, found)?),
        };
        Ok(Self(Arc::new(Mutex::new(OpenMark {
            path,
            file,
            journal: folder.journal,
            partition: folder.partition,
            counter,
            mark,
            is_stale: false,
        }))))
    }

    /// Notes that everything before `end` is durable. A failure leaves a mark that asks for less, so it is only logged.
    pub(crate) fn advance(&self, end: Offset) {
        let mut open = self.lock();
        if end > open.mark.end {
            let mark = Mark { end, ..open.mark };
            let written = open.write(mark);
            open.log(written);
        }
    }

    /// Makes the mark durable. A failure is only logged, as above.
    pub(crate) fn settle(&self) {
        let mut open = self.lock();
        let synced = open.sync();
        open.log(synced);
    }

    /// Changes and makes durable what the partition must hold from now on. Retention does so before it removes segments.
    pub(crate) fn change(&self, change: impl FnOnce(Mark) -> Mark) -> Result<()> {
        let mut open = self.lock();
        let mark = change(open.mark);
        open.write(mark)?;
        open.sync()
    }

    /// Sets and makes durable what the partition must hold from now on.
    pub(crate) fn set(&self, mark: Mark) -> Result<()> {
        self.change(|_| mark)
    }

    pub(crate) fn mark(&self) -> Mark {
        self.lock().mark
    }

    /// Nothing that is done under this lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, OpenMark> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenMark {
    fn write(&mut self, mark: Mark) -> Result<()> {
        let counter = self.counter + 1;
        let slot = slot(self.journal, self.partition, counter, mark);
        let at = SLOTS[usize::from(counter.is_multiple_of(2))];
        self.file
            .write_at(&slot, at as u64)
            .map_err(Error::io("write", &self.path))?;
        (self.counter, self.mark) = (counter, mark);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.file.sync().map_err(Error::io("sync", &self.path))
    }

    fn log(&mut self, done: Result<()>) {
        if let Err(error) = done
            && !std::mem::replace(&mut self.is_stale, true)
        {
            tracing::warn!(%error, "cannot note how far a partition of the journal is durable; nothing is lost by that");
        }
    }
}

/// Makes the mark of a partition. Its name is durable once the journal's folder is synced.
pub(crate) fn create(folder: &PartitionDir, mark: Mark) -> Result<File> {
    let path = path_of(&folder.dir);
    let tmp = path.with_extension("mark.tmp");
    let disk = &folder.disk;
    let file = disk.create(&tmp).map_err(Error::io("create", &tmp))?;
    file.write_at(&content(folder, mark), 0)
        .map_err(Error::io("write", &tmp))?;
    file.sync().map_err(Error::io("sync", &tmp))?;
    disk.rename(&tmp, &path)
        .map_err(Error::io("rename", &tmp))?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    disk.sync_dir(dir).map_err(Error::io("sync", dir))?;
    Ok(file)
}

/// The whole file of a mark that was never changed.
pub(crate) fn content(folder: &PartitionDir, mark: Mark) -> [u8; FILE_BYTES] {
    let mut bytes = [0; FILE_BYTES];
    let first = slot(folder.journal, folder.partition, 1, mark);
    bytes[..SLOT_BYTES].copy_from_slice(&first);
    bytes
}

/// `p007.mark` beside the folder `p007`.
pub(crate) fn path_of(dir: &Path) -> PathBuf {
    dir.with_extension("mark")
}

/// The newer whole slot: its counter and what it says.
fn read(folder: &PartitionDir) -> Result<Option<(u64, Mark)>> {
    let path = path_of(&folder.dir);
    let file = match folder.disk.open_read(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("open", &path)(e)),
    };
    let mut bytes = [0; FILE_BYTES];
    file.read_at(&mut bytes, 0)
        .map_err(Error::io("read", &path))?;
    let slots = SLOTS.map(|at| parse(folder, &path, &bytes[at..at + SLOT_BYTES]));
    let [one, two] = slots;
    Ok(one?
        .into_iter()
        .chain(two?)
        .max_by_key(|(counter, _)| *counter))
}

fn parse(folder: &PartitionDir, path: &Path, bytes: &[u8]) -> Result<Option<(u64, Mark)>> {
    let body = SLOT_BYTES - 4;
    if bytes[..8] != MAGIC || u32_at(bytes, body) != crc32fast::hash(&bytes[..body]) {
        return Ok(None);
    }
    let found = u32_at(bytes, 8);
    if found != FORMAT_VERSION {
        return Err(Error::Version {
            path: path.to_owned(),
            found,
            supported: FORMAT_VERSION,
        });
    }
    let is_ours = (u16_at(bytes, 12), u64_at(bytes, 16)) == (folder.partition, folder.journal);
    let mark = Mark {
        first: u64_at(bytes, 32),
        end: u64_at(bytes, 40),
    };
    // One of another partition or journal says nothing of this one.
    Ok(is_ours.then(|| (u64_at(bytes, 24), mark)))
}

fn slot(journal: u64, partition: u16, counter: u64, mark: Mark) -> [u8; SLOT_BYTES] {
    let mut out = Vec::with_capacity(SLOT_BYTES);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    out.extend_from_slice(&partition.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&journal.to_le_bytes());
    out.extend_from_slice(&counter.to_le_bytes());
    out.extend_from_slice(&mark.first.to_le_bytes());
    out.extend_from_slice(&mark.end.to_le_bytes());
    let crc = crc32fast::hash(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out.try_into().expect("the fields above are 52 bytes")
}
