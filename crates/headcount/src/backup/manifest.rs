//! `backup.json`: what a backup holds, with the hash of each file and of itself.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::exit::{CONFIG, DATA, NO_INPUT, exit};

pub(crate) const NAME: &str = "backup.json";
const MAGIC: &str = "headcount-backup";
const VERSION: u32 = 1;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackupManifest {
    magic: String,
    version: u32,
    /// The journal's id.
    pub(crate) journal: String,
    /// When it was made, ms since 1970.
    pub(crate) made_ms: i64,
    /// The number of the folder that holds the files.
    pub(crate) copy: u64,
    /// Of each partition the first offset and one past the last.
    pub(crate) partitions: Vec<(u64, u64)>,
    pub(crate) files: Vec<BackedUpFile>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackedUpFile {
    /// Relative to the data folder.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// Permission bits.
    pub(crate) mode: u32,
    /// Whether the file never changes, so that the next backup may use it again.
    pub(crate) is_constant: bool,
}

#[derive(Serialize, Deserialize)]
struct SealedManifest {
    manifest: BackupManifest,
    /// Of the manifest's JSON.
    sha256: String,
}

impl BackupManifest {
    pub(crate) fn new(
        journal: u64,
        made_ms: i64,
        copy: u64,
        partitions: Vec<(u64, u64)>,
        files: Vec<BackedUpFile>,
    ) -> Self {
        Self {
            magic: MAGIC.to_owned(),
            version: VERSION,
            journal: format!("{journal:016x}"),
            made_ms,
            copy,
            partitions,
            files,
        }
    }

    /// Reads the manifest of a backup; `None` if there is none.
    pub(crate) fn find(backup: &Path) -> Result<Option<Self>> {
        let path = backup.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(format!("read {}", path.display())),
        };
        let bad = |reason: &str| exit(DATA, format!("{}: {reason}", path.display()));
        let damaged = "the manifest of the backup is damaged; use another backup";
        let sealed: SealedManifest = serde_json::from_slice(&bytes).map_err(|_| bad(damaged))?;
        if sealed.sha256 != hash_of(&sealed.manifest) || sealed.manifest.magic != MAGIC {
            return Err(bad(damaged));
        }
        if sealed.manifest.version != VERSION {
            return Err(exit(
                CONFIG,
                format!(
                    "{}: the backup has format version {}, this program reads {VERSION}; use the version of headcount that \
                     made it",
                    path.display(),
                    sealed.manifest.version
                ),
            ));
        }
        Ok(Some(sealed.manifest))
    }

    /// Reads the manifest of a backup.
    pub(crate) fn read(backup: &Path) -> Result<Self> {
        Self::find(backup)?.ok_or_else(|| {
            let folder = backup.display();
            exit(
                NO_INPUT,
                format!("{folder} holds no backup; make one with: headcount backup {folder}"),
            )
        })
    }

    /// Writes the manifest beside and renames it: from then on this is the backup.
    pub(crate) fn write(self, backup: &Path) -> io::Result<()> {
        let sealed = SealedManifest {
            sha256: hash_of(&self),
            manifest: self,
        };
        let beside = backup.join("backup.json.tmp");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(&sealed)?)?;
        file.sync_all()?;
        fs::rename(&beside, backup.join(NAME))?;
        File::open(backup)?.sync_all()
    }
}

fn hash_of(manifest: &BackupManifest) -> String {
    let text = serde_json::to_vec(manifest).expect("a manifest is plain data");
    hex::encode(Sha256::digest(text))
}
