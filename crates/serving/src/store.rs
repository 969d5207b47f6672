//! The backends of a serving store. Everything above them is the same for all.

use std::sync::Arc;

use headcount_engine::{Row, Table};

use headcount_address::AddressError;

use super::{
    Error, Result, ServingAddress, ServingIdentity,
    memory::Memory,
    people::{CountryStatistic, EventStatisticRow, ResponseStatistic, VenueStatistic},
    rows::{ChangeChunk, PartitionCommit, Stamped},
    totals::{StoredCountry, StoredVenue},
};

#[cfg(feature = "cassandra")]
use super::cassandra::Cassandra;

/// Rows of one table that are kept, and read, together. Small enough to be one answer, so many that a partition of a
/// million rows is a thousand.
pub(crate) const PAGE_ROWS: u32 = 1024;

/// A closed set, picked by the address.
pub(crate) enum ServingStore {
    Memory(Memory),
    #[cfg(feature = "cassandra")]
    Cassandra(Box<Cassandra>),
}

/// The same call on whichever store it is.
macro_rules! each {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            ServingStore::Memory($store) => $call,
            #[cfg(feature = "cassandra")]
            ServingStore::Cassandra($store) => $call,
        }
    };
}

impl ServingStore {
    pub(crate) async fn open(address: &ServingAddress, identity: ServingIdentity) -> Result<Self> {
        match address {
            ServingAddress::Memory => Ok(Self::Memory(Memory::default())),
            #[cfg(feature = "cassandra")]
            ServingAddress::Cassandra(address) => Ok(Self::Cassandra(
                Cassandra::open(address, identity).await?.into(),
            )),
            #[cfg(not(feature = "cassandra"))]
            ServingAddress::Cassandra(_) => {
                let _ = identity;
                Err(Error::NotBuilt)
            }
        }
    }

    pub(crate) async fn open_to_read(address: &ServingAddress) -> Result<(Self, ServingIdentity)> {
        match address {
            ServingAddress::Memory => Err(Error::Address(AddressError::new(
                "memory:",
                "only the process that writes it can read it",
                "write cassandra://HOST:PORT,HOST/KEYSPACE",
            ))),
            #[cfg(feature = "cassandra")]
            ServingAddress::Cassandra(address) => {
                let (store, identity) = Cassandra::open_to_read(address).await?;
                Ok((Self::Cassandra(store.into()), identity))
            }
            #[cfg(not(feature = "cassandra"))]
            ServingAddress::Cassandra(_) => Err(Error::NotBuilt),
        }
    }

    /// Where this is, for what is said of it.
    pub(crate) fn place(&self) -> String {
        each!(self, store => store.place())
    }

    /// Writes all, in any order. After an error any of them may have been written, now or later.
    pub(crate) async fn write(&self, writes: Vec<Stamped>) -> Result<()> {
        each!(self, store => store.write(writes).await)
    }

    /// The partitions that were written, and the offsets of their latest commits.
    pub(crate) async fn latest_offsets(&self) -> Result<Vec<(u16, u64)>> {
        each!(self, store => store.latest_offsets().await)
    }

    /// The latest commit of a partition.
    pub(crate) async fn latest(&self, partition: u16) -> Result<Option<PartitionCommit>> {
        each!(self, store => store.latest(partition).await)
    }

    /// The commit up to which the tables of a partition are written.
    pub(crate) async fn snapshot(&self, partition: u16) -> Result<Option<PartitionCommit>> {
        each!(self, store => store.snapshot(partition).await)
    }

    /// The rows of a page by number; some may be missing.
    pub(crate) async fn page(&self, partition: u16, table: Table, page: u32) -> Result<Vec<Row>> {
        each!(self, store => store.page(partition, table, page).await)
    }

    /// All chunks of the changelog that lead to this offset, each with its writer and its number.
    pub(crate) async fn changes(
        &self,
        partition: u16,
        offset: u64,
    ) -> Result<Vec<(i64, u16, ChangeChunk)>> {
        each!(self, store => store.changes(partition, offset).await)
    }

    /// The parts of these countries, given by code, of all partitions.
    pub(crate) async fn country_parts(&self, codes: &[Arc<str>]) -> Result<Vec<StoredCountry>> {
        each!(self, store => store.country_parts(codes).await)
    }

    /// The parts of all countries.
    pub(crate) async fn all_country_parts(&self) -> Result<Vec<StoredCountry>> {
        each!(self, store => store.all_country_parts().await)
    }

    /// The parts of these venues of all partitions.
    pub(crate) async fn venue_parts(&self, venues: &[i64]) -> Result<Vec<StoredVenue>> {
        each!(self, store => store.venue_parts(venues).await)
    }

    pub(crate) async fn countries(&self) -> Result<Vec<CountryStatistic>> {
        each!(self, store => store.countries().await)
    }

    pub(crate) async fn responses(&self) -> Result<Vec<ResponseStatistic>> {
        each!(self, store => store.responses().await)
    }

    pub(crate) async fn events(&self, name: &str) -> Result<Vec<EventStatisticRow>> {
        each!(self, store => store.events(name).await)
    }

    pub(crate) async fn venues(&self) -> Result<Vec<VenueStatistic>> {
        each!(self, store => store.venues().await)
    }
}
