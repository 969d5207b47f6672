//! Writing: what belongs together in one request, the requests side by side.

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use scylla::{
    serialize::batch::BatchValuesFromIterator,
    statement::batch::{Batch, BatchType},
};

use super::{
    super::{Result, cells::Put},
    Cassandra,
    batches::{Unit, units},
    packs::bind_all,
    patience::{Failure, Patience, WRITING},
};

/// Statements under way. With more a server of few cores answers later, not sooner.
const IN_FLIGHT: usize = 96;

impl Cassandra {
    pub(crate) async fn put(&self, puts: Vec<Put>) -> Result<()> {
        let bound = bind_all(&puts);
        let mut units = units(&bound, &self.session, &self.statements).into_iter();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < IN_FLIGHT
                && let Some(unit) = units.next()
            {
                under_way.push(self.written(unit).boxed());
            }
            match under_way.next().await {
                Some(written) => written?,
                None => return Ok(()),
            }
        }
    }

    async fn written(&self, unit: Unit<'_>) -> Result<()> {
        Patience::new("write to", &self.place, WRITING)
            .until_done(|| self.write(&unit).boxed())
            .await
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
