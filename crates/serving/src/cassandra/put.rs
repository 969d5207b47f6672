//! Writing: what belongs together in one request, the requests side by side.

use std::{pin::pin, time::Instant};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream::FuturesUnordered};
use scylla::{
    serialize::batch::BatchValuesFromIterator,
    statement::batch::{Batch, BatchType},
};

use super::{
    super::{Result, cells::Put},
    Cassandra,
    batches::{Unit, units},
    metrics::METRICS,
    packs::bind_all,
    patience::{Failure, Patience, WRITING},
    window::Place,
};

impl Cassandra {
    pub(crate) async fn put(&self, puts: Vec<Put>) -> Result<()> {
        let bound = bind_all(&puts);
        let mut under_way = FuturesUnordered::new();
        for unit in units(&bound, &self.session, &self.statements) {
            // One waits for a place at a time, so that of several calls none waits for all of another.
            let mut place = pin!(self.window.place());
            let place = loop {
                tokio::select! {
                    place = &mut place => break place,
                    Some(written) = under_way.next() => written?,
                }
            };
            under_way.push(self.written(place, unit).boxed());
        }
        under_way.try_collect().await
    }

    async fn written(&self, _place: Place<'_>, unit: Unit<'_>) -> Result<()> {
        Patience::new("write to", &self.place, WRITING)
            .until_done(|| self.attempt(&unit).boxed())
            .await
    }

    async fn attempt(&self, unit: &Unit<'_>) -> Result<(), Failure> {
        let began = Instant::now();
        let written = self.write(unit).await;
        self.window.learn(began, written.is_ok());
        METRICS.wrote(written.is_ok(), began.elapsed());
        written
    }

    async fn write(&self, unit: &Unit<'_>) -> Result<(), Failure> {
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
