//! A table as one statement sees it: a version of a Delta table without the rows that changed since, and those rows.

use std::{fs::File, path::PathBuf, sync::Arc};

use arrow::{
    array::RecordBatch,
    datatypes::{Schema, SchemaRef},
    ipc::reader::FileReader,
};
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableProvider, memory::MemorySourceConfig},
    common::{JoinType, NullEquality},
    error::{DataFusionError, Result},
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_expr::expressions::Column,
    physical_plan::{
        ExecutionPlan, PhysicalExpr,
        empty::EmptyExec,
        joins::{HashJoinExec, PartitionMode},
        projection::ProjectionExec,
        union::UnionExec,
    },
};
use deltalake::DeltaTableBuilder;
use tokio::sync::OnceCell;

use super::error::{SqlError, sqlstate};
use crate::{
    model::Table,
    snapshot::{DeltaVersion, TableSnapshot},
};

/// A table of a snapshot. Its log is read, and its files are opened, when a statement scans it.
#[derive(Debug)]
pub(crate) struct OverlaidTable {
    table: Table,
    schema: SchemaRef,
    delta: Option<DeltaVersion>,
    rows: Option<PathBuf>,
    hidden: Option<PathBuf>,
    base: OnceCell<Arc<dyn TableProvider>>,
}

impl OverlaidTable {
    pub(crate) fn new(table: Table, snapshot: Option<&TableSnapshot>) -> Self {
        let of =
            |path: fn(&TableSnapshot) -> &Option<PathBuf>| snapshot.and_then(|s| path(s).clone());
        Self {
            table,
            schema: table.schema(),
            delta: snapshot.and_then(|snapshot| snapshot.delta.clone()),
            rows: of(|snapshot| &snapshot.rows),
            hidden: of(|snapshot| &snapshot.hidden),
            base: OnceCell::new(),
        }
    }

    async fn base(
        &self,
        session: &dyn Session,
        delta: &DeltaVersion,
    ) -> Result<Arc<dyn TableProvider>> {
        let open = || open(self.table, delta, session);
        self.base.get_or_try_init(open).await.cloned()
    }

    /// The rows of Delta that still count, with the wanted columns.
    async fn old_rows(
        &self,
        session: &dyn Session,
        wanted: &[usize],
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(delta) = &self.delta else {
            return Ok(None);
        };
        let base = self.base(session, delta).await?;
        let filters = understood(base.as_ref(), filters)?;
        let Some(hidden) = &self.hidden else {
            let plan = base
                .scan(session, Some(&wanted.to_vec()), &filters, limit)
                .await?;
            return Ok(Some(plan));
        };
        let keys = self.table.key_columns();
        let mut columns: Vec<usize> = (0..keys).collect();
        columns.extend(wanted.iter().filter(|column| **column >= keys));
        // No limit: some of the first rows may be hidden.
        let scan = base.scan(session, Some(&columns), &filters, None).await?;
        let hidden = memory(
            hidden,
            &Arc::new(self.schema.project(&columns[..keys])?),
            None,
        )?;
        let kept = without(scan, hidden, keys)?;
        let position = |column: &usize| {
            columns
                .iter()
                .position(|other| other == column)
                .unwrap_or(0)
        };
        project(kept, &wanted.iter().map(position).collect::<Vec<_>>()).map(Some)
    }
}

#[async_trait]
impl TableProvider for OverlaidTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Inexact: rows that are not in Delta are not filtered here.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.schema.fields().len()).collect();
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(all);
        let old = self.old_rows(session, &wanted, filters, limit).await?;
        let new = match &self.rows {
            Some(path) => Some(memory(path, &self.schema, Some(&wanted))?),
            None => None,
        };
        Ok(match (old, new) {
            (Some(old), Some(new)) => UnionExec::try_new(vec![old, new])?,
            (Some(plan), None) | (None, Some(plan)) => plan,
            (None, None) => Arc::new(EmptyExec::new(Arc::new(self.schema.project(&wanted)?))),
        })
    }
}

/// Those filters that a provider uses for anything.
fn understood(base: &dyn TableProvider, filters: &[Expr]) -> Result<Vec<Expr>> {
    let uses = base.supports_filters_pushdown(&filters.iter().collect::<Vec<_>>())?;
    let used = |(_, use_of): &(&Expr, TableProviderFilterPushDown)| {
        *use_of != TableProviderFilterPushDown::Unsupported
    };
    let filters = filters.iter().zip(uses).filter(used);
    Ok(filters.map(|(filter, _)| filter.clone()).collect())
}

/// Opens a version of a Delta table. Of its log only what leads to this version is read, and its list of files is
/// read by the scan, as far as its filters let it.
async fn open(
    table: Table,
    delta: &DeltaVersion,
    session: &dyn Session,
) -> Result<Arc<dyn TableProvider>> {
    let url = delta
        .url
        .parse()
        .map_err(|error| DataFusionError::External(Box::new(error)))?;
    let settings = datafusion::execution::SessionStateBuilder::new()
        .with_config(session.config().clone())
        .with_runtime_env(session.runtime_env().clone())
        .build();
    let opened = DeltaTableBuilder::from_url(url)?.build()?;
    let provider = opened
        .table_provider()
        .with_session(Arc::new(settings))
        .with_table_version(delta.version)
        .build()
        .await?;
    let (found, expected) = (provider.schema(), table.schema());
    if !same(&found, &expected) {
        let message = format!(
            "the table {table} in {} has other columns than this version of headcount writes; \
             make the tables again with `headcount tables rebuild`",
            delta.url
        );
        return Err(DataFusionError::External(Box::new(SqlError::new(
            sqlstate::SYSTEM,
            message,
        ))));
    }
    Ok(Arc::new(provider))
}

fn same(found: &Schema, expected: &Schema) -> bool {
    let columns = |schema: &Schema| -> Vec<_> {
        let fields = schema.fields().iter();
        fields
            .map(|field| (field.name().clone(), field.data_type().clone()))
            .collect()
    };
    columns(found) == columns(expected)
}

/// A file of Arrow IPC as a source in memory.
fn memory(
    path: &PathBuf,
    schema: &SchemaRef,
    columns: Option<&[usize]>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let reader = FileReader::try_new_buffered(File::open(path)?, columns.map(<[usize]>::to_vec))?;
    let projected = match columns {
        Some(columns) => Arc::new(schema.project(columns)?),
        None => schema.clone(),
    };
    let batches: Vec<RecordBatch> = reader
        .map(|batch| Ok(batch?.with_schema(projected.clone())?))
        .collect::<Result<_>>()?;
    Ok(MemorySourceConfig::try_new_exec(
        &[batches],
        projected,
        None,
    )?)
}

/// The rows of `scan` whose first columns are no row of `hidden`.
fn without(
    scan: Arc<dyn ExecutionPlan>,
    hidden: Arc<dyn ExecutionPlan>,
    keys: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let key = |plan: &Arc<dyn ExecutionPlan>, index: usize| -> Arc<dyn PhysicalExpr> {
        Arc::new(Column::new(plan.schema().field(index).name(), index))
    };
    let on = (0..keys)
        .map(|index| (key(&hidden, index), key(&scan, index)))
        .collect();
    // The hidden keys are few: they are hashed once, and the scan streams past them in as many parts as it has.
    Ok(Arc::new(HashJoinExec::try_new(
        hidden,
        scan,
        on,
        None,
        &JoinType::RightAnti,
        None,
        PartitionMode::CollectLeft,
        NullEquality::NullEqualsNothing,
        false,
    )?))
}

fn project(plan: Arc<dyn ExecutionPlan>, columns: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = plan.schema();
    let of = |index: &usize| {
        let name = schema.field(*index).name().clone();
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(&name, *index));
        (column, name)
    };
    let columns: Vec<_> = columns.iter().map(of).collect();
    Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
}
