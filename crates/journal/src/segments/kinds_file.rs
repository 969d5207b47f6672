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

const NAME: &str = "kinds.json";
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

/// The kinds that journal `id` in `dir` has given so far.
pub(super) fn read(disk: &Disk, dir: &Path, id: u64) -> Result<Vec<KindRange>> {
    let path = dir.join(NAME);
    let file = match disk.open_read(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("open", &path)(error)),
    };
    let length = file.len().map_err(Error::io("read", &path))?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    let n = file
        .read_at(&mut bytes, 0)
        .map_err(Error::io("read", &path))?;
    let bad = |reason: &str| Error::not_a_journal(&path, reason);
    let found: KindsJson = serde_json::from_slice(&bytes[..n])
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
