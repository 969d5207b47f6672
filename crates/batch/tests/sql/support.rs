//! Snapshots for tests of SQL, and a way to ask them.

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
    model::{Rows, Table},
    snapshot::{AsOf, DeltaVersion, Snapshot, TableSnapshot},
    sql::{
        child::Statements,
        error::SqlError,
        request::{End, Format, Limits, Request},
    },
};

/// A folder with tables, and the snapshot of them.
pub(crate) struct Tables {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) snapshot: Snapshot,
}

impl Tables {
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            snapshot: Snapshot {
                as_of: AsOf {
                    offsets: vec![12, 40],
                    stream_time: Some(1_489_925_470_960),
                },
                ..Snapshot::default()
            },
        }
    }

    /// Adds a table: `base` in two commits of Delta, `rows` over it, and hidden keys.
    pub(crate) async fn add(
        &mut self,
        table: Table,
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

    pub(crate) async fn of_rows(rows: &Rows) -> Self {
        let mut tables = Self::empty();
        for table in Table::ALL {
            if rows.count(table) > 0 {
                tables.add(table, &[rows.batch(table)], None, None).await;
            }
        }
        tables
    }

    pub(crate) fn request(&self, sql: &str, format: Format) -> Request {
        Request {
            sql: sql.to_owned(),
            format,
            limits: limits(),
            snapshot: self.snapshot.clone(),
        }
    }

    pub(crate) async fn ask(&self, sql: &str, format: Format) -> Result<(Vec<u8>, End), SqlError> {
        statements()
            .run(&self.request(sql, format))
            .await?
            .whole()
            .await
    }

    /// The rows as JSON.
    pub(crate) async fn json(&self, sql: &str) -> Result<serde_json::Value, SqlError> {
        let (bytes, _) = self.ask(sql, Format::Json).await?;
        Ok(serde_json::from_slice(&bytes).unwrap())
    }
}

pub(crate) fn statements() -> Statements {
    Statements::new(PathBuf::from(env!("CARGO_BIN_EXE_headcount-batch")))
}

/// As over a network, but with time for a debug build on a busy machine.
pub(crate) fn limits() -> Limits {
    Limits {
        wall_ms: 60_000,
        ..Limits::served()
    }
}

/// A statement over no tables, with time for a busy machine.
pub(crate) fn limited(sql: &str) -> Request {
    Tables::empty().request(sql, Format::Json)
}

fn ipc(path: &Path, batch: &RecordBatch) -> PathBuf {
    let mut writer = FileWriter::try_new(File::create(path).unwrap(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    path.to_owned()
}

/// Writes batches as commits of a Delta table.
pub(crate) async fn delta(folder: &Path, table: Table, batches: &[RecordBatch]) -> DeltaVersion {
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
pub(crate) fn keys(table: Table, batch: &RecordBatch) -> RecordBatch {
    let columns: Vec<ArrayRef> = batch.columns()[..table.key_columns()].to_vec();
    let fields: Vec<_> = table.schema().fields()[..table.key_columns()].to_vec();
    RecordBatch::try_new(
        std::sync::Arc::new(arrow::datatypes::Schema::new(fields)),
        columns,
    )
    .unwrap()
}
