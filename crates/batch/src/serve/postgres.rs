//! Follows the journal with tables in PostgreSQL. It goes its own way: a database that is away holds up nothing else.

use std::{future::pending, time::Duration};

use super::WorkerOptions;
use crate::{
    error::Result,
    postgres::PostgresAddress,
    tables::{JournalReader, KeeperOptions, PostgresKeeper},
};

/// Between two looks at the journal.
const LOOK: Duration = Duration::from_secs(5);

/// What follows with PostgreSQL, if there is one.
pub(super) struct PostgresFollower(Option<(PostgresAddress, KeeperOptions, JournalReader)>);

impl PostgresFollower {
    pub(super) fn of(options: &WorkerOptions) -> Result<Self> {
        let Some(address) = &options.postgres else {
            return Ok(Self(None));
        };
        let keeper = options.data.postgres_options(address, options.pending)?;
        Ok(Self(Some((
            address.clone(),
            keeper,
            options.data.journal()?,
        ))))
    }

    /// Follows the journal until something fails for good.
    pub(super) async fn follow(self) -> Result<()> {
        let Some((address, options, mut journal)) = self.0 else {
            return pending().await;
        };
        let mut keeper = PostgresKeeper::open(&address, options, &journal).await?;
        let mut refused = keeper.refused();
        loop {
            tokio::task::block_in_place(|| journal.look_again())?;
            while !tokio::task::block_in_place(|| keeper.read(&journal, &|_| {}))? {
                keeper.write().await?;
            }
            keeper.write().await?;
            if keeper.refused() > refused {
                refused = keeper.refused();
                tracing::warn!(
                    refused,
                    "PostgreSQL refuses rows; refused_rows has them and why"
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
