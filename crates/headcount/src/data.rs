//! The data folder: its layout, and the key that masks people.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use headcount_record::PeopleKey;

use crate::exit::{CANNOT_CREATE, CONFIG, DATA, exit};

/// The layout of a data folder.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// Whether there is a journal, damaged or not.
    pub(crate) fn has_journal(&self) -> bool {
        self.journal().join("journal.json").exists()
    }

    /// The lake of a process that works alone.
    pub(crate) fn lake(&self) -> PathBuf {
        self.0.join("lake")
    }

    /// The folder of a partition's checkpoint.
    pub(crate) fn state(&self, partition: u16) -> PathBuf {
        self.0.join("state").join(format!("p{partition:03}"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Creates the folder if it is missing.
    pub(crate) fn create(&self) -> Result<()> {
        if self.0.exists() && !self.0.is_dir() {
            let path = self.0.display();
            return Err(exit(
                CANNOT_CREATE,
                format!(
                    "{path} is a file, so it cannot be the data folder; choose another with --data"
                ),
            ));
        }
        fs::create_dir_all(&self.0).map_err(|error| {
            let path = self.0.display();
            exit(
                CANNOT_CREATE,
                format!("create the data folder {path}: {error}; choose another with --data"),
            )
        })
    }

    /// The key of this folder, created at first use, which is over when the journal `has_records`. It never leaves the
    /// folder: whoever has it can tell whether a pseudonym belongs to a given member. The caller holds the journal, so
    /// that two processes cannot make two keys.
    pub(crate) fn people_key(&self, has_records: bool) -> Result<PeopleKey> {
        self.create()?;
        let path = self.0.join("people.key");
        if !path.exists() {
            if has_records {
                return Err(exit(
                    CONFIG,
                    format!(
                        "{} is missing but the journal has records: if they were stored with --keep-people, add it; \
                         otherwise restore the key from a backup, or pass the --people-key FILE used before, because a new \
                         key would count every member a second time",
                        path.display()
                    ),
                ));
            }
            self.make_key(&path)
                .with_context(|| format!("make {}", path.display()))?;
        }
        read_key(&path)
    }

    fn make_key(&self, path: &Path) -> Result<()> {
        let mut key = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut key)?;
        let beside = self.0.join("people.key.tmp");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(&self.0)?.sync_all()?;
        Ok(())
    }
}

/// Reads the key that people are masked with.
pub(crate) fn read_key(path: &Path) -> Result<PeopleKey> {
    let file = fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(exit(
            CONFIG,
            format!(
                "other users can read {} (mode {mode:o}); run: chmod 600 {0}",
                path.display()
            ),
        ));
    }
    let key: [u8; 16] = file.as_slice().try_into().map_err(|_| {
        exit(
            DATA,
            format!(
                "{} has {} bytes instead of 16; restore it from a backup, because a new key would \
                 count every member a second time",
                path.display(),
                file.len()
            ),
        )
    })?;
    Ok(PeopleKey::new(key))
}
