//! Whether the folders of a journal are still the ones that were opened.
//!
//! Open files follow a folder that is renamed, and outlive one that is removed. So a process would go on writing where
//! nobody looks any more, while another one may begin anew at the old place.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// Folders as they were when the journal was opened: device and inode.
pub(crate) struct FolderIdentity(Vec<(PathBuf, (u64, u64))>);

impl FolderIdentity {
    /// Remembers folders that are there.
    pub(crate) fn of(folders: impl IntoIterator<Item = PathBuf>) -> Result<Self> {
        let folders = folders.into_iter().map(|path| match number(&path) {
            Ok(number) => Ok((path, number)),
            Err(error) => Err(Error::io("look at", &path)(error)),
        });
        folders.collect::<Result<_>>().map(Self)
    }

    /// # Errors
    /// [`Error::Moved`] names the first folder that is not at its place. A folder that cannot be looked at is taken to be
    /// there: reading and writing will say what is wrong with it.
    pub(crate) fn check(&self) -> Result<()> {
        for (path, opened) in &self.0 {
            let what = match number(path) {
                Ok(found) if found == *opened => continue,
                Ok(_) => "another folder was put in its place",
                Err(error) if is_absence(&error) => "it was removed or renamed",
                Err(_) => continue,
            };
            return Err(Error::Moved {
                path: path.clone(),
                what,
            });
        }
        Ok(())
    }
}

fn number(path: &PathBuf) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|meta| (meta.dev(), meta.ino()))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
