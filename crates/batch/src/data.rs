//! The data folder of the live program, as far as the worker uses it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use headcount_lake::LakeAddress;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    error::{Error, Result},
    postgres::PostgresAddress,
    tables::{JournalReader, KeeperOptions, TablesLocation},
};

/// A data folder.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder(PathBuf);

/// `judged-at.json`, which the live program writes.
#[derive(Deserialize)]
struct JudgedAt {
    moment: i64,
}

impl DataFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of what the worker needs and can make anew.
    pub(crate) fn batch(&self) -> PathBuf {
        self.0.join("batch")
    }

    /// The socket of the worker that keeps the tables of this folder.
    pub(crate) fn socket(&self) -> PathBuf {
        self.batch().join("worker.sock")
    }

    /// The folder of the models.
    pub(crate) fn models(&self) -> PathBuf {
        self.0.join("models")
    }

    /// Writes what the page shows of drift, whole or not at all.
    pub(crate) fn write_drift(&self, drift: &impl serde::Serialize) -> anyhow::Result<()> {
        let file = self.batch().join("drift.json");
        let beside = file.with_extension("part");
        fs::create_dir_all(self.batch())?;
        fs::write(&beside, serde_json::to_vec(drift)?)?;
        Ok(fs::rename(beside, file)?)
    }

    /// Whether there is a journal in the folder.
    pub(crate) fn has_journal(&self) -> bool {
        self.0.join("journal").join("journal.json").exists()
    }

    /// The journal in the folder.
    pub(crate) fn journal(&self) -> Result<JournalReader> {
        let folder = self.0.join("journal");
        if !self.has_journal() {
            return Err(Error::NoJournal {
                data: self.0.clone(),
            });
        }
        JournalReader::open(folder)
    }

    /// Where the tables are: in the lake named, or that of the folder.
    pub(crate) fn tables(&self, lake: Option<LakeAddress>) -> Result<TablesLocation> {
        TablesLocation::of(lake.unwrap_or_else(|| LakeAddress::Disk(self.0.join("lake"))))
    }

    /// How tables are kept here; `pending` is how many MiB of rows may wait in memory.
    pub(crate) fn keeper_options(&self, pending: u32) -> Result<KeeperOptions> {
        let mut options = KeeperOptions::new(self.batch().join("index"));
        options.pending_bytes = (pending as usize) << 20;
        Ok(KeeperOptions {
            judged_at: self.judged_at()?,
            ..options
        })
    }

    /// How the tables in PostgreSQL are kept, each database with an index of its own.
    pub(crate) fn postgres_options(
        &self,
        address: &PostgresAddress,
        pending: u32,
    ) -> Result<KeeperOptions> {
        let name = format!("postgres-{:016x}", xxh3_64(address.to_string().as_bytes()));
        let options = self.keeper_options(pending)?;
        Ok(KeeperOptions {
            index: self.batch().join(name),
            ..options
        })
    }

    /// The moment that record times are held against, if a rebuild left one.
    pub(crate) fn judged_at(&self) -> Result<Option<i64>> {
        let path = self.0.join("judged-at.json");
        let bytes = match fs::read(&path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(Error::Other(format!("read {}: {cause}", path.display()))),
            Ok(bytes) => bytes,
        };
        let judged: JudgedAt = serde_json::from_slice(&bytes)
            .map_err(|cause| Error::Other(format!("{} is damaged: {cause}", path.display())))?;
        Ok(Some(judged.moment))
    }
}
