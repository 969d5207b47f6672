//! The serving store: the state of every partition as rows, for processes that serve it, and tables that people query.
//!
//! A process that counts [`write`](Serving::write)s changes into tables, when there is time, and much more often the
//! [delta](Serving::write_delta) from commit to commit. A process that serves [`follow`]s the store, and so needs no journal.
//! The store is memory or Cassandra, picked by the [`ServingAddress`].
//!
//! ```
//! # async fn example() -> Result<(), headcount_serving::Error> {
//! use headcount_engine::Partition;
//! use headcount_serving::{ServingIdentity, Serving, ServingAddress};
//!
//! let address: ServingAddress = "memory:".parse()?;
//! let serving = Serving::open(&address, ServingIdentity { journal: 7, partitions: 1 }).await?;
//! let changes = Partition::new().take_changes();
//! serving.write(0, &changes).await?;
//! serving.write(0, &changes).await?; // as often as one likes
//! assert_eq!(serving.snapshot_offset(0).await?, Some(0));
//! # Ok(())
//! # }
//! ```
//!
//! **What it rests on.** The state of a partition at an offset is the same whichever process counted it. Every write is an
//! absolute value, stamped with its offset: of two writes of one key the later offset wins in whatever order
//! they arrive, so that writes may be repeated, and those of a process that has been replaced change nothing. There are
//! no counters, and nothing is read in order to be changed.
//!
//! **What a reader sees.** The tables hold everything up to the snapshot offset, at least; the latest commit says how far
//! the partition is, and the changelog leads from the one to the other:
//!
//! ```text
//!  tables ──▶ snapshot: 97 ──▶ 103 ──▶ 110 ──▶ latest: 110
//! ```
//!
//! A table is written before the snapshot offset that tells of it, the changelog before the latest commit. While
//! something is being written a reader may see a part of it. The snapshot offset may be ahead of the latest commit for a
//! moment, and the changelog lives ten minutes: where it does not lead to the latest commit, a reader shows what the
//! tables have.
//!
//! **What it asks of processes that count.** Changes hold every key whose value differed at any offset since the previous
//! changes, even if it is the old value again: a process that was replaced may have stored the value in between. And no
//! process knows what an event or venue was called between the last commit in the tables and the checkpoint from which
//! counting resumes. So a process writes a checkpoint only of what is in the tables, or old names would stay in
//! `event_statistics` and `meetup_table`.

#![warn(missing_docs)]

mod address;
#[cfg(feature = "cassandra")]
mod cassandra;
mod changelog;
mod country;
mod error;
mod follow;
mod memory;
mod people;
mod read;
mod rows;
mod store;
#[cfg(test)]
mod tests;
mod totals;
mod write;

use std::sync::Arc;

pub use address::{CassandraAddress, ServingAddress};
#[cfg(feature = "cassandra")]
pub use cassandra::declare_metrics;
pub use changelog::ChangelogEntry;
pub use error::{Error, Result};
pub use follow::{ReplicaEvent, follow};
pub use people::{CountryStatistic, EventStatisticRow, ResponseStatistic, VenueStatistic};

use store::ServingStore;
use write::Writers;

/// The journal that a serving store belongs to. Data of another journal is never mixed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServingIdentity {
    /// The journal's random number.
    pub journal: u64,
    /// How many partitions it has.
    pub partitions: u16,
}

/// An open serving store. A clone is the same one.
#[derive(Clone)]
pub struct Serving {
    store: Arc<ServingStore>,
    identity: ServingIdentity,
    writers: Arc<Writers>,
}

impl Serving {
    /// Opens the store to write to it, and creates or migrates its tables if necessary.
    ///
    /// # Errors
    /// When it cannot be reached, serves another journal, or is of a newer version. [`Error::is_retryable`] tells whether
    /// a retry may succeed.
    pub async fn open(address: &ServingAddress, identity: ServingIdentity) -> Result<Self> {
        let store = ServingStore::open(address, identity).await?;
        Ok(Self::new(store, identity))
    }

    /// Opens a store that others write to, with the right to read and no other.
    ///
    /// # Errors
    /// As [`Serving::open`]; also, and then a retry may succeed, when nothing was ever written there.
    pub async fn open_to_read(address: &ServingAddress) -> Result<Self> {
        let (store, identity) = ServingStore::open_to_read(address).await?;
        Ok(Self::new(store, identity))
    }

    fn new(store: ServingStore, identity: ServingIdentity) -> Self {
        Self {
            store: Arc::new(store),
            identity,
            writers: Arc::new(Writers::new(identity.partitions)),
        }
    }

    /// Which journal is served.
    #[must_use]
    pub fn identity(&self) -> ServingIdentity {
        self.identity
    }
}
