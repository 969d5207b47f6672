//! Files and folders for the build script.

use std::{fs, io, path::Path};

use crate::{Trouble, wrong};

/// Folders of the page's source that are made, not written.
const MADE: [&str; 2] = ["node_modules", "dist"];

/// Runs the script again when this changes. A path that does not exist would run it every time.
pub(crate) fn watch(path: &Path) {
    if path.exists() {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// Watches what is written in a folder of source, without walking what is made there.
pub(crate) fn watch_source(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !is_made(&entry) {
            watch(&entry.path());
        }
    }
}

/// Makes a folder with nothing in it.
pub(crate) fn empty(folder: &Path) -> Result<(), Trouble> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(|error| wrong(format!("create {}", folder.display()), error))
}

/// Copies a folder, without what is made in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Trouble> {
    let doing = || format!("copy {} to {}", from.display(), to.display());
    try_copy(from, to).map_err(|error| wrong(doing(), error))
}

/// Removes what was copied before, so that a deleted file does not live on, and keeps what was made.
pub(crate) fn remove_copied(folder: &Path) -> Result<(), Trouble> {
    try_remove_copied(folder).map_err(|error| wrong(format!("clear {}", folder.display()), error))
}

fn try_copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if is_made(&entry) {
            continue;
        }
        if entry.path().is_dir() {
            try_copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn try_remove_copied(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_made(&entry) {
            continue;
        }
        if entry.path().is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_made(entry: &fs::DirEntry) -> bool {
    MADE.iter().any(|name| entry.file_name() == *name)
}
