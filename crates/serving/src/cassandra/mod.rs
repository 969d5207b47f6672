//! The store in a keyspace of Cassandra.

mod batches;
mod bind;
mod connect;
mod limiter;
mod metrics;
mod read;
mod retry;
mod row_groups;
mod schema;
mod statements;
mod tls;
mod write;

pub use metrics::declare_metrics;
use scylla::client::session::Session;

use super::{Result, ServingIdentity, address::CassandraAddress};
use limiter::ConcurrencyLimiter;
use statements::Statements;

pub(crate) struct Cassandra {
    session: Session,
    statements: Statements,
    limiter: ConcurrencyLimiter,
    /// For what is said of it.
    place: String,
}

impl Cassandra {
    pub(crate) async fn open(
        address: &CassandraAddress,
        identity: ServingIdentity,
    ) -> Result<Self> {
        let session = connect::session(address).await?;
        schema::settle(&session, address, identity).await?;
        Self::with(session, address).await
    }

    pub(crate) async fn open_to_read(
        address: &CassandraAddress,
    ) -> Result<(Self, ServingIdentity)> {
        let session = connect::session(address).await?;
        let identity = schema::read(&session, address).await?;
        Ok((Self::with(session, address).await?, identity))
    }

    async fn with(session: Session, address: &CassandraAddress) -> Result<Self> {
        let place = address.to_string();
        let statements = Statements::prepare(&session, &address.keyspace, &place).await?;
        Ok(Self {
            session,
            statements,
            limiter: ConcurrencyLimiter::new(),
            place,
        })
    }

    pub(crate) fn place(&self) -> String {
        self.place.clone()
    }
}
