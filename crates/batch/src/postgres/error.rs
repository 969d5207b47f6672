//! Why PostgreSQL does not hold the tables.

use std::time::Duration;

/// Why the sink stopped. What passes by itself, such as a server that starts again, is not among it: that is tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Connections cannot be encrypted as the address asks.
    #[error("{place}: {cause}")]
    Encryption {
        /// The address.
        place: String,
        /// A sentence with a way out.
        cause: String,
    },
    /// There was no session for too long when the sink was opened.
    #[error(
        "{place} gave no session within {} s: {cause}; see that PostgreSQL runs there and takes connections",
        waited.as_secs()
    )]
    Unreachable {
        /// The address.
        place: String,
        /// How long it was tried.
        waited: Duration,
        /// The last reason.
        cause: String,
    },
    /// The server refuses something for a reason that does not pass, and not for one row's sake.
    #[error("{place} refuses: {message} (SQLSTATE {sqlstate}){way_out}")]
    Refused {
        /// The address.
        place: String,
        /// The code of the reason: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
        sqlstate: String,
        /// What the server says.
        message: String,
        /// What to do, after a semicolon; empty where that follows from the message.
        way_out: &'static str,
    },
    /// The server or the database cannot hold the tables.
    #[error("{place}: {problem}")]
    Unsuitable {
        /// The address.
        place: String,
        /// A sentence with a way out.
        problem: String,
    },
    /// A newer program has been here.
    #[error(
        "{place}: the schema {schema} is of version {found}, and this program knows versions up to {known}; use the \
         program that wrote it, or another schema (?schema=NAME)"
    )]
    NewerSchema {
        /// The address.
        place: String,
        /// The schema.
        schema: String,
        /// Its version.
        found: i32,
        /// The newest version that this program knows.
        known: i32,
    },
    /// The tables follow from another journal.
    #[error(
        "{place}: the schema {schema} is filled from {found}, and this is {expected}; name another schema (?schema=NAME), \
         or drop it to fill it anew (DROP SCHEMA {schema} CASCADE)"
    )]
    OtherJournal {
        /// The address.
        place: String,
        /// The schema.
        schema: String,
        /// The journal and its partitions that the tables follow from.
        found: String,
        /// Those that the sink was opened for.
        expected: String,
    },
    /// Another writer has opened the tables since. What this one was about to write is not written.
    #[error(
        "{place}: another writer has taken over these tables (its epoch is {found}, ours is {mine}); only one process may \
         write them"
    )]
    Fenced {
        /// The address.
        place: String,
        /// The epoch of this writer.
        mine: i64,
        /// The epoch in the tables.
        found: i64,
    },
    /// The tables are not where the changes begin: nothing was written. Open the sink again, and go on from its progress.
    #[error(
        "partition {partition}: the tables in PostgreSQL go up to offset {next}, and the changes begin at {from}; send \
         what follows {next}"
    )]
    Behind {
        /// Which partition, the first of them.
        partition: usize,
        /// One past the last offset that is in the tables.
        next: u64,
        /// Where the changes begin.
        from: u64,
    },
}
