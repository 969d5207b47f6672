//! The client: a session whose statements run on a cluster.

use std::{future::Future, sync::Arc};

use anyhow::Context;
use arrow::record_batch::RecordBatch;
use ballista::prelude::{SessionConfigExt, SessionContextExt};
use datafusion::{
    common::DataFusionError,
    execution::{SessionStateBuilder, memory_pool::FairSpillPool, runtime_env::RuntimeEnvBuilder},
    prelude::{DataFrame, SessionContext},
};
use tracing::warn;

use super::{
    address::ClusterAddress, codec::TableCodec, delta_files::DeltaFiles, functions::Functions,
    stores::LakeStores,
};
use crate::{
    snapshot::TableSnapshot,
    sql::{
        error::SqlError, functions::with_postgres_meaning, guard, session::config,
        statement::logical_plan,
    },
};

/// How often a statement is sent whose result was lost with an executor.
const ATTEMPTS: usize = 3;

/// Bytes that operators of a session in this process hold in memory.
const MEMORY: usize = 512 << 20;

/// Into how many parts a stage is cut: as many tasks can run at once.
const PARTITIONS: usize = 16;

/// A session on the cluster over these versions of the tables: those of the newest cut, and not what the journal holds
/// beyond it. Statements that write nothing work; what they return is read with [`collect`].
///
/// # Errors
/// When a table cannot be read, or the address is none.
pub async fn session_on_cluster(
    address: &ClusterAddress,
    stores: &LakeStores,
    tables: &[TableSnapshot],
) -> anyhow::Result<SessionContext> {
    let config = config(PARTITIONS)
        .upgrade_for_ballista()
        .with_ballista_logical_extension_codec(Arc::new(TableCodec::default()));
    // Only the plan is made here, and that of our tables holds what it needs.
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features();
    let state = with_postgres_meaning(state)?;
    let mut session = SessionContext::remote_with_state(&address.to_string(), state)
        .await
        .with_context(|| format!("no session on {address}"))?;
    // Ballista has put its own in their place.
    Functions::new()?.register(&mut session)?;
    register(&session, stores, tables).await?;
    Ok(session)
}

/// The same session in this process. Operators hold up to 512 MiB in memory and spill beyond.
///
/// # Errors
/// When a table cannot be read.
pub async fn session_on_this_machine(
    stores: Arc<LakeStores>,
    tables: &[TableSnapshot],
) -> anyhow::Result<SessionContext> {
    let runtime = RuntimeEnvBuilder::new()
        .with_object_store_registry(Arc::clone(&stores) as _)
        .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY)))
        .build()?;
    let threads = std::thread::available_parallelism()?.get();
    let state = SessionStateBuilder::new()
        .with_config(config(threads))
        .with_runtime_env(Arc::new(runtime))
        .with_default_features();
    let session = SessionContext::new_with_state(with_postgres_meaning(state)?);
    register(&session, &stores, tables).await?;
    Ok(session)
}

async fn register(
    session: &SessionContext,
    stores: &LakeStores,
    tables: &[TableSnapshot],
) -> anyhow::Result<()> {
    for TableSnapshot { table, delta, .. } in tables {
        let files = match delta {
            Some(delta) => DeltaFiles::open(delta, stores).await?,
            None => DeltaFiles::empty(table.schema()),
        };
        session.register_table(table.name(), Arc::new(files))?;
    }
    Ok(())
}

/// All rows of a statement, which passes the checks that every statement does. When an executor is lost between the end
/// of the statement and the reading of its result, it is sent again: an executor keeps what it computed, and nobody else
/// has it.
///
/// # Errors
/// When the statement is refused or fails.
pub async fn collect(session: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, SqlError> {
    let plan = logical_plan(session, guard::check(sql)?).await?;
    let frame = DataFrame::new(session.state(), plan);
    Ok(again_if_lost(|| frame.clone().collect()).await?)
}

pub(super) async fn again_if_lost<T, F>(attempt: impl Fn() -> F) -> Result<T, DataFusionError>
where
    F: Future<Output = Result<T, DataFusionError>>,
{
    let mut attempts = 1;
    loop {
        match attempt().await {
            Err(error) if attempts < ATTEMPTS && is_lost_result(&error) => {
                warn!(
                    "the result of a statement was lost with an executor; it is sent again ({error})"
                );
                attempts += 1;
            }
            result => return result,
        }
    }
}

/// True if a result could not be fetched. Ballista has no type for it that reaches its clients. A statement that failed
/// on the cluster, because all executors were lost or it is wrong, says so and is not meant.
fn is_lost_result(error: &DataFusionError) -> bool {
    let text = error.to_string();
    let fetching = [
        "GrpcConnectionError",
        "FetchFailed",
        "FetchPartition",
        "TonicError",
        "transport error",
    ];
    !text.contains("failed: ") && fetching.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn attempts(message: &str) -> usize {
        let seen = Cell::new(0);
        let attempt = || {
            seen.set(seen.get() + 1);
            async { Err::<(), _>(DataFusionError::Execution(message.to_owned())) }
        };
        again_if_lost(attempt)
            .await
            .expect_err("it fails each time");
        seen.get()
    }

    #[tokio::test]
    async fn only_a_lost_result_is_asked_for_again() {
        assert_eq!(
            attempts("GrpcConnectionError(\"connection refused\")").await,
            ATTEMPTS
        );
        assert_eq!(attempts("Job x failed: GrpcConnectionError").await, 1);
        assert_eq!(attempts("Division by zero").await, 1);
    }
}
