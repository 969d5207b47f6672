//! One process at a time: an advisory lock, which the system gives back when the process ends.
//!
//! It is on the journal's folder itself, which nobody can remove while the journal is in it, and besides on a file in it,
//! because some network file systems lock no folders. The file says who holds the lock. A process that removes the file,
//! or puts another in its place, changes nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::error::{Error, Result};

const NAME: &str = "lock";

/// Held as long as the journal is open.
#[derive(Debug)]
pub(crate) struct Lock {
    _folder: File,
    _file: File,
}

impl Lock {
    /// Takes the lock of the journal in `dir`, or says who has it.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join(NAME);
        let folder = File::open(dir).map_err(Error::io("open", dir))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        let locked = |error| match error {
            TryLockError::WouldBlock => None,
            TryLockError::Error(error) => Some(error),
        };
        // Where folders cannot be locked, the file alone must do.
        let is_taken = matches!(folder.try_lock(), Err(TryLockError::WouldBlock));
        match file.try_lock().map_err(locked) {
            Ok(()) if !is_taken => {}
            Ok(()) | Err(None) => {
                return Err(Error::Locked {
                    path: dir.to_owned(),
                    pid: owner(&mut file),
                });
            }
            Err(Some(error)) => return Err(Error::io("lock", &path)(error)),
        }
        // The number is for the message only, so failing to write it is no reason not to start.
        let _ = sign(&mut file);
        Ok(Self {
            _folder: folder,
            _file: file,
        })
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
