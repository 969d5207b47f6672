//! `kinds.json`: the kinds that the journal gave to schemas, beside `journal.json`.
//!
//! ```json
//! {"magic":"headcount-kinds","version":1,"journal":"8d0f3c6e51b2a794","kinds":[{"schema":"…","first":16,"count":2}],"crc32":"05a1c2d3"}
//! ```
//!
//! There is none until a schema gets kinds. It is replaced as a whole, and durable before a kind in it is used.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::kinds::{KindRange, are_sound};
use crate::segments::disk::Disk;

pub(super) const NAME: &str = "kinds.json";
const MAGIC: &str = "headcount-kinds";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct KindsJson {
    magic: String,
    version: u32,
    journal: String,
    kinds: Vec<KindRange>,
    /// Of the text with nothing in its place.
    crc32: String,
}

impl KindsJson {
    fn checksum(&self) -> String {
        let plain = Self {
            magic: self.magic.clone(),
            version: self.version,
            journal: self.journal.clone(),
            kinds: self.kinds.clone(),
            crc32: String::new(),
        };
        format!("{:08x}", crc32fast::hash(&plain.to_text()))
    }

    fn to_text(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("kinds are plain data")
    }
}

/// The text of the file; none if no schema has got kinds.
pub(super) fn text_in(disk: &Disk, dir: &Path) -> Result<Option<Vec<u8>>> {
    let path = dir.join(NAME);
    let file = match disk.open_read(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("open", &path)(error)),
    };
    let length = file.len().map_err(Error::io("read", &path))?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    let n = file
        .read_at(&mut bytes, 0)
        .map_err(Error::io("read", &path))?;
    bytes.truncate(n);
    Ok(Some(bytes))
}

/// The kinds that journal `id` in `dir` has given so far.
pub(super) fn read(disk: &Disk, dir: &Path, id: u64) -> Result<Vec<KindRange>> {
    let path = dir.join(NAME);
    let Some(bytes) = text_in(disk, dir)? else {
        return Ok(Vec::new());
    };
    let bad = |reason: &str| Error::not_a_journal(&path, reason);
    let found: KindsJson = serde_json::from_slice(&bytes)
        .map_err(|_| bad("the list of kinds is damaged; restore it from a backup"))?;
    if found.magic != MAGIC || found.crc32 != found.checksum() || !are_sound(&found.kinds) {
        return Err(bad(
            "the list of kinds is damaged; restore it from a backup",
        ));
    }
    if found.version != VERSION {
        return Err(Error::Version {
            path: path.clone(),
            found: found.version,
            supported: VERSION,
        });
    }
    if found.journal != format!("{id:016x}") {
        return Err(bad(
            "the list of kinds is that of another journal; restore the one that belongs to it",
        ));
    }
    Ok(found.kinds)
}

/// Replaces the list. It is durable when this returns.
pub(super) fn write(disk: &Disk, dir: &Path, id: u64, kinds: Vec<KindRange>) -> Result<()> {
    let mut text = KindsJson {
        magic: MAGIC.to_owned(),
        version: VERSION,
        journal: format!("{id:016x}"),
        kinds,
        crc32: String::new(),
    };
    text.crc32 = text.checksum();
    let path = dir.join(NAME);
    let tmp = path.with_extension("tmp");
    let file = disk.create(&tmp).map_err(Error::io("create", &tmp))?;
    file.write_at(&text.to_text(), 0)
        .map_err(Error::io("write", &tmp))?;
    file.sync().map_err(Error::io("sync", &tmp))?;
    disk.rename(&tmp, &path)
        .map_err(Error::io("rename", &tmp))?;
    disk.sync_dir(dir).map_err(Error::io("sync", dir))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_copy_of_the_journal_has_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let journal = crate::Journal::open(folder.path(), crate::Options::default()).unwrap();
        let copied = || {
            let snapshot = crate::snapshot(folder.path()).unwrap();
            let paths = snapshot.files.into_iter().map(|file| file.path);
            paths.filter(|path| path == Path::new(NAME)).count()
        };
        assert_eq!(copied(), 0, "nothing was given yet");
        journal.register_kinds("calendar 1", 2, 16..=254).unwrap();
        assert_eq!(copied(), 1);
    }

    #[test]
    fn a_damaged_list_and_one_of_another_journal_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, dir) = (Disk::Real, folder.path());
        assert_eq!(read(&disk, dir, 7).unwrap(), []);
        let range = KindRange {
            schema: "calendar 1".to_owned(),
            first: 16,
            count: 2,
        };
        write(&disk, dir, 7, vec![range.clone()]).unwrap();
        assert_eq!(read(&disk, dir, 7).unwrap(), [range]);
        let other = read(&disk, dir, 8).unwrap_err().to_string();
        assert!(other.contains("of another journal"), "{other}");
        let sound = text_in(&disk, dir).unwrap().unwrap();
        for at in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[at] ^= 1;
            std::fs::write(dir.join(NAME), damaged).unwrap();
            assert!(read(&disk, dir, 7).is_err(), "byte {at}");
        }
    }
}
