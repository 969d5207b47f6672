//! Keeps the tables up to date with a journal.

use std::{collections::BTreeMap, path::PathBuf, thread, time::Duration};

use headcount_engine::{JournaledEntry, stream_time_of_all};
use headcount_journal::{Batch, Reader};
use headcount_lake::Lake;
use headcount_record::Kind;

use super::{
    cut::{Cut, lake_error},
    data_file::{AllFiles, TableFiles},
    delta::{Offsets, TableBatch, TableWriter},
    location::TablesLocation,
    merge::{Merged, merge},
    overlay,
    reading::JournalReader,
};
use crate::{
    error::{Error, Result},
    model::{GroupTopic, Row, Table},
    rows::{Index, PartitionRows, Pending, Progress},
    snapshot::{AsOf, DeltaVersion, Snapshot, TableSnapshot},
};

/// Bytes of the journal that are read at once.
const READ_BYTES: usize = 4 << 20;
/// Cuts that stay.
const CUTS: usize = 100;
/// Commits between two looks for files that were replaced long ago.
const COMMITS_TO_VACUUM: u32 = 60;

/// How tables are kept.
#[derive(Clone, Debug)]
pub struct KeeperOptions {
    /// The folder of the index, on a disk of this machine.
    pub index: PathBuf,
    /// The moment that record times are held against besides their arrival, ms since 1970: `judged-at.json` of the data folder.
    pub judged_at: Option<i64>,
    /// About how many bytes of rows may wait in memory. 128 MiB by default.
    pub pending_bytes: usize,
}

impl KeeperOptions {
    /// The defaults, with the index in a folder.
    #[must_use]
    pub fn new(index: PathBuf) -> Self {
        Self {
            index,
            judged_at: None,
            pending_bytes: 128 << 20,
        }
    }
}

/// The tables of a journal, and what waits to be written into them.
pub struct Keeper {
    options: KeeperOptions,
    location: TablesLocation,
    lake: Lake,
    journal: u64,
    index: Index,
    tables: Vec<TableWriter>,
    files: AllFiles,
    partitions: Vec<PartitionRows>,
    /// The number of the next batch.
    number: u32,
    /// The offsets that the files reach.
    written: Vec<u64>,
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
        let index = Index::open(&options.index)?;
        if let Some(known) = index.meta::<u64>("journal")?
            && known != journal.id()
        {
            return Err(Error::OtherJournal {
                known,
                found: journal.id(),
            });
        }
        let lake = thread::scope(|scope| {
            scope
                .spawn(|| open_lake(&location))
                .join()
                .expect("it does not panic")
        })?;
        let mut tables = Vec::with_capacity(Table::ALL.len());
        for table in Table::ALL {
            tables.push(TableWriter::open(&location, table).await?);
        }
        let files = match index.meta::<AllFiles>("files")? {
            Some(files) => files,
            None => anew(&tables)?,
        };
        let progress: Vec<Progress> = index.meta("progress")?.unwrap_or_default();
        let mut partitions = Vec::new();
        for partition in 0..journal.partitions() {
            let progress = progress
                .get(usize::from(partition))
                .cloned()
                .unwrap_or_default();
            partitions.push(PartitionRows::new(partition, options.judged_at, progress)?);
        }
        let written = partitions
            .iter()
            .map(|partition| partition.progress().next)
            .collect();
        let number = index.meta("number")?.unwrap_or(0);
        let mut keeper = Self {
            options,
            location,
            lake,
            journal: journal.id(),
            index,
            tables,
            files,
            partitions,
            number,
            written,
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
        // Whoever can open it is alone.
        match Index::open(&options.index) {
            Ok(_) | Err(Error::IndexDamaged { .. }) => {}
            Err(
                error @ Error::Index {
                    cause: fjall::Error::Locked,
                    ..
                },
            ) => return Err(error),
            Err(_) => {}
        }
        let folder = options.index.clone();
        in_thread(move || {
            std::fs::remove_dir_all(&folder)
                .map_err(|cause| Error::Other(format!("delete {}: {cause}", folder.display())))
        })
        .await
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
        // Tables that are being made anew are not complete before the journal's end.
        if self.number > 0 && !self.is_filling()? {
            self.commit().await?;
        }
        Ok(())
    }

    /// Reads on in the journal until its end, as it was last looked at, or until as much waits as may; `tell` gets the number of
    /// entries read, now and then. Returns whether the end has been reached.
    ///
    /// # Errors
    /// When the journal is damaged, or holds what this version does not know.
    pub fn read(&mut self, journal: &JournalReader, tell: &(dyn Fn(u64) + Sync)) -> Result<bool> {
        let limit = self.options.pending_bytes / self.partitions.len().max(1);
        let index = &self.index;
        let parts: Vec<Result<bool>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..)
                .zip(&mut self.partitions)
                .map(|(number, rows)| {
                    scope.spawn(move || read_partition(number, rows, index, journal, limit, tell))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("readers do not panic"))
                .collect()
        });
        parts
            .into_iter()
            .try_fold(true, |all, part| Ok(all & part?))
    }

    /// About how many bytes wait.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.partitions
            .iter()
            .map(PartitionRows::pending_bytes)
            .sum()
    }

    /// Whether entries were read since the files were written.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.offsets() != self.written
    }

    /// One past the last entry read, by partition.
    #[must_use]
    pub fn offsets(&self) -> Vec<u64> {
        self.partitions
            .iter()
            .map(|partition| partition.progress().next)
            .collect()
    }

    /// How many batches of rows have been written: what a snapshot stands on changes with it.
    #[must_use]
    pub fn batches(&self) -> u32 {
        self.number
    }

    /// Whether the tables are being made anew: readers see the old ones until the first [`commit`](Self::commit), which
    /// should wait for the journal's end.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn is_filling(&self) -> Result<bool> {
        Ok(self.index.meta::<bool>("anew")? == Some(true))
    }

    /// How far record time has come, ms since 1970.
    #[must_use]
    pub fn stream_time(&self) -> Option<i64> {
        stream_time_of_all(
            self.partitions
                .iter()
                .map(|rows| rows.progress().stream_time()),
        )
    }

    /// Rows of each table, as far as they are written.
    #[must_use]
    pub fn row_counts(&self) -> BTreeMap<Table, u64> {
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
        let mut batch = self.index.batch();
        let number = self.number;
        let mut merged = {
            let pendings: Vec<&Pending> = self
                .partitions
                .iter_mut()
                .map(|rows| &*rows.pending())
                .collect();
            merge(&pendings, &self.index, number, Some(&mut batch))?
        };
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
        let progress: Vec<&Progress> = self
            .partitions
            .iter()
            .map(PartitionRows::progress)
            .collect();
        batch.put_meta(&self.index, "progress", &progress);
        batch.put_meta(&self.index, "files", &files);
        batch.put_meta(&self.index, "number", &(number + 1));
        batch.put_meta(&self.index, "journal", &self.journal);
        if number == 0 {
            batch.put_meta(&self.index, "anew", &true);
        }
        self.index.commit(batch)?;
        self.index.is_filled();
        self.files = files;
        self.number = number + 1;
        self.written = self.offsets();
        for rows in &mut self.partitions {
            *rows.pending() = Pending::default();
        }
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
            journal: self.journal,
            offsets: &self.written,
        };
        for writer in &mut self.tables {
            let files = self.files.entry(writer.table()).or_default();
            writer.commit(files, &offsets).await?;
        }
        let stream_time = stream_time_of_all(
            self.partitions
                .iter()
                .map(|rows| rows.progress().stream_time()),
        );
        let mut cut = Cut::new(self.number, self.journal, self.written.clone(), stream_time);
        cut.tables = self
            .files
            .iter()
            .map(|(table, files)| (*table, files.version))
            .collect();
        let lake = self.lake.clone();
        in_thread(move || {
            cut.save(&lake)?;
            Cut::forget(&lake, CUTS)
        })
        .await?;
        let mut batch = self.index.batch();
        batch.put_meta(&self.index, "files", &self.files);
        batch.remove_meta(&self.index, "anew");
        self.index.commit(batch)?;
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
        let mut batch = self.index.batch();
        batch.put_meta(&self.index, "files", &self.files);
        self.index.commit(batch)
    }

    /// What a statement sees now: the newest cut, and over it all that has been read. Files go into a new folder below
    /// `folder`, which is for the caller to delete.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn snapshot(&mut self, folder: &std::path::Path) -> Result<(Snapshot, PathBuf)> {
        self.overlays += 1;
        let folder = folder.join(format!("{:06}", self.overlays));
        let overlays = if self.is_behind() {
            let pendings: Vec<&Pending> = self
                .partitions
                .iter_mut()
                .map(|rows| &*rows.pending())
                .collect();
            let merged = merge(&pendings, &self.index, self.number, None)?;
            overlay::write(&merged, &folder)?
        } else {
            BTreeMap::new()
        };
        let tables = Table::ALL.into_iter().map(|table| {
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
        let stream_time = stream_time_of_all(
            self.partitions
                .iter()
                .map(|rows| rows.progress().stream_time()),
        );
        let as_of = AsOf {
            offsets: self.offsets(),
            stream_time,
        };
        Ok((
            Snapshot {
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

async fn in_thread(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Error::Other(cause.to_string()))?
}

/// What goes into one table.
fn table_batch(merged: &mut Merged, table: Table, number: u32) -> TableBatch {
    let rows = merged.rows.batch(table);
    let mut replaced = merged.replaced.remove(&table).unwrap_or_default();
    replaced.resize(rows.num_rows(), None);
    let is_gone = table == Table::GroupTopics && !merged.gone.is_empty();
    let gone = is_gone.then(|| {
        (
            GroupTopic::batch(&merged.gone),
            std::mem::take(&mut merged.gone_from),
        )
    });
    TableBatch {
        number,
        rows,
        replaced,
        gone,
    }
}

fn read_partition(
    number: u16,
    rows: &mut PartitionRows,
    index: &Index,
    journal: &JournalReader,
    limit: usize,
    tell: &(dyn Fn(u64) + Sync),
) -> Result<bool> {
    let end = journal.end(number)?;
    if rows.progress().next == end {
        return Ok(true);
    }
    let mut reader: Reader = journal.reader(number, rows.progress().next)?;
    let mut batch = Batch::new();
    while rows.progress().next < end {
        if rows.pending_bytes() >= limit {
            return Ok(false);
        }
        reader.read(&mut batch, READ_BYTES, Duration::from_secs(1))?;
        let mut count = 0;
        for frame in batch.iter().take_while(|frame| frame.offset < end) {
            let entry = JournaledEntry {
                offset: frame.offset,
                arrived: frame.appended_at_ms,
                kind: Kind::new(frame.kind),
                source: frame.source,
                body: frame.body,
            };
            rows.apply(&entry, index)?;
            count += 1;
        }
        tell(count);
    }
    Ok(true)
}
