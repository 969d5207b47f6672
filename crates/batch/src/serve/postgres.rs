//! Follows the journal with tables in PostgreSQL. It goes its own way: a database that is away holds up nothing else.

use std::{convert::Infallible, future::pending, time::Duration};

use super::WorkerOptions;
use crate::{
    error::{Error, Result},
    postgres::{self, PostgresAddress},
    tables::{JournalReader, KeeperOptions, PostgresKeeper},
};

/// Between two looks at the journal.
const LOOK: Duration = Duration::from_secs(5);

/// Between two attempts after the database refused.
const AGAIN: Duration = Duration::from_secs(60);

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

    /// Follows the journal until something fails that is not the database's. What is the database's is said, and tried
    /// again; a writer that has been followed by another one stays away, or the two would take turns for ever.
    pub(super) async fn follow(self) -> Result<()> {
        let Some((address, options, mut journal)) = self.0 else {
            return pending().await;
        };
        loop {
            match keep(&address, &options, &mut journal).await {
                Err(Error::Postgres(error @ postgres::Error::Fenced { .. })) => {
                    tracing::error!("{error}; this worker leaves PostgreSQL to the other one");
                    return pending().await;
                }
                Err(Error::Postgres(error)) => {
                    tracing::error!("{error}; trying again in {} s", AGAIN.as_secs());
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error),
                Ok(never) => match never {},
            }
        }
    }
}

/// Keeps the tables in PostgreSQL for as long as that goes well.
async fn keep(address: &PostgresAddress, options: &KeeperOptions, journal: &mut JournalReader) -> Result<Infallible> {
    let mut keeper = PostgresKeeper::open(address, options.clone(), journal).await?;
    let mut refused = keeper.refused();
    loop {
        tokio::task::block_in_place(|| journal.look_again())?;
        while !tokio::task::block_in_place(|| keeper.read(journal, &|_| {}))? {
            keeper.write().await?;
        }
        keeper.write().await?;
        if keeper.refused() > refused {
            refused = keeper.refused();
            tracing::warn!(refused, "PostgreSQL refuses rows; refused_rows has them and why");
        }
        tokio::time::sleep(LOOK).await;
    }
}
