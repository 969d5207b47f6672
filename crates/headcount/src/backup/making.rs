//! Making a backup, also while another process writes the data folder.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use headcount_journal::{Snapshot, SnapshotContent};

use super::{
    copying::{CopiedFile, copy_file, sync_folders, write_file},
    manifest::{BackedUpFile, BackupManifest, NAME},
};
use crate::{
    data::DataDir,
    exit::{CANNOT_CREATE, DATA, exit},
    lost_entries::ensure_whole,
    store::JournalSnapshot,
};

/// What the batch worker makes anew from the journal. It writes there whenever it likes, so a copy would be of no one moment.
const LEFT_OUT: [&str; 2] = ["batch", "lake/tables"];
/// How often everything is copied at most.
const TRIES: usize = 5;

/// What was done.
pub(crate) struct BackupSummary {
    pub(crate) entries: u64,
    pub(crate) copied: usize,
    pub(crate) copied_bytes: u64,
    /// Files of the backup before that are used again.
    pub(crate) reused: usize,
    /// Whether the key of people was in the folder.
    pub(crate) has_people_key: bool,
}

/// A backup that is being made.
struct NewBackup<'a> {
    data: &'a Path,
    /// The folder that the files go to.
    to: PathBuf,
    /// The constant files of the backup before, by path, and its folder.
    earlier: HashMap<String, BackedUpFile>,
    earlier_folder: PathBuf,
    files: Vec<BackedUpFile>,
    copied: usize,
    reused: usize,
}

/// Backs up a data folder into `backup`.
pub(crate) fn back_up(data: &DataDir, backup: &Path, now_ms: i64) -> Result<BackupSummary> {
    // Also for a clear error before anything is made.
    let id = headcount_journal::snapshot(data.journal())?.id;
    let earlier = prepare(data, backup, id)?;
    let copy = earlier.as_ref().map_or(1, |earlier| earlier.copy + 1);
    let mut new = NewBackup {
        data: data.path(),
        to: folder(backup, copy),
        earlier_folder: folder(backup, copy - 1),
        earlier: earlier
            .into_iter()
            .flat_map(|manifest| manifest.files)
            .filter(|file| file.is_constant)
            .map(|file| (file.path.clone(), file))
            .collect(),
        files: Vec::new(),
        copied: 0,
        reused: 0,
    };
    let snapshot = new.fill_while_retention_goes_on(data)?;
    let summary = BackupSummary {
        entries: snapshot
            .partitions
            .iter()
            .map(|(first, end)| end - first)
            .sum(),
        copied: new.copied,
        copied_bytes: new.files.iter().map(|file| file.bytes).sum(),
        reused: new.reused,
        has_people_key: new.files.iter().any(|file| file.path == "people.key"),
    };
    BackupManifest::new(id, now_ms, copy, snapshot.partitions, new.files)
        .write(backup)
        .with_context(|| format!("write {}", backup.join(NAME).display()))?;
    remove_copies(backup, Some(copy))?;
    Ok(summary)
}

/// Where the partitions begin.
fn firsts(data: &DataDir) -> Result<Vec<u64>> {
    let report = headcount_journal::stat(data.journal())?;
    Ok(report.partitions.iter().map(|part| part.first).collect())
}

/// The folder of a backup's files.
pub(crate) fn folder(backup: &Path, copy: u64) -> PathBuf {
    backup.join(format!("copy-{copy}"))
}

/// Makes the folder of a backup, or finds an earlier backup of the same journal in it.
fn prepare(data: &DataDir, backup: &Path, journal: u64) -> Result<Option<BackupManifest>> {
    fs::create_dir_all(backup).with_context(|| format!("create {}", backup.display()))?;
    let inside = fs::canonicalize(backup)?.starts_with(fs::canonicalize(data.path())?);
    let refuse = |reason: String| {
        let shown = backup.display();
        Err(exit(CANNOT_CREATE, format!("{shown} {reason}")))
    };
    if inside {
        return refuse("lies in the data folder; back up to another place".to_owned());
    }
    let earlier = BackupManifest::find(backup)?;
    match &earlier {
        Some(earlier) if earlier.journal != format!("{journal:016x}") => {
            return refuse(format!(
                "holds a backup of another journal, {}; give each data folder a backup folder of its own",
                earlier.journal
            ));
        }
        Some(_) => {}
        None => {
            if let Some(name) = stranger_in(backup)? {
                return refuse(format!(
                    "is not empty and holds no backup: it has {name}; choose a new folder"
                ));
            }
        }
    }
    // What an interrupted backup has left.
    remove_copies(backup, earlier.as_ref().map(|earlier| earlier.copy))?;
    Ok(earlier)
}

/// Something in a folder that no backup has made.
fn stranger_in(backup: &Path) -> Result<Option<String>> {
    for entry in fs::read_dir(backup)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if number_of(&name).is_none() && name != "backup.json.tmp" {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("copy-")?.parse().ok()
}

fn remove_copies(backup: &Path, but: Option<u64>) -> Result<()> {
    for entry in fs::read_dir(backup)? {
        let entry = entry?;
        let number = number_of(&entry.file_name().to_string_lossy());
        if number.is_some() && number != but {
            let path = entry.path();
            fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Everything but the journal: first what says how far something is, then what it speaks of.
fn files_before_the_journal(data: &DataDir) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    walk(data.path(), Path::new(""), &mut files)
        .with_context(|| format!("list {}", data.path().display()))?;
    let left_out = |path: &Path| LEFT_OUT.iter().any(|folder| path.starts_with(folder));
    files.retain(|path| !path.starts_with("journal") && !left_out(path));
    let raw = Path::new("lake/raw");
    files.sort_by_key(|path| path.starts_with(raw));
    Ok(files)
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let name = entry?.file_name();
        let path = folder.join(&name);
        let kind = match fs::metadata(root.join(&path)) {
            Ok(kind) => kind,
            // It was there a moment ago.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if kind.is_dir() {
            walk(root, &path, files)?;
        } else if kind.is_file() && !name.to_string_lossy().ends_with(".tmp") {
            files.push(path);
        }
    }
    Ok(())
}

impl NewBackup<'_> {
    /// Copies everything; once more if retention has deleted meanwhile what a checkpoint that was copied before still needs.
    fn fill_while_retention_goes_on(&mut self, data: &DataDir) -> Result<Snapshot> {
        for _ in 1..TRIES {
            let before = firsts(data)?;
            match self.fill(data) {
                Err(error) if firsts(data)? != before => {
                    tracing::debug!("{error:#}; retention has moved on, copying once more");
                }
                filled => return filled,
            }
            fs::remove_dir_all(&self.to)
                .with_context(|| format!("remove {}", self.to.display()))?;
            self.files.clear();
            (self.copied, self.reused) = (0, 0);
        }
        self.fill(data)
    }

    fn fill(&mut self, data: &DataDir) -> Result<Snapshot> {
        fs::create_dir(&self.to).with_context(|| format!("create {}", self.to.display()))?;
        for file in files_before_the_journal(data)? {
            self.add(&file)?;
        }
        let snapshot = self.add_journal(data)?;
        sync_folders(&self.to).with_context(|| format!("sync {}", self.to.display()))?;
        // What is in the manifest must be restorable.
        let copy = DataDir::new(self.to.clone());
        ensure_whole(&copy)?;
        JournalSnapshot::read(&copy)?;
        Ok(snapshot)
    }

    /// Copies a file of the data folder. One that has been removed since it was listed is left out.
    fn add(&mut self, path: &Path) -> Result<()> {
        let from = self.data.join(path);
        let is_constant = path.starts_with("lake/raw");
        let bytes = match fs::metadata(&from) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).context(format!("read {}", from.display())),
        };
        if is_constant && self.reuse(path, bytes)? {
            return Ok(());
        }
        match copy_file(&from, &self.to.join(path), u64::MAX) {
            Ok(copied) => {
                self.keep(path, copied, is_constant);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).context(format!("copy {}", from.display())),
        }
    }

    /// Copies the journal, as it is now.
    fn add_journal(&mut self, data: &DataDir) -> Result<Snapshot> {
        let snapshot = headcount_journal::snapshot(data.journal())?;
        for file in &snapshot.files {
            let path = Path::new("journal").join(&file.path);
            let to = self.to.join(&path);
            let copied = match &file.content {
                SnapshotContent::Prefix(bytes) => {
                    if file.is_constant && self.reuse(&path, *bytes)? {
                        continue;
                    }
                    let copied = copy_file(&self.data.join(&path), &to, *bytes)
                        .with_context(|| format!("copy {}", path.display()))?;
                    ensure!(
                        copied.bytes == *bytes,
                        "{} has {} bytes, fewer than the {bytes} that it had a moment ago",
                        path.display(),
                        copied.bytes
                    );
                    copied
                }
                SnapshotContent::Bytes(bytes) => write_file(&mut &**bytes, &to, 0o644)
                    .with_context(|| format!("write {}", to.display()))?,
            };
            self.keep(&path, copied, file.is_constant);
        }
        Ok(snapshot)
    }

    /// Uses the file of the backup before, if it is there and the same.
    fn reuse(&mut self, path: &Path, bytes: u64) -> Result<bool> {
        let Some(file) = self.earlier.get(&*path.to_string_lossy()) else {
            return Ok(false);
        };
        let (old, new) = (self.earlier_folder.join(path), self.to.join(path));
        let is_there = fs::metadata(&old).is_ok_and(|found| found.len() == bytes);
        if file.bytes != bytes || !is_there {
            return Ok(false);
        }
        fs::create_dir_all(new.parent().unwrap_or(&self.to))
            .with_context(|| format!("create the folder of {}", new.display()))?;
        // A file system without hard links gets a copy.
        if fs::hard_link(&old, &new).is_err() {
            return Ok(false);
        }
        self.files.push(file.clone());
        self.reused += 1;
        Ok(true)
    }

    fn keep(&mut self, path: &Path, copied: CopiedFile, is_constant: bool) {
        self.copied += 1;
        self.files.push(BackedUpFile {
            path: path.to_string_lossy().into_owned(),
            bytes: copied.bytes,
            sha256: copied.sha256,
            mode: copied.mode,
            is_constant,
        });
    }
}

/// Makes a data folder out of a backup; the journal's description is the last file, for without it there is no journal.
pub(crate) fn put_in_place(backup: &Path, manifest: &BackupManifest, to: &Path) -> Result<()> {
    let from = folder(backup, manifest.copy);
    for file in &manifest.files {
        let (source, target) = (from.join(&file.path), to.join(&file.path));
        let copied = copy_file(&source, &target, u64::MAX)
            .with_context(|| format!("restore {}", source.display()))?;
        if (copied.bytes, &copied.sha256) != (file.bytes, &file.sha256) {
            return Err(exit(
                DATA,
                format!(
                    "{} is not what was backed up: it has {} bytes and SHA-256 {}, the manifest says {} bytes and {}; use another \
                     backup",
                    source.display(),
                    copied.bytes,
                    copied.sha256,
                    file.bytes,
                    file.sha256
                ),
            ));
        }
    }
    sync_folders(to).with_context(|| format!("sync {}", to.display()))
}
