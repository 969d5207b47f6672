//! Writing: what belongs together in one request, the requests side by side.

use std::{pin::pin, time::Instant};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream::FuturesUnordered};
use scylla::{
    serialize::batch::BatchValuesFromIterator,
    statement::batch::{Batch, BatchType},
};

use super::{
    super::{Result, rows::Stamped},
    Cassandra,
    batches::{Unit, units},
    limiter::WritePermit,
    metrics::METRICS,
    retry::{RetryPolicy, StoreFailure, WRITING},
    row_groups::bind_all,
};

impl Cassandra {
    pub(crate) async fn write(&self, writes: Vec<Stamped>) -> Result<()> {
        let bound = bind_all(&writes);
        let mut under_way = FuturesUnordered::new();
        for unit in units(&bound, &self.session, &self.statements) {
            // One waits for a permit at a time, so that of several calls none waits for all of another.
            let mut permit = pin!(self.limiter.permit());
            let permit = loop {
                tokio::select! {
                    permit = &mut permit => break permit,
                    Some(written) = under_way.next() => written?,
                }
            };
            under_way.push(self.written(permit, unit).boxed());
        }
        under_way.try_collect().await
    }

    async fn written(&self, _permit: WritePermit<'_>, unit: Unit<'_>) -> Result<()> {
        RetryPolicy::new("write to", &self.place, WRITING)
            .until_done(|| self.attempt(&unit).boxed())
            .await
    }

    async fn attempt(&self, unit: &Unit<'_>) -> Result<(), StoreFailure> {
        let began = Instant::now();
        let written = self.send(unit).await;
        self.limiter.learn(began, written.is_ok());
        METRICS.wrote(written.is_ok(), began.elapsed());
        written
    }

    async fn send(&self, unit: &Unit<'_>) -> Result<(), StoreFailure> {
        if let [alone] = unit[..] {
            let statement = self.statements.of(alone.kind);
            self.session
                .execute_unpaged(statement, &alone.cells)
                .await?;
            return Ok(());
        }
        let statements = unit
            .iter()
            .map(|bound| self.statements.of(bound.kind).clone().into())
            .collect();
        let mut batch = Batch::new_with_statements(BatchType::Unlogged, statements);
        batch.set_is_idempotent(true);
        let values = BatchValuesFromIterator::new(unit.iter().map(|bound| &bound.cells));
        self.session.batch(&batch, values).await?;
        Ok(())
    }
}
