//! The lake in a folder: an object is a file of its name.
//!
//! A body is written to a temporary file and synced before it gets its name, and the folder is synced after. A name is
//! *created* with a hard link, which fails if the name exists. That needs no lock, so a process that is stopped in the
//! middle holds up no other. *Swaps*, replacements and removals take turns under a lock on a file, which
//! the system gives back when a process dies.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use super::error::{Error, Result};
use super::{Object, PutOutcome, SeenObject, SwapOutcome, Tag};

/// The folder of what is the lake's own; no object can have a name that begins with a dot.
const OWN: &str = ".lake";
/// What a killed process left in the folder of temporary files is removed when it is so old.
const REMAINS_KEPT: Duration = Duration::from_secs(24 * 3600);
/// How often a lock is tried.
const LOCK_INTERVAL: Duration = Duration::from_millis(5);

/// Makes temporary names of one process different.
static NUMBER: AtomicU64 = AtomicU64::new(0);

pub(super) struct FolderStore {
    dir: PathBuf,
    /// Device and inode of the folder when it was opened.
    opened: (u64, u64),
    patience: Duration,
}

impl FolderStore {
    /// Makes the folder, its name durable.
    pub(super) fn create(dir: &Path) -> Result<()> {
        if dir.is_file() {
            return Err(Error::Unsuitable {
                lake: dir.display().to_string(),
                reason: "it is a file; give the path of a folder".to_owned(),
            });
        }
        create_dirs(&dir.join(OWN).join("tmp"))
    }

    pub(super) fn open(dir: &Path, patience: Duration) -> Result<Self> {
        fs::read_dir(dir).map_err(Error::io("open the lake", dir))?;
        let disk = Self {
            dir: dir.to_owned(),
            opened: number(dir).map_err(Error::io("look at", dir))?,
            patience,
        };
        disk.sweep();
        Ok(disk)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn put_new(&self, key: &str, body: &Bytes) -> Result<PutOutcome> {
        let path = self.path(key);
        if path.exists() {
            // Its creator may have been killed before the name was durable; who relies on it must not be.
            sync_parent(&path)?;
            return Ok(PutOutcome::Exists);
        }
        let temporary = self.write(key, &mut &body[..])?;
        let parent = parent(&path);
        create_dirs(parent)?;
        let linked = fs::hard_link(&temporary.0, &path);
        let put = match linked {
            Ok(()) => PutOutcome::Created(Tag(SeenObject::Content(body.clone()))),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => PutOutcome::Exists,
            // Two ways in which file systems say that they have none.
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
                ) =>
            {
                return Err(Error::Unsuitable {
                    lake: self.dir.display().to_string(),
                    reason: format!(
                        "its file system does not support hard links ({e}); use a folder on another file system"
                    ),
                });
            }
            Err(e) => return Err(Error::io("link", &path)(e)),
        };
        sync_parent(&path)?;
        Ok(put)
    }

    pub(super) fn put_if(&self, key: &str, seen: &Bytes, body: &Bytes) -> Result<SwapOutcome> {
        let path = self.path(key);
        let temporary = self.write(key, &mut &body[..])?;
        let _lock = self.lock()?;
        match read(&path)? {
            Some(found) if found == *seen => {}
            _ => return Ok(SwapOutcome::Lost),
        }
        temporary.rename(&path)?;
        Ok(SwapOutcome::Stored(Tag(SeenObject::Content(body.clone()))))
    }

    pub(super) fn put_from(&self, key: &str, body: &mut dyn Read) -> Result<()> {
        let path = self.path(key);
        let temporary = self.write(key, body)?;
        create_dirs(parent(&path))?;
        let _lock = self.lock()?;
        temporary.rename(&path)
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        let found = read(&self.path(key))?;
        Ok(found.map(|body| (body.clone(), Tag(SeenObject::Content(body)))))
    }

    pub(super) fn list(&self, prefix: &str, each: &mut dyn FnMut(Object)) -> Result<()> {
        let mut prefix = prefix.to_owned();
        walk(&self.dir.join(&prefix), &mut prefix, each)
    }

    pub(super) fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key);
        let _lock = self.lock()?;
        match fs::remove_file(&path) {
            Ok(()) => sync_parent(&path),
            Err(e) if is_absence(&e) => Ok(()),
            Err(e) => Err(Error::io("remove", &path)(e)),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.dir.join(key)
    }

    /// A durable file without a name of its own yet.
    fn write(&self, key: &str, body: &mut dyn Read) -> Result<Temporary> {
        self.check_folder()?;
        let dir = self.dir.join(OWN).join("tmp");
        create_dirs(&dir)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let temporary = Temporary(dir.join(format!("{}-{number}", std::process::id())));
        let path = &temporary.0;
        // What a process of the same number left is written over: it is dead.
        let mut file = File::create(path).map_err(Error::io("create", path))?;
        let mut part = vec![0; 64 << 10];
        loop {
            let n = match body.read(&mut part) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    let key = key.to_owned();
                    return Err(Error::Body { key, source });
                }
            };
            file.write_all(&part[..n])
                .map_err(Error::io("write", path))?;
        }
        file.sync_all().map_err(Error::io("sync", path))?;
        Ok(temporary)
    }

    /// Writes nothing to a folder that took the place of the one that was opened: it may be another journal's.
    fn check_folder(&self) -> Result<()> {
        let reason = match number(&self.dir) {
            Ok(found) if found == self.opened => return Ok(()),
            Ok(_) => "another folder was put in its place",
            Err(e) if is_absence(&e) => "it was removed or renamed",
            Err(e) => return Err(Error::io("look at", &self.dir)(e)),
        };
        Err(Error::Unsuitable {
            lake: self.dir.display().to_string(),
            reason: format!(
                "{reason} while headcount used it; put it back and start headcount again"
            ),
        })
    }

    /// Waits for its turn, but not for ever: a process that was stopped may have it.
    fn lock(&self) -> Result<File> {
        let path = self.dir.join(OWN).join("lock");
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        let since = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if since.elapsed() < self.patience => {
                    std::thread::sleep(LOCK_INTERVAL);
                }
                Err(TryLockError::WouldBlock) => {
                    let busy = io::Error::new(
                        io::ErrorKind::TimedOut,
                        "another process holds its lock; check for a stopped process",
                    );
                    return Err(Error::io("lock", &path)(busy));
                }
                Err(TryLockError::Error(e)) => return Err(Error::io("lock", &path)(e)),
            }
        }
    }

    /// Removes what killed processes left. That it cannot is no reason not to work.
    fn sweep(&self) {
        let Ok(remains) = fs::read_dir(self.dir.join(OWN).join("tmp")) else {
            return;
        };
        for file in remains.flatten() {
            let old = file
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|at| {
                    SystemTime::now().duration_since(at).unwrap_or_default() > REMAINS_KEPT
                });
            if old {
                let _ = fs::remove_file(file.path());
            }
        }
    }
}

/// A file that goes away unless it gets a name.
struct Temporary(PathBuf);

impl Temporary {
    /// Gives it its name, durably.
    fn rename(self, path: &Path) -> Result<()> {
        fs::rename(&self.0, path).map_err(Error::io("rename to", path))?;
        sync_parent(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn read(path: &Path) -> Result<Option<Bytes>> {
    match fs::read(path) {
        Ok(body) => Ok(Some(Bytes::from(body))),
        Err(e) if is_absence(&e) => Ok(None),
        // A name that others are under is the name of no object.
        Err(e) if e.kind() == io::ErrorKind::IsADirectory => Ok(None),
        Err(e) => Err(Error::io("read", path)(e)),
    }
}

fn number(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|meta| (meta.dev(), meta.ino()))
}

fn is_absence(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// All files under `dir`, whose names begin with `prefix`, in the order of their names.
fn walk(dir: &Path, prefix: &mut String, each: &mut dyn FnMut(Object)) -> Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if is_absence(&e) => return Ok(()),
        Err(e) => return Err(Error::io("list", dir)(e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("list", dir))?;
        // Hidden names and names that are no text are nobody's objects.
        let Some(name) = entry
            .file_name()
            .to_str()
            .filter(|n| !n.starts_with('.'))
            .map(str::to_owned)
        else {
            continue;
        };
        match entry.metadata() {
            // As S3 orders names: a folder's have a `/` behind them.
            Ok(meta) if meta.is_dir() => found.push((name + "/", None)),
            Ok(meta) => found.push((name, Some(meta.len()))),
            // Removed while we looked.
            Err(e) if is_absence(&e) => {}
            Err(e) => return Err(Error::io("look at", &entry.path())(e)),
        }
    }
    found.sort_unstable();
    let length = prefix.len();
    for (name, bytes) in found {
        prefix.push_str(&name);
        match bytes {
            Some(bytes) => each(Object {
                key: prefix.clone(),
                bytes,
            }),
            None => walk(&dir.join(OsStr::new(&name)), prefix, each)?,
        }
        prefix.truncate(length);
    }
    Ok(())
}

/// Creates a folder and those above it, each name durable.
fn create_dirs(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    create_dirs(parent(dir))?;
    match fs::create_dir(dir) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
        Err(e) => return Err(Error::io("create", dir)(e)),
    }
    sync_parent(dir)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

fn sync_parent(path: &Path) -> Result<()> {
    let dir = parent(path);
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(Error::io("sync", dir))
}
