//! The errors of a serving store, each with the way out.

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not one.
    #[error(transparent)]
    Address(#[from] headcount_address::AddressError),
    /// The address needs what was left out at build time.
    #[error(
        "this headcount was built without Cassandra; build it with: cargo build --release --features cluster"
    )]
    NotBuilt,
    /// The store does not answer, or not yet. What was being written may be there or not; writing it again is right.
    #[error("{action} {place}: {cause}")]
    Unavailable {
        /// The verb of the phrase, such as `write to`.
        action: &'static str,
        /// The store.
        place: String,
        /// What it said last.
        cause: String,
    },
    /// The store answers that it will not.
    #[error("{action} {place}: {cause}")]
    Refused {
        /// The verb of the phrase, such as `write to`.
        action: &'static str,
        /// The store.
        place: String,
        /// What it said, and the remedy if one is known.
        cause: String,
    },
    /// Another version of headcount has made the tables.
    #[error(
        "{place} has tables of version {found}, but this program needs version {known}; name another keyspace, or run one version of headcount everywhere"
    )]
    Version {
        /// The store.
        place: String,
        /// The version of its tables.
        found: i32,
        /// The version of this program.
        known: i32,
    },
    /// The store serves another journal.
    #[error(
        "{place} serves {found}, not {asked}; name another keyspace, or drop this one if you no longer need it: DROP KEYSPACE {keyspace}"
    )]
    OtherJournal {
        /// The store.
        place: String,
        /// Its keyspace.
        keyspace: String,
        /// The journal that it serves, and its partitions.
        found: String,
        /// The journal that was to be served, and its partitions.
        asked: String,
    },
    /// What is stored is not what was written.
    #[error(
        "{place}: {what} of partition {partition} cannot be read ({cause}); restart the process that counts it to write it again"
    )]
    Damaged {
        /// The store.
        place: String,
        /// `an entry of the changelog` and the like.
        what: &'static str,
        /// The partition.
        partition: u16,
        /// What is wrong.
        cause: String,
    },
    /// There is no such partition.
    #[error("partition {partition} does not exist: the journal has {partitions} partitions")]
    NoPartition {
        /// The one asked for.
        partition: u16,
        /// How many there are, counted from 0.
        partitions: u16,
    },
}

impl Error {
    /// True if the same may succeed later without anybody doing anything here.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
