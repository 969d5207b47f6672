//! Snapshots for tests of SQL, and a way to ask them.

#![allow(clippy::unwrap_used, dead_code)] // not every test uses all of it

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use arrow::{
    array::{ArrayRef, RecordBatch},
    ipc::writer::FileWriter,
};
use deltalake::{
    DeltaTableBuilder, kernel::engine::arrow_conversion::TryIntoKernel, protocol::SaveMode,
};
use headcount_batch::{
    model::LakeTable,
    snapshot::{DeltaVersion, TableSnapshot, TablesAsOf, TablesSnapshot},
    sql::{
        child::StatementRunner,
        error::SqlError,
        request::{AnswerEnd, AnswerFormat, StatementLimits, StatementRequest},
    },
};

/// A folder with tables, and the snapshot of them.
pub(crate) struct Tables {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) snapshot: TablesSnapshot,
}

impl Tables {
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            snapshot: TablesSnapshot {
                as_of: TablesAsOf {
                    offsets: vec![12, 40],
                    stream_time: Some(1_489_925_470_960),
                },
                ..TablesSnapshot::default()
            },
        }
    }

    /// Adds a table: `base` in two commits of Delta, `rows` over it, and hidden keys.
    pub(crate) async fn add(
        &mut self,
        table: LakeTable,
        base: &[RecordBatch],
        rows: Option<RecordBatch>,
        hidden: Option<RecordBatch>,
    ) {
        let delta = if base.is_empty() {
            None
        } else {
            Some(delta(&self.folder.path().join(table.name()), table, base).await)
        };
        let file = |name: &str, batch: Option<RecordBatch>| -> Option<PathBuf> {
            let path = self.folder.path().join(format!("{table}-{name}.arrow"));
            batch.map(|batch| ipc(&path, &batch))
        };
        self.snapshot.tables.push(TableSnapshot {
            table,
            delta,
            rows: file("rows", rows),
            hidden: file("hidden", hidden),
        });
    }

    pub(crate) fn request(&self, sql: &str, format: AnswerFormat) -> StatementRequest {
        StatementRequest {
            sql: sql.to_owned(),
            format,
            limits: limits(),
            snapshot: self.snapshot.clone(),
            bound: None,
        }
    }

    pub(crate) async fn ask(
        &self,
        sql: &str,
        format: AnswerFormat,
    ) -> Result<(Vec<u8>, AnswerEnd), SqlError> {
        statements()
            .run(&self.request(sql, format))
            .await?
            .whole()
            .await
    }

    /// The rows as JSON.
    pub(crate) async fn json(&self, sql: &str) -> Result<serde_json::Value, SqlError> {
        let (bytes, _) = self.ask(sql, AnswerFormat::Json).await?;
        Ok(serde_json::from_slice(&bytes).unwrap())
    }
}

pub(crate) fn statements() -> StatementRunner {
    StatementRunner::new(PathBuf::from(env!("CARGO_BIN_EXE_headcount-batch")))
}

/// As over a network, but with time for a debug build on a busy machine.
pub(crate) fn limits() -> StatementLimits {
    StatementLimits {
        wall_ms: 60_000,
        ..StatementLimits::served()
    }
}

/// A statement over no tables, with time for a busy machine.
pub(crate) fn limited(sql: &str) -> StatementRequest {
    Tables::empty().request(sql, AnswerFormat::Json)
}

fn ipc(path: &Path, batch: &RecordBatch) -> PathBuf {
    let mut writer = FileWriter::try_new(File::create(path).unwrap(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    path.to_owned()
}

/// Writes batches as commits of a Delta table.
pub(crate) async fn delta(
    folder: &Path,
    table: LakeTable,
    batches: &[RecordBatch],
) -> DeltaVersion {
    std::fs::create_dir_all(folder).unwrap();
    let url = url::Url::from_directory_path(folder).unwrap();
    let schema: deltalake::kernel::StructType = table.schema().as_ref().try_into_kernel().unwrap();
    let mut opened = DeltaTableBuilder::from_url(url.clone())
        .unwrap()
        .build()
        .unwrap()
        .create()
        .with_columns(schema.fields().cloned())
        .await
        .unwrap();
    for batch in batches {
        opened = opened
            .write([batch.clone()])
            .with_save_mode(SaveMode::Append)
            .await
            .unwrap();
    }
    DeltaVersion {
        url: url.to_string(),
        version: opened.version().unwrap(),
    }
}

/// The key columns of rows.
pub(crate) fn keys(table: LakeTable, batch: &RecordBatch) -> RecordBatch {
    let columns: Vec<ArrayRef> = batch.columns()[..table.key_columns()].to_vec();
    let fields: Vec<_> = table.schema().fields()[..table.key_columns()].to_vec();
    RecordBatch::try_new(
        std::sync::Arc::new(arrow::datatypes::Schema::new(fields)),
        columns,
    )
    .unwrap()
}
