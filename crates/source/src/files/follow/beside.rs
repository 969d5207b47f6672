//! Files beside the one that is followed: what it became.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::file_mark::has_mark;
use super::followed_file::FileId;
use crate::position::{FileMark, Position, ResumeState};

/// How many files of a folder are looked at.
const FILES_MAX: usize = 10_000;

/// A file beside the one that is followed.
pub(super) struct FileBeside {
    pub(super) id: FileId,
    length: u64,
    path: PathBuf,
}

impl FileBeside {
    /// Opens it, if it is there still and has more than so many bytes; exactly so many when it `may_grow`.
    pub(super) fn open_beyond(&self, at: u64, may_grow: bool) -> Option<File> {
        let may_have_more = self.length > at || (may_grow && self.length == at);
        may_have_more.then(|| File::open(&self.path).ok()).flatten()
    }
}

/// The plain files in the folder of a path but for one. What cannot be read is left out: it is looked for what may be
/// there, and a gap says that something may be missing.
pub(super) fn files_beside(path: &Path, but: FileId) -> Vec<FileBeside> {
    entries_beside(path)
        .filter_map(|entry| {
            let metadata = fs::metadata(entry.path()).ok()?;
            let id = FileId::from(&metadata);
            (metadata.is_file() && id != but).then(|| FileBeside {
                id,
                length: metadata.len(),
                path: entry.path(),
            })
        })
        .collect()
}

/// The plain files beside a path whose names begin with its name, and that were renamed, linked or changed since.
pub(super) fn renamed_since(path: &Path, since_ms: i64) -> Vec<FileId> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    entries_beside(path)
        .filter(|entry| {
            let other = entry.file_name();
            other.as_encoded_bytes() != name && other.as_encoded_bytes().starts_with(name)
        })
        .filter_map(|entry| fs::metadata(entry.path()).ok())
        .filter(|metadata| {
            let changed_ms = metadata.ctime() * 1000 + metadata.ctime_nsec() / 1_000_000;
            metadata.is_file() && changed_ms >= since_ms
        })
        .map(|metadata| FileId::from(&metadata))
        .collect()
}

fn entries_beside(path: &Path) -> impl Iterator<Item = fs::DirEntry> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(FILES_MAX)
}

/// Takes the file out in which a position is, and which has more than it, unless it `may_grow`.
pub(super) fn take_match(
    files: &mut Vec<FileBeside>,
    position: &Position,
    may_grow: bool,
    wanted: impl Fn(&FileBeside) -> bool,
) -> io::Result<Option<File>> {
    if mark_of(position).is_none() {
        return Ok(None);
    }
    for at in 0..files.len() {
        if wanted(&files[at])
            && let Some(file) = files[at].open_beyond(position.at.unwrap_or(0), may_grow)
            && has_it(&file, position)?
        {
            files.swap_remove(at);
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Whether a file has what was read before a position, as far as that is known.
pub(super) fn has_it(file: &File, position: &Position) -> io::Result<bool> {
    match mark_of(position) {
        Some(mark) => has_mark(file, mark),
        None => Ok(file.metadata()?.len() >= position.at.unwrap_or(0)),
    }
}

pub(super) fn mark_of(position: &Position) -> Option<&FileMark> {
    match &position.state {
        ResumeState::FollowedFile { mark, .. } => mark.as_ref(),
        _ => None,
    }
}
