//! Writing the files of a Delta table, and committing them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use arrow::{
    array::{BooleanArray, RecordBatch, UInt32Array},
    compute::{filter_record_batch, take_record_batch},
    row::{OwnedRow, RowConverter, SortField},
};
use deltalake::{
    DeltaTable, DeltaTableError,
    datafile::writer::{DeltaWriter, WriterConfig},
    kernel::transaction::CommitBuilder,
    kernel::{
        Action, Add, Remove, StructType, Transaction, engine::arrow_conversion::TryIntoKernel,
        transaction::CommitProperties,
    },
    operations::create::CreateBuilder,
    protocol::{DeltaOperation, SaveMode},
    table::config::TablePropertiesExt as _,
};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use parquet::{
    arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};

use super::{
    data_file::{DataFile, FILE_BYTES_MAX, SMALL_BYTES, SMALL_FILES_MAX, TableFiles},
    location::{TablesLocation, delta_error},
};
use crate::{
    error::{Error, Result},
    model::LakeTable,
};

/// Rows that are read and written at once.
const ROWS: usize = 8192;

/// How long files that were replaced stay: nobody of ours reads a version for longer.
const REMOVED_KEPT: &str = "interval 1 hours";

/// A Delta table that this process alone writes.
pub(super) struct TableWriter {
    table: LakeTable,
    delta: DeltaTable,
    store: Arc<dyn ObjectStore>,
    keys: RowConverter,
}

/// What is to be written into a table.
pub(super) struct RowBatch {
    /// The number of the batch.
    pub(super) number: u32,
    /// Its rows.
    pub(super) rows: RecordBatch,
    /// For each row, the batch with the row in whose place it comes.
    pub(super) replaced: Vec<Option<u32>>,
    /// Keys of rows that go without a successor, and their batches.
    pub(super) gone: Option<(RecordBatch, Vec<u32>)>,
}

impl RowBatch {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.num_rows() == 0
            && self
                .gone
                .as_ref()
                .is_none_or(|(keys, _)| keys.num_rows() == 0)
    }
}

impl TableWriter {
    /// Opens a table, or creates it.
    pub(super) async fn open(location: &TablesLocation, table: LakeTable) -> Result<Self> {
        let mut delta = location.table(table)?;
        let failed = |cause| delta_error(table, cause);
        if delta.verify_deltatable_existence().await.map_err(failed)? {
            delta.load().await.map_err(failed)?;
        } else {
            delta = create(location, table).await?;
        }
        let key = table
            .key()
            .iter()
            .map(|column| SortField::new(column.column_type.arrow()));
        let keys = RowConverter::new(key.collect()).map_err(|cause| arrow_error(table, cause))?;
        let store = delta.object_store();
        Ok(Self {
            table,
            delta,
            store,
            keys,
        })
    }

    /// The version of the table.
    pub(super) fn version(&self) -> u64 {
        self.delta.version().unwrap_or(0)
    }

    /// The files of the table and their bytes, as readers see them.
    pub(super) fn committed(&self) -> Result<BTreeMap<String, u64>> {
        let state = self
            .delta
            .snapshot()
            .map_err(|cause| delta_error(self.table, cause))?;
        let files = state.log_data().into_iter().map(|file| {
            (
                file.path().into_owned(),
                file.size().try_into().unwrap_or(0),
            )
        });
        Ok(files.collect())
    }

    /// Writes a batch into new files, and leaves out what it replaces. Nothing is committed; returns the paths of files
    /// that no longer count.
    pub(super) async fn write(
        &mut self,
        files: &mut TableFiles,
        batch: RowBatch,
    ) -> Result<Vec<String>> {
        let mut drops = self.drops(&batch)?;
        let plan = Rewriting::of(files, &drops, !batch.is_empty());
        let mut written = Vec::new();
        let mut batches: BTreeSet<u32> = BTreeSet::new();
        let mut writer = self.writer()?;
        if batch.rows.num_rows() > 0 {
            batches.insert(batch.number);
            for start in (0..batch.rows.num_rows()).step_by(ROWS) {
                let rows = batch
                    .rows
                    .slice(start, ROWS.min(batch.rows.num_rows() - start));
                self.append(&mut writer, &rows).await?;
            }
        }
        for file in files
            .files
            .iter()
            .filter(|file| plan.merged.contains(&file.path))
        {
            batches.extend(&file.batches);
            self.copy(file, &mut drops, &mut writer).await?;
        }
        written.extend(self.close(writer, batches).await?);
        for file in files
            .files
            .iter()
            .filter(|file| plan.rewritten.contains(&file.path))
        {
            let mut writer = self.writer()?;
            self.copy(file, &mut drops, &mut writer).await?;
            written.extend(
                self.close(writer, file.batches.iter().copied().collect())
                    .await?,
            );
        }
        let missing: usize = drops.values().map(HashSet::len).sum();
        if missing > 0 {
            return Err(Error::Other(format!(
                "{missing} rows that are to be replaced are not in the files of the table {}; run `headcount tables rebuild`",
                self.table
            )));
        }
        let is_old = |file: &DataFile| {
            plan.merged.contains(&file.path) || plan.rewritten.contains(&file.path)
        };
        let old: Vec<_> = files
            .files
            .extract_if(.., |file| is_old(file))
            .map(|file| file.path)
            .collect();
        files.files.extend(written);
        Ok(old)
    }

    /// The keys to leave out, by the batch in which their rows lie.
    fn drops(&self, batch: &RowBatch) -> Result<BTreeMap<u32, HashSet<OwnedRow>>> {
        let mut drops: BTreeMap<u32, HashSet<OwnedRow>> = BTreeMap::new();
        let replaced: Vec<(u32, u32)> = (0..)
            .zip(&batch.replaced)
            .filter_map(|(at, old)| Some((at, (*old)?)))
            .collect();
        let places = UInt32Array::from_iter_values(replaced.iter().map(|(at, _)| *at));
        let rows = take_record_batch(&batch.rows, &places)
            .map_err(|cause| arrow_error(self.table, cause))?;
        let olds = replaced.iter().map(|(_, old)| *old);
        for (key, old) in self.keys(&rows)?.into_iter().zip(olds) {
            drops.entry(old).or_default().insert(key);
        }
        if let Some((keys, olds)) = &batch.gone {
            for (key, old) in self.keys(keys)?.into_iter().zip(olds) {
                drops.entry(*old).or_default().insert(key);
            }
        }
        Ok(drops)
    }

    fn keys(&self, rows: &RecordBatch) -> Result<Vec<OwnedRow>> {
        let columns = &rows.columns()[..self.table.key_columns()];
        let rows = self
            .keys
            .convert_columns(columns)
            .map_err(|cause| arrow_error(self.table, cause))?;
        Ok(rows.iter().map(|row| row.owned()).collect())
    }

    /// Copies the rows of a file but for those to leave out.
    async fn copy(
        &self,
        file: &DataFile,
        drops: &mut BTreeMap<u32, HashSet<OwnedRow>>,
        writer: &mut DeltaWriter,
    ) -> Result<()> {
        let mut keys: HashSet<OwnedRow> = HashSet::new();
        for batch in &file.batches {
            keys.extend(drops.remove(batch).unwrap_or_default());
        }
        for batch in self.read(&file.path).await? {
            let batch = batch.map_err(|cause| arrow_error(self.table, cause))?;
            let batch = batch
                .with_schema(self.table.schema())
                .map_err(|cause| arrow_error(self.table, cause))?;
            if keys.is_empty() {
                self.append(writer, &batch).await?;
                continue;
            }
            let stays: BooleanArray = self
                .keys(&batch)?
                .iter()
                .map(|key| Some(!keys.remove(key)))
                .collect();
            if stays.true_count() == stays.len() {
                self.append(writer, &batch).await?;
                continue;
            }
            let batch = filter_record_batch(&batch, &stays)
                .map_err(|cause| arrow_error(self.table, cause))?;
            self.append(writer, &batch).await?;
        }
        if !keys.is_empty() {
            // They are told of as missing.
            drops.insert(u32::MAX, keys);
        }
        Ok(())
    }

    /// The rows of a file, which is read whole: it has [`FILE_BYTES_MAX`] at most, or little more.
    pub(super) async fn read(&self, path: &str) -> Result<ParquetRecordBatchReader> {
        let bytes = self.store.get(&Path::from(path)).await?.bytes().await?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes);
        let reader = builder.and_then(|builder| builder.with_batch_size(ROWS).build());
        reader.map_err(|cause| delta_error(self.table, DeltaTableError::Parquet { source: cause }))
    }

    fn writer(&self) -> Result<DeltaWriter> {
        let snapshot = self
            .delta
            .snapshot()
            .map_err(|cause| delta_error(self.table, cause))?;
        let level = ZstdLevel::try_new(1).expect("1 is a level");
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .build();
        let config = WriterConfig::new(
            self.table.schema(),
            Vec::new(),
            Some(properties),
            None,
            Some(ROWS),
            snapshot.table_config().num_indexed_cols(),
            // Statistics of every column, of long texts too: in one without, the Python package finds no null.
            None,
        );
        Ok(DeltaWriter::new(Arc::clone(&self.store), config))
    }

    async fn append(&self, writer: &mut DeltaWriter, rows: &RecordBatch) -> Result<()> {
        // The writer casts what does not fit without a word.
        if rows.schema() != self.table.schema() {
            return Err(Error::Other(format!(
                "rows of another shape came for the table {}",
                self.table
            )));
        }
        if rows.num_rows() == 0 {
            return Ok(());
        }
        writer
            .write(rows)
            .await
            .map_err(|cause| delta_error(self.table, cause))
    }

    async fn close(&self, writer: DeltaWriter, batches: BTreeSet<u32>) -> Result<Vec<DataFile>> {
        let adds = writer
            .close()
            .await
            .map_err(|cause| delta_error(self.table, cause))?;
        Ok(adds
            .iter()
            .map(|add| DataFile::of(add, batches.iter().copied().collect()))
            .collect())
    }

    /// Makes readers see the files, in one commit that carries the offsets. When such a commit is there already, for a process
    /// was killed after it, nothing is committed.
    pub(super) async fn commit(
        &mut self,
        files: &mut TableFiles,
        offsets: &Offsets<'_>,
    ) -> Result<()> {
        if files.is_committed() {
            return Ok(());
        }
        self.delta
            .update_state()
            .await
            .map_err(|cause| delta_error(self.table, cause))?;
        let found = self.version();
        if self.is_ahead(files, offsets).await? {
            files.set_committed(found);
            return Ok(());
        }
        if found != files.version {
            return Err(self.foreign(files.version));
        }
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_application_transactions(offsets.transactions());
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: None,
            predicate: None,
        };
        let snapshot = self
            .delta
            .snapshot()
            .map_err(|cause| delta_error(self.table, cause))?;
        let committed = CommitBuilder::from(properties)
            .with_actions(actions(files))
            .build(Some(snapshot), self.delta.log_store(), operation)
            .await;
        // An error may come after the commit is there: what the table says decides.
        self.delta
            .update_state()
            .await
            .map_err(|cause| delta_error(self.table, cause))?;
        match committed {
            Ok(done) => {
                files.set_committed(done.version());
                Ok(())
            }
            Err(_) if self.version() == files.version + 1 && self.has(offsets).await? => {
                files.set_committed(self.version());
                Ok(())
            }
            Err(cause) if self.version() == files.version => Err(delta_error(self.table, cause)),
            Err(_) => Err(self.foreign(files.version)),
        }
    }

    /// Whether the table has the commit of these files already, which nobody noted.
    pub(super) async fn is_ahead(&self, files: &TableFiles, offsets: &Offsets<'_>) -> Result<bool> {
        let is_next = !files.is_committed() && self.version() == files.version + 1;
        Ok(is_next && self.has(offsets).await?)
    }

    /// Whether the table has a commit with exactly these offsets as its last.
    async fn has(&self, offsets: &Offsets<'_>) -> Result<bool> {
        let snapshot = self
            .delta
            .snapshot()
            .map_err(|cause| delta_error(self.table, cause))?;
        let store = self.delta.log_store();
        for transaction in offsets.transactions() {
            let version = snapshot
                .transaction_version(store.as_ref(), &transaction.app_id)
                .await;
            if version.map_err(|cause| delta_error(self.table, cause))? != Some(transaction.version)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn foreign(&self, expected: u64) -> Error {
        Error::Foreign {
            table: self.table,
            expected,
            found: self.version().to_string(),
        }
    }

    /// Deletes a file that was never committed.
    pub(super) async fn discard(&self, path: &str) -> Result<()> {
        match self.store.delete(&Path::from(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(cause.into()),
        }
    }

    pub(super) fn delta(&self) -> &DeltaTable {
        &self.delta
    }

    pub(super) fn set_delta(&mut self, delta: DeltaTable) {
        self.delta = delta;
    }

    pub(super) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub(super) fn table(&self) -> LakeTable {
        self.table
    }
}

/// How far the journal has been read, as application transactions.
pub(super) struct Offsets<'a> {
    pub(super) journal: u64,
    pub(super) offsets: &'a [u64],
}

impl Offsets<'_> {
    fn transactions(&self) -> Vec<Transaction> {
        let offsets = self.offsets.iter().enumerate();
        let transaction = |(partition, offset): (usize, &u64)| {
            let app = format!("headcount/{:016x}/p{partition:03}", self.journal);
            Transaction::new(app, i64::try_from(*offset).unwrap_or(i64::MAX))
        };
        offsets.map(transaction).collect()
    }
}

/// Which files of a table are written anew, and how.
struct Rewriting {
    /// Together with the new rows.
    merged: HashSet<String>,
    /// Each into one of its own.
    rewritten: HashSet<String>,
}

impl Rewriting {
    fn of(files: &TableFiles, drops: &BTreeMap<u32, HashSet<OwnedRow>>, is_written: bool) -> Self {
        let is_touched =
            |file: &DataFile| file.batches.iter().any(|batch| drops.contains_key(batch));
        let small = files
            .files
            .iter()
            .filter(|file| file.bytes < SMALL_BYTES)
            .count();
        let compacts = is_written && small >= SMALL_FILES_MAX;
        let mut plan = Self {
            merged: HashSet::new(),
            rewritten: HashSet::new(),
        };
        let mut room = FILE_BYTES_MAX;
        for file in &files.files {
            let is_small = file.bytes < SMALL_BYTES;
            if is_small && (compacts || is_touched(file)) && file.bytes <= room {
                room -= file.bytes;
                plan.merged.insert(file.path.clone());
            } else if is_touched(file) {
                plan.rewritten.insert(file.path.clone());
            }
        }
        plan
    }
}

/// The actions that bring a table from what was committed to what is.
fn actions(files: &TableFiles) -> Vec<Action> {
    let now = headcount_clock::now_ms();
    let is_new = |file: &&DataFile| !files.committed.contains_key(&file.path);
    let adds = files.files.iter().filter(is_new).filter_map(|file| {
        let add: Add = serde_json::from_str(&file.add).ok()?;
        Some(Action::Add(add))
    });
    let stays: HashSet<&str> = files.files.iter().map(|file| file.path.as_str()).collect();
    let removed = files
        .committed
        .iter()
        .filter(|(path, _)| !stays.contains(path.as_str()));
    let removes = removed.map(|(path, bytes)| {
        Action::Remove(Remove {
            path: path.clone(),
            data_change: true,
            deletion_timestamp: Some(now),
            extended_file_metadata: Some(true),
            partition_values: Some(HashMap::new()),
            size: i64::try_from(*bytes).ok(),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
        })
    });
    adds.chain(removes).collect()
}

async fn create(location: &TablesLocation, table: LakeTable) -> Result<DeltaTable> {
    let schema: StructType = table
        .schema()
        .as_ref()
        .try_into_kernel()
        .map_err(|cause| arrow_error(table, cause))?;
    let key = table
        .key()
        .iter()
        .map(|column| column.name)
        .collect::<Vec<_>>()
        .join(", ");
    let created = CreateBuilder::new()
        .with_log_store(location.table(table)?.log_store())
        .with_table_name(table.name())
        .with_comment(format!("key: {key}"))
        .with_columns(schema.fields().cloned())
        .with_configuration([("delta.deletedFileRetentionDuration", Some(REMOVED_KEPT))])
        .await;
    created.map_err(|cause| delta_error(table, cause))
}

pub(super) fn arrow_error(table: LakeTable, cause: arrow::error::ArrowError) -> Error {
    delta_error(table, DeltaTableError::Arrow { source: cause })
}
