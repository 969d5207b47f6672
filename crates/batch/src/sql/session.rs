//! The catalogue and the settings that a statement is planned and executed with.

use std::{collections::HashMap, sync::Arc};

use datafusion::{
    arrow::array::RecordBatch,
    catalog::{TableProvider, memory::MemTable},
    common::config::Dialect,
    execution::{
        SessionStateBuilder,
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        memory_pool::GreedyMemoryPool,
        runtime_env::RuntimeEnvBuilder,
    },
    prelude::{SessionConfig, SessionContext},
};

use super::{error::SqlError, functions, live, overlay::OverlaidTable, request::Limits};
use crate::{model::Table, snapshot::Snapshot};

/// Catalogue and schema of the tables, as PostgreSQL's clients expect them.
pub const CATALOG: &str = "headcount";
/// See [`CATALOG`].
pub const SCHEMA: &str = "public";

/// Room of a child that is no table, no intermediate result and no row: code, stacks, the parser.
const OVERHEAD: u64 = 400 << 20;

/// A context in which the snapshot's tables can be asked, with PostgreSQL's meaning.
///
/// Nothing is read yet, but for the summary of the live counts.
///
/// # Errors
/// If a table cannot be registered.
pub fn session(snapshot: &Snapshot, limits: &Limits) -> Result<SessionContext, SqlError> {
    let context = bare_session(limits)?;
    register(&context, snapshot)?;
    Ok(context)
}

/// A context without tables. It is what takes time: a child makes it while it waits for a statement.
pub(crate) fn bare_session(limits: &Limits) -> Result<SessionContext, SqlError> {
    // Whatever the pool does not know of has the rest of the address space; it ends with the process.
    let pool = limits.memory.saturating_sub(OVERHEAD).max(64 << 20);
    let pool = usize::try_from(pool).unwrap_or(usize::MAX);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(pool)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
        )
        .build_arc()?;
    let state = SessionStateBuilder::new()
        .with_config(config(limits.threads))
        .with_runtime_env(runtime)
        .with_default_features();
    let state = functions::with_postgres_meaning(state)?;
    Ok(SessionContext::new_with_state(state))
}

/// Registers the tables of a snapshot, and those of the live counts.
pub(crate) fn register(context: &SessionContext, snapshot: &Snapshot) -> Result<(), SqlError> {
    for table in Table::ALL {
        let found = snapshot.tables.iter().find(|found| found.table == table);
        context.register_table(table.name(), Arc::new(OverlaidTable::new(table, found)))?;
    }
    for (name, batch) in
        live::tables(&snapshot.live).map_err(datafusion::error::DataFusionError::from)?
    {
        context.register_table(name, in_memory(batch)?)?;
    }
    Ok(())
}

fn in_memory(batch: RecordBatch) -> Result<Arc<dyn TableProvider>, SqlError> {
    Ok(Arc::new(MemTable::try_new(
        batch.schema(),
        vec![vec![batch]],
    )?))
}

/// The settings of every session.
pub(crate) fn config(threads: usize) -> SessionConfig {
    let mut config = SessionConfig::from(datafusion::common::config::ConfigOptions::new())
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(true)
        .with_target_partitions(threads.max(1));
    let options = config.options_mut();
    // By default instants have no zone: `extract(hour …)` of a column and of a literal differ.
    options.execution.time_zone = Some("+00:00".to_owned());
    options.sql_parser.dialect = Dialect::PostgreSQL;
    // Literals such as 0.1 go through floats otherwise.
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    // The tables have exact schemas, and clients of old Arrow versions do not know views.
    options.execution.parquet.schema_force_view_types = false;
    config
}

/// How many rows a table of the snapshot has, by name, for those tables whose counts follow from the files' metadata.
///
/// # Errors
/// If a table cannot be read.
pub async fn row_counts(context: &SessionContext) -> Result<HashMap<&'static str, u64>, SqlError> {
    let mut counts = HashMap::new();
    for table in Table::ALL {
        let rows = context.table(table.name()).await?.count().await?;
        counts.insert(table.name(), rows as u64);
    }
    Ok(counts)
}
