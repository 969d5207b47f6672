//! Keeps the tables up to date with a journal.

use std::{collections::BTreeMap, path::PathBuf};

use headcount_lake::Lake;

use super::{
    cut::{TablesCut, lake_error},
    data_file::{AllFiles, TableFiles},
    delta::{Offsets, RowBatch, TableWriter},
    location::TablesLocation,
    merge::Merged,
    overlay,
    reading::JournalReader,
    told::{KeeperOptions, Told},
};
use crate::{
    error::{Error, Result},
    model::{GroupTopic, LakeTable, TableRow},
    snapshot::{DeltaVersion, TableSnapshot, TablesAsOf, TablesSnapshot},
};

/// Cuts that stay.
const CUTS: usize = 100;
/// Commits between two looks for files that were replaced long ago.
const COMMITS_TO_VACUUM: u32 = 60;

/// The tables of a journal, and what waits to be written into them.
pub struct Keeper {
    told: Told,
    location: TablesLocation,
    lake: Lake,
    tables: Vec<TableWriter>,
    files: AllFiles,
    commits: u32,
    overlays: u64,
}

impl Keeper {
    /// Opens the tables of a journal where they were left: sweeps up after a kill, and makes commits that it kept from being
    /// made. Without an index the tables are made anew, and readers see the old ones until the new ones are complete.
    ///
    /// # Errors
    /// When another process keeps them, they are of another journal, or they were changed by somebody else.
    pub async fn open(
        location: TablesLocation,
        options: KeeperOptions,
        journal: &JournalReader,
    ) -> Result<Self> {
        let told = Told::open(&options, journal)?;
        let lake = {
            let location = location.clone();
            in_thread(move || open_lake(&location)).await?
        };
        let mut tables = Vec::with_capacity(LakeTable::ALL.len());
        for table in LakeTable::ALL {
            tables.push(TableWriter::open(&location, table).await?);
        }
        let files = match told.index.meta::<AllFiles>("files")? {
            Some(files) => files,
            None => anew(&tables)?,
        };
        let mut keeper = Self {
            told,
            location,
            lake,
            tables,
            files,
            commits: 0,
            overlays: 0,
        };
        keeper.tidy().await?;
        Ok(keeper)
    }

    /// Forgets what the tables have, so that they are made anew. The old ones stay until the new ones are complete.
    ///
    /// # Errors
    /// When another process keeps them.
    pub async fn forget(options: &KeeperOptions) -> Result<()> {
        let folder = options.index.clone();
        in_thread(move || Told::forget(&folder)).await
    }

    async fn tidy(&mut self) -> Result<()> {
        let mut swept = 0;
        for writer in &self.tables {
            swept += writer.sweep(&self.files[&writer.table()]).await?;
        }
        if swept > 0 {
            tracing::info!(
                files = swept,
                "swept up what a killed process left in the tables"
            );
        }
        for writer in &self.tables {
            let files = self.files.entry(writer.table()).or_default();
            // A vacuum is told in the table's log and changes no file; it was not noted if it was the last before a kill.
            if files.is_committed()
                && writer.version() > files.version
                && writer.committed()? == files.committed
            {
                files.version = writer.version();
            }
        }
        // Tables that are being made anew are not complete before the journal's end, unless their commits were begun there.
        let is_complete = !self.is_filling()? || self.has_begun_to_commit().await?;
        if self.told.number() > 0 && is_complete {
            self.commit().await?;
        }
        Ok(())
    }

    /// Whether a process was killed between the first commit of a cut and the note of the last. What it began has to be ended
    /// before anything else is read: later offsets would no longer be those of the commits that are there.
    async fn has_begun_to_commit(&self) -> Result<bool> {
        let offsets = Offsets {
            journal: self.told.journal(),
            offsets: self.told.written(),
        };
        for writer in &self.tables {
            if writer
                .is_ahead(&self.files[&writer.table()], &offsets)
                .await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads on in the journal until its end, as it was last looked at, or until as much waits as may; `tell` gets the number of
    /// entries read, now and then. Returns whether the end has been reached.
    ///
    /// # Errors
    /// When the journal is damaged, or holds what this version does not know.
    pub fn read(&mut self, journal: &JournalReader, tell: &(dyn Fn(u64) + Sync)) -> Result<bool> {
        self.told.read(journal, tell)
    }

    /// Whether entries were read since the files were written.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.told.is_behind()
    }

    /// One past the last entry read, by partition.
    #[must_use]
    pub fn offsets(&self) -> Vec<u64> {
        self.told.offsets()
    }

    /// The moment of all that was read.
    #[must_use]
    pub fn as_of(&self) -> TablesAsOf {
        self.told.as_of()
    }

    /// How many batches of rows have been written: what a snapshot stands on changes with it.
    #[must_use]
    pub fn batches(&self) -> u32 {
        self.told.number()
    }

    /// Whether the tables are being made anew: readers see the old ones until the first [`commit`](Self::commit), which
    /// should wait for the journal's end.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn is_filling(&self) -> Result<bool> {
        Ok(self.told.index.meta::<bool>("anew")? == Some(true))
    }

    /// Rows of each table, as far as they are written.
    #[must_use]
    pub fn row_counts(&self) -> BTreeMap<LakeTable, u64> {
        self.files
            .iter()
            .map(|(table, files)| (*table, files.rows()))
            .collect()
    }

    /// Writes what waits into files, durably. Readers see it after the next [`commit`](Self::commit).
    ///
    /// # Errors
    /// When the disk or the lake takes nothing.
    pub async fn write(&mut self) -> Result<()> {
        if !self.is_behind() {
            return Ok(());
        }
        let number = self.told.number();
        let mut batch = self.told.index.batch();
        let mut merged = self.told.merged(Some(&mut batch))?;
        let mut dropped = Vec::new();
        let mut files = self.files.clone();
        for writer in &mut self.tables {
            let table = writer.table();
            let of_table = files.entry(table).or_default();
            let batch = table_batch(&mut merged, table, number);
            if batch.is_empty() {
                continue;
            }
            let old = writer.write(of_table, batch).await?;
            // What readers have seen stays for a while, as they may still be reading it.
            dropped.extend(
                old.into_iter()
                    .filter(|path| !of_table.committed.contains_key(path))
                    .map(|path| (table, path)),
            );
        }
        batch.put_meta(&self.told.index, "files", &files);
        if number == 0 {
            batch.put_meta(&self.told.index, "anew", &true);
        }
        self.told.finish(batch)?;
        self.files = files;
        for (table, path) in dropped {
            let writer = self.tables.iter().find(|writer| writer.table() == table);
            writer
                .expect("there is one for each table")
                .discard(&path)
                .await?;
        }
        Ok(())
    }

    /// Makes readers see all that is written, in a new cut.
    ///
    /// # Errors
    /// When a table was changed by somebody else, or the lake takes nothing.
    pub async fn commit(&mut self) -> Result<()> {
        if self.files.values().all(TableFiles::is_committed) && !self.is_filling()? {
            return Ok(());
        }
        let offsets = Offsets {
            journal: self.told.journal(),
            offsets: self.told.written(),
        };
        for writer in &mut self.tables {
            let files = self.files.entry(writer.table()).or_default();
            writer.commit(files, &offsets).await?;
        }
        let stream_time = self.as_of().stream_time;
        let mut cut = TablesCut::new(
            self.told.number(),
            self.told.journal(),
            self.told.written().to_vec(),
            stream_time,
        );
        cut.tables = self
            .files
            .iter()
            .map(|(table, files)| (*table, files.version))
            .collect();
        let lake = self.lake.clone();
        in_thread(move || {
            cut.save(&lake)?;
            TablesCut::forget(&lake, CUTS)
        })
        .await?;
        let mut batch = self.told.index.batch();
        batch.put_meta(&self.told.index, "files", &self.files);
        batch.remove_meta(&self.told.index, "anew");
        self.told.index.commit(batch)?;
        self.commits += 1;
        if self.commits.is_multiple_of(COMMITS_TO_VACUUM) {
            self.vacuum().await?;
        }
        Ok(())
    }

    /// Deletes files that were replaced longer ago than the tables keep them.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn vacuum(&mut self) -> Result<()> {
        for writer in &mut self.tables {
            writer.vacuum().await?;
            let files = self.files.entry(writer.table()).or_default();
            // Deleting is told in the table's log.
            files.version = writer.version();
        }
        let mut batch = self.told.index.batch();
        batch.put_meta(&self.told.index, "files", &self.files);
        self.told.index.commit(batch)
    }

    /// What a statement sees now: the newest cut, and over it all that has been read. Files go into a new folder below
    /// `folder`, which is for the caller to delete.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn snapshot(&mut self, folder: &std::path::Path) -> Result<(TablesSnapshot, PathBuf)> {
        self.overlays += 1;
        let folder = folder.join(format!("{:06}", self.overlays));
        let overlays = if self.is_behind() {
            let merged = self.told.merged(None)?;
            overlay::write(&merged, &folder)?
        } else {
            BTreeMap::new()
        };
        let tables = LakeTable::ALL.into_iter().map(|table| {
            let files = overlays.get(&table).cloned().unwrap_or_default();
            let version = self.files.get(&table).map_or(0, |files| files.version);
            let delta = Some(DeltaVersion {
                url: self.location.url(table).into(),
                version,
            });
            TableSnapshot {
                table,
                delta,
                rows: files.rows,
                hidden: files.hidden,
            }
        });
        let as_of = self.as_of();
        Ok((
            TablesSnapshot {
                tables: tables.collect(),
                as_of,
                live: serde_json::Value::Null,
            },
            folder,
        ))
    }

    /// Where the tables are.
    #[must_use]
    pub fn location(&self) -> &TablesLocation {
        &self.location
    }

    pub(super) fn tables(&self) -> &[TableWriter] {
        &self.tables
    }

    pub(super) fn files(&self) -> &AllFiles {
        &self.files
    }
}

/// Tables that are made anew: what is there stays until the first commit.
fn anew(tables: &[TableWriter]) -> Result<AllFiles> {
    let mut files = AllFiles::new();
    for writer in tables {
        let (committed, version) = (writer.committed()?, writer.version());
        files.insert(
            writer.table(),
            TableFiles {
                files: Vec::new(),
                committed,
                version,
            },
        );
    }
    Ok(files)
}

fn open_lake(location: &TablesLocation) -> Result<Lake> {
    Lake::open_with(location.lake(), headcount_lake::Options::default()).map_err(lake_error)
}

pub(super) async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Error::Other(cause.to_string()))?
}

/// What goes into one table.
fn table_batch(merged: &mut Merged, table: LakeTable, number: u32) -> RowBatch {
    let rows = merged.rows.batch(table);
    let mut replaced = merged.replaced.remove(&table).unwrap_or_default();
    replaced.resize(rows.num_rows(), None);
    let is_gone = table == LakeTable::GroupTopics && !merged.gone.is_empty();
    let gone = is_gone.then(|| {
        (
            GroupTopic::batch(&merged.gone),
            std::mem::take(&mut merged.gone_from),
        )
    });
    RowBatch {
        number,
        rows,
        replaced,
        gone,
    }
}
