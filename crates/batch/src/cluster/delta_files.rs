//! A version of a Delta table, as the files that it consists of.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableProvider},
    common::{Result, Statistics, project_schema, stats::Precision},
    config::TableParquetOptions,
    datasource::{
        listing::PartitionedFile,
        object_store::ObjectStoreUrl,
        physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
    },
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::{ExecutionPlan, empty::EmptyExec},
};
use deltalake::{DeltaTable, logstore};
use futures_util::TryStreamExt;
use object_store::{path::Path, prefix::PrefixStore};
use serde::{Deserialize, Serialize};
use url::Url;

use super::stores::LakeStores;
use crate::snapshot::DeltaVersion;

/// What is asked for first at the end of a file: most footers of ours fit, so that one request reads them.
const FOOTER_BYTES: usize = 128 * 1024;

/// A table of Parquet files: those of one version of a Delta table. A plan of it can be sent to any Ballista.
#[derive(Debug, Clone)]
pub struct DeltaFiles {
    schema: SchemaRef,
    files: FileList,
}

/// What is sent of it; the schema travels beside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FileList {
    /// Where the store begins: `file:///` or `s3://bucket/`.
    store: String,
    files: Vec<TableFile>,
}

/// A file of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TableFile {
    /// From the beginning of the store.
    path: String,
    bytes: u64,
    /// How many rows it has, if the table's log says so.
    rows: Option<usize>,
}

impl DeltaFiles {
    /// Reads the log of the table up to the version.
    ///
    /// # Errors
    /// When the log cannot be read, or the table has what our tables never have: partitions, deletion vectors, column
    /// mapping. To read it without knowing those would give wrong rows.
    pub async fn open(delta: &DeltaVersion, stores: &LakeStores) -> anyhow::Result<Self> {
        let wrong = |problem: String| {
            anyhow::anyhow!(
                "the table {}, version {}: {problem}",
                delta.url,
                delta.version
            )
        };
        let url = Url::parse(&delta.url).map_err(|e| wrong(e.to_string()))?;
        let store = stores.store(&url)?;
        let root = Path::from_url_path(url.path()).map_err(|e| wrong(e.to_string()))?;
        let log = logstore::default_logstore(
            Arc::new(PrefixStore::new(Arc::clone(&store), root.clone())),
            store,
            &url,
            &logstore::StorageConfig::default(),
        );
        let mut table = DeltaTable::new(Arc::clone(&log));
        table
            .load_version(delta.version)
            .await
            .map_err(|e| wrong(e.to_string()))?;
        let snapshot = table
            .snapshot()
            .map_err(|e| wrong(e.to_string()))?
            .snapshot();
        if snapshot.protocol().min_reader_version() > 1 {
            return Err(wrong(
                "it has features that this program never writes; rebuild it".to_owned(),
            ));
        }
        if !snapshot.metadata().partition_columns().is_empty() {
            return Err(wrong(
                "it has partitions, which this program never writes; rebuild it".to_owned(),
            ));
        }
        let views: Vec<_> = snapshot
            .file_views(log.as_ref(), None)
            .try_collect()
            .await
            .map_err(|e| wrong(e.to_string()))?;
        let mut files: Vec<_> = views
            .iter()
            .map(|file| TableFile {
                path: format!("{root}/{}", file.object_store_path()),
                bytes: u64::try_from(file.size()).unwrap_or(0),
                rows: file.num_records(),
            })
            .collect();
        // A plan is the same each time that a version is read.
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self {
            schema: snapshot.arrow_schema(),
            files: FileList {
                store: url[..url::Position::BeforePath].to_owned() + "/",
                files,
            },
        })
    }

    /// A table without rows.
    #[must_use]
    pub fn empty(schema: SchemaRef) -> Self {
        Self {
            schema,
            files: FileList {
                store: "file:///".to_owned(),
                files: Vec::new(),
            },
        }
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(&self.files)
            .map_err(|e| datafusion::error::DataFusionError::External(e.into()))
    }

    pub(super) fn decode(bytes: &[u8], schema: SchemaRef) -> Result<Self> {
        let files = serde_json::from_slice(bytes)
            .map_err(|e| datafusion::error::DataFusionError::External(e.into()))?;
        Ok(Self { schema, files })
    }

    fn statistics(&self) -> Statistics {
        let rows: Option<usize> = self.files.files.iter().map(|file| file.rows).sum();
        let bytes: u64 = self.files.files.iter().map(|file| file.bytes).sum();
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = rows.map_or(Precision::Absent, Precision::Exact);
        statistics.total_byte_size =
            Precision::Inexact(usize::try_from(bytes).unwrap_or(usize::MAX));
        statistics
    }

    /// The files in at most `most` groups of about the same size.
    fn groups(&self, most: usize) -> Vec<FileGroup> {
        let mut files: Vec<_> = self.files.files.iter().collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.bytes));
        let mut groups = vec![(0, Vec::new()); most.max(1).min(files.len())];
        for file in files {
            if let Some((bytes, group)) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
                *bytes += file.bytes;
                group.push(PartitionedFile::new(file.path.clone(), file.bytes));
            }
        }
        groups
            .into_iter()
            .map(|(_, group)| FileGroup::new(group))
            .collect()
    }
}

#[async_trait]
impl TableProvider for DeltaFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.files.files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(
                &self.schema,
                projection,
            )?)));
        }
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(options)
            .with_metadata_size_hint(FOOTER_BYTES);
        let config =
            FileScanConfigBuilder::new(ObjectStoreUrl::parse(&self.files.store)?, Arc::new(source))
                .with_file_groups(self.groups(session.config().target_partitions()))
                .with_statistics(self.statistics())
                .with_projection_indices(projection.cloned())?
                .with_limit(limit)
                .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// Filters reach the scan later, when the physical plan is optimised; they skip row groups and leave rows.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(Self::statistics(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LakeTable;

    #[test]
    fn groups_are_balanced_hold_each_file_once_and_survive_the_journey() {
        let file = |n: u64| TableFile {
            path: format!("t/{n}"),
            bytes: n,
            rows: (n != 7).then_some(1),
        };
        let mut table = DeltaFiles::empty(LakeTable::Topics.schema());
        table.files.files = (1..=6).map(file).collect();
        let groups = table.groups(3);
        let sizes: Vec<u64> = groups
            .iter()
            .map(|group| group.iter().map(|file| file.object_meta.size).sum())
            .collect();
        assert_eq!(sizes, [7, 7, 7]);
        assert_eq!(table.groups(100).len(), 6);
        assert_eq!(DeltaFiles::statistics(&table).num_rows, Precision::Exact(6));
        table.files.files.push(file(7));
        assert_eq!(DeltaFiles::statistics(&table).num_rows, Precision::Absent);
        let read =
            DeltaFiles::decode(&table.encode().expect("encode"), table.schema()).expect("decode");
        assert_eq!(read.files, table.files);
    }
}
