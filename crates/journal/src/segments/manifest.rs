//! `journal.json`: what is fixed when a journal is created.
//!
//! ```json
//! {"magic":"headcount-journal","version":1,"partitions":4,"id":"8d0f3c6e51b2a794","crc32":"05a1c2d3"}
//! ```
//!
//! It is there if and only if all partitions are: it is written last. It is text for people, but read strictly.

use std::path::{Path, PathBuf};

use crate::PARTITIONS_MAX;
use crate::error::{Error, Result};
use crate::segments::FORMAT_VERSION;
use crate::segments::disk::Disk;
use crate::segments::partition_dir::PartitionDir;

pub(crate) const NAME: &str = "journal.json";
const BYTES_MAX: usize = 4096;

/// What a journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) partitions: u16,
    /// A random number in every segment, so that those of two journals cannot be mixed up.
    pub(crate) id: u64,
}

impl Manifest {
    /// Creates a journal in a folder that is there: its partitions, each with its first segment, and then itself.
    /// A crash in between leaves no journal, and the next creation begins again.
    pub(crate) fn create(disk: &Disk, dir: &Path, partitions: u16, now_ms: i64) -> Result<Self> {
        refuse_remains(disk, dir)?;
        let manifest = Self {
            partitions,
            id: headcount_clock::random_id(),
        };
        for folder in manifest.folders(disk, dir) {
            folder.create(0, now_ms)?;
        }
        let path = dir.join(NAME);
        let tmp = path.with_extension("tmp");
        let file = disk.create(&tmp).map_err(Error::io("create", &tmp))?;
        file.write_at(manifest.to_text().as_bytes(), 0)
            .map_err(Error::io("write", &tmp))?;
        file.sync().map_err(Error::io("sync", &tmp))?;
        disk.sync_dir(dir).map_err(Error::io("sync", dir))?;
        disk.rename(&tmp, &path)
            .map_err(Error::io("rename", &tmp))?;
        disk.sync_dir(dir).map_err(Error::io("sync", dir))?;
        Ok(manifest)
    }

    /// Reads what is in `dir`; `None` if there is no journal.
    pub(crate) fn read(disk: &Disk, dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(NAME);
        let file = match disk.open_read(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("open", &path)(e)),
        };
        let mut bytes = [0; BYTES_MAX];
        let n = file
            .read_at(&mut bytes, 0)
            .map_err(Error::io("read", &path))?;
        Self::parse(&path, &String::from_utf8_lossy(&bytes[..n])).map(Some)
    }

    /// The partitions of the journal in `dir`.
    pub(crate) fn folders(self, disk: &Disk, dir: &Path) -> impl Iterator<Item = PartitionDir> {
        let (disk, dir) = (disk.clone(), dir.to_owned());
        (0..self.partitions).map(move |partition| PartitionDir {
            disk: disk.clone(),
            dir: partition_dir(&dir, partition),
            journal: self.id,
            partition,
        })
    }

    pub(crate) fn to_text(self) -> String {
        let Self { partitions, id } = self;
        let start = format!(
            r#"{{"magic":"headcount-journal","version":{FORMAT_VERSION},"partitions":{partitions},"id":"{id:016x}""#
        );
        let crc = crc32fast::hash(start.as_bytes());
        format!("{start},\"crc32\":\"{crc:08x}\"}}\n")
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let bad =
            || Error::not_a_journal(path, "the description is damaged; restore it from a backup");
        let rest = text
            .strip_prefix(r#"{"magic":"headcount-journal","version":"#)
            .ok_or_else(bad)?;
        let (version, rest) = rest.split_once(',').ok_or_else(bad)?;
        let found = version.parse().map_err(|_| bad())?;
        if found != FORMAT_VERSION {
            return Err(Error::Version {
                path: path.to_owned(),
                found,
                supported: FORMAT_VERSION,
            });
        }
        let (partitions, id) = rest
            .strip_prefix(r#""partitions":"#)
            .and_then(|rest| rest.split_once(r#","id":""#))
            .ok_or_else(bad)?;
        let manifest = Self {
            partitions: partitions.parse().map_err(|_| bad())?,
            id: u64::from_str_radix(id.get(..16).ok_or_else(bad)?, 16).map_err(|_| bad())?,
        };
        // Written again it must be the same, checksum and all.
        let whole =
            (1..=PARTITIONS_MAX).contains(&manifest.partitions) && manifest.to_text() == text;
        if whole { Ok(manifest) } else { Err(bad()) }
    }
}

/// `p007` for partition 7.
pub(crate) fn partition_dir(dir: &Path, partition: u16) -> PathBuf {
    dir.join(format!("p{partition:03}"))
}

fn is_partition(name: &str) -> bool {
    name.len() == 4 && name.starts_with('p') && name[1..].bytes().all(|b| b.is_ascii_digit())
}

/// A folder whose description is gone still holds the records; they must not be written over.
fn refuse_remains(disk: &Disk, dir: &Path) -> Result<()> {
    for name in disk.list(dir).map_err(Error::io("list", dir))? {
        let folder = dir.join(&name);
        if is_partition(&name) && holds_records(disk, &folder)? {
            return Err(Error::not_a_journal(
                dir,
                format!("{NAME} is missing, but {name} holds records; restore it from a backup"),
            ));
        }
    }
    Ok(())
}

fn holds_records(disk: &Disk, folder: &Path) -> Result<bool> {
    for name in disk.list(folder).map_err(Error::io("list", folder))? {
        let path = folder.join(name);
        let file = disk.open_read(&path).map_err(Error::io("open", &path))?;
        if file.len().map_err(Error::io("read", &path))?
            > crate::segments::segment::HEADER_BYTES as u64
        {
            return Ok(true);
        }
    }
    Ok(false)
}
