//! Writing: what is of one partition of Cassandra goes together, the rest side by side.

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use scylla::{
    serialize::batch::BatchValuesFromIterator,
    statement::batch::{Batch, BatchType},
};

use super::{
    super::{Result, cells::Put},
    Cassandra,
    bind::{Bound, Home, bind},
    patience::{Failure, Patience, WRITING},
};

/// Well under the 50 KiB at which a server may refuse a batch, and enough to pay for the way.
const BATCH_BYTES_MAX: usize = 16 << 10;

/// Statements under way. With more a server of few cores answers later, not sooner.
const IN_FLIGHT: usize = 96;

impl Cassandra {
    pub(crate) async fn put(&self, puts: Vec<Put>) -> Result<()> {
        let bound: Vec<Bound> = puts.iter().map(bind).collect();
        let mut units = together(&bound).into_iter();
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

    async fn written(&self, unit: &[Bound<'_>]) -> Result<()> {
        Patience::new("write to", &self.place, WRITING)
            .until_done(|| self.write(unit).boxed())
            .await
    }

    async fn write(&self, unit: &[Bound<'_>]) -> Result<(), Failure> {
        if let [alone] = unit {
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

/// Neighbours of one home, as many as fit a batch.
fn together<'a>(bound: &'a [Bound<'a>]) -> Vec<&'a [Bound<'a>]> {
    let mut units = Vec::new();
    let mut rest = bound;
    while let Some(first) = rest.first() {
        let mut bytes = first.bytes();
        let neighbours = rest[1..].iter().take_while(|next| {
            bytes += next.bytes();
            first.home != Home::Alone && next.home == first.home && bytes <= BATCH_BYTES_MAX
        });
        let (unit, after) = rest.split_at(1 + neighbours.count());
        rest = after;
        units.push(unit);
    }
    units
}
