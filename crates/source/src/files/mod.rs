//! Recordings: files and folders of them, packed or not, read to the end, replayed, or followed as they grow.
//!
//! A file is known by its content: the position in it is bound to the SHA-256 of what is in it (unpacked), so a copy,
//! another name or another packing of the same recording is the same source, and a file that changed is another one.

mod archive;
mod file_unpacker;
mod follow;
mod format;
mod identity;
mod import;
pub(crate) mod objects;
mod open;
mod other_text;
mod pace;
mod parts;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use open::{FileContent, open, unpack};
pub use other_text::other_text;

pub use crate::address::{Fetch, Objects};
use crate::address::{FileAddress, FilePace};
use crate::error::{Ended, Error};
use crate::run::Context;

/// The files an address or an argument stands for: itself, or what is in the folder and below it, in order of their
/// paths. What begins with a dot is left out.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |cause: io::Error| Error::Open {
        path: path.to_owned(),
        cause,
    };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |cause: io::Error| Error::Open {
            path: folder.clone(),
            cause,
        };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // A link to a folder may lead back to where it stands.
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file()
                || fs::metadata(entry.path()).is_ok_and(|linked| linked.is_file())
            {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Runs the source of a `file:` address.
pub(crate) async fn run(address: FileAddress, mut context: Context) -> Result<Ended, Error> {
    let FileAddress { path, pace } = address;
    if pace == FilePace::Follow {
        return follow::run(path, context).await;
    }
    let listed = path.clone();
    let files = blocking(&path, move || files_of(&listed)).await??;
    // A file that cannot be read takes nothing from its neighbours.
    let mut failed = Ok(Ended::Finished);
    for file in files {
        match import::run(&file, pace, &mut context).await {
            Ok(Ended::Finished) => {}
            Ok(Ended::Stopped) => return Ok(Ended::Stopped),
            Err(stopped @ Error::Stopped(_)) => return Err(stopped),
            Err(error) => {
                context.report.trouble(error.to_string());
                failed = failed.and(Err(error));
            }
        }
    }
    failed
}

/// Runs something that waits for the disk on a thread where it may.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Broken(path.display().to_string()))
}
