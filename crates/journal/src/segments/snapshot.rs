//! What a consistent copy of a journal consists of, also while another process writes it.
//!
//! Segments only grow, so the bytes up to the end of a complete group are the same whenever they are read. Nothing is locked
//! and nothing is kept from changing.

use std::path::{Path, PathBuf};

use crate::Offset;
use crate::error::Result;
use crate::segments::disk::Disk;
use crate::segments::kinds_file;
use crate::segments::manifest::NAME;
use crate::segments::mark::{self, Mark};
use crate::segments::partition_dir::PartitionDir;
use crate::segments::read_only::read_manifest;

/// A journal as it was at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// As [`Journal::id`](crate::Journal::id).
    pub id: u64,
    /// Of each partition the first offset and one past the last.
    pub partitions: Vec<(Offset, Offset)>,
    /// The description of the journal is the last, for without it there is no journal.
    pub files: Vec<SnapshotFile>,
}

/// A file of a snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotFile {
    /// Where it is, relative to the journal's folder.
    pub path: PathBuf,
    /// What it is to hold.
    pub content: SnapshotContent,
    /// Whether the file never changes any more.
    pub is_constant: bool,
}

/// The content of a file of a snapshot.
#[derive(Debug, Clone)]
pub enum SnapshotContent {
    /// So many bytes from the beginning of the journal's file.
    Prefix(u64),
    /// These bytes, for the file itself changes.
    Bytes(Vec<u8>),
}

/// Looks at the journal in `dir` and says what a copy of it consists of.
///
/// # Errors
/// When the journal is damaged as far as headers, marks and last segments tell.
pub fn snapshot(dir: impl AsRef<Path>) -> Result<Snapshot> {
    let (disk, dir) = (Disk::Real, dir.as_ref());
    let manifest = read_manifest(&disk, dir)?;
    let mut snapshot = Snapshot {
        id: manifest.id,
        partitions: Vec::new(),
        files: Vec::new(),
    };
    for folder in manifest.folders(&disk, dir) {
        snapshot.add(dir, &folder)?;
    }
    // After the ends of the partitions: a schema has its kinds before the first entry that has one.
    if let Some(kinds) = kinds_file::text_in(&disk, dir)? {
        snapshot.add_bytes(kinds_file::NAME, kinds);
    }
    snapshot.add_bytes(NAME, manifest.to_text().into_bytes());
    Ok(snapshot)
}

impl Snapshot {
    fn add_bytes(&mut self, path: impl Into<PathBuf>, bytes: Vec<u8>) {
        self.files.push(SnapshotFile {
            path: path.into(),
            content: SnapshotContent::Bytes(bytes),
            is_constant: false,
        });
    }

    fn add(&mut self, journal: &Path, folder: &PartitionDir) -> Result<()> {
        // First, so that what it says was durable before the end is looked for.
        let marked = Mark::read(folder)?;
        let segments = folder.segments()?;
        let end = folder.find_end(&segments)?.cursor;
        folder.check_end(marked, end.next)?;
        let first = segments[0].header.base;
        let relative = |path: &Path| path.strip_prefix(journal).unwrap_or(path).to_owned();
        for (index, segment) in segments.iter().enumerate() {
            let next = segments.get(index + 1);
            self.files.push(SnapshotFile {
                path: relative(&segment.path),
                content: SnapshotContent::Prefix(next.map_or(end.pos, |next| next.header.prev_end)),
                is_constant: next.is_some(),
            });
        }
        let mark = Mark {
            first,
            end: end.next,
        };
        let content = mark::content(folder, mark).to_vec();
        self.add_bytes(relative(&mark::path_of(&folder.dir)), content);
        self.partitions.push((first, end.next));
        Ok(())
    }
}
