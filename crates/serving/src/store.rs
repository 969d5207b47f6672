//! The seam: where what is served is kept. Everything above it is the same for all stores.

use std::sync::Arc;

use headcount_engine::{Row, Table};

use super::{
    Error, Identity, Result, ServingAddress,
    cells::{Put, TailCell},
    memory::Memory,
    people::{CountryStatistic, EventStatisticRow, ResponseStatistic, VenueStatistic},
    totals::{StoredCountry, StoredVenue},
};

#[cfg(feature = "cassandra")]
use super::cassandra::Cassandra;

/// Rows of one table that are kept, and read, together. Small enough to be one answer, so many that a partition of a
/// million rows is a thousand.
pub(crate) const PAGE_ROWS: u32 = 1024;

/// A closed set, picked by the address.
pub(crate) enum Store {
    Memory(Memory),
    #[cfg(feature = "cassandra")]
    Cassandra(Box<Cassandra>),
}

/// The same call on whichever store it is.
macro_rules! each {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Store::Memory($store) => $call,
            #[cfg(feature = "cassandra")]
            Store::Cassandra($store) => $call,
        }
    };
}

impl Store {
    pub(crate) async fn open(address: &ServingAddress, identity: Identity) -> Result<Self> {
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

    pub(crate) async fn open_to_read(address: &ServingAddress) -> Result<(Self, Identity)> {
        match address {
            ServingAddress::Memory => Err(Error::Address(
                "memory: is seen by nobody but the process that writes it; serve from cassandra:// instead".to_owned(),
            )),
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
    pub(crate) async fn put(&self, puts: Vec<Put>) -> Result<()> {
        each!(self, store => store.put(puts).await)
    }

    /// The partitions that have a book, and its offset.
    pub(crate) async fn heads(&self) -> Result<Vec<(u16, u64)>> {
        each!(self, store => store.heads().await)
    }

    pub(crate) async fn book(&self, partition: u16) -> Result<Option<(u64, Vec<u8>)>> {
        each!(self, store => store.book(partition).await)
    }

    /// Up to where the tables of a partition are, and the book of that commit.
    pub(crate) async fn base(&self, partition: u16) -> Result<Option<(u64, Vec<u8>)>> {
        each!(self, store => store.base(partition).await)
    }

    /// The rows of a page by number; some may be missing.
    pub(crate) async fn page(&self, partition: u16, table: Table, page: u32) -> Result<Vec<Row>> {
        each!(self, store => store.page(partition, table, page).await)
    }

    /// All chunks that lead to this offset: writer, chunk, cell.
    pub(crate) async fn tail(
        &self,
        partition: u16,
        offset: u64,
    ) -> Result<Vec<(i64, u16, TailCell)>> {
        each!(self, store => store.tail(partition, offset).await)
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
