//! The tables in PostgreSQL, with keys, checks and indexes, kept by an idempotent sink.
//!
//! It is: a schema that is brought up to date when it is opened, a writer that puts rows and its own progress into one
//! transaction, and digests by which the rows can be compared with others. It is not: a reader of the journal, or a
//! keeper of versions; whoever writes says which rows there must be.
//!
//! ```no_run
//! # use headcount_batch::{postgres::PostgresSink, tables::TableChanges};
//! # async fn example(changes: TableChanges) -> Result<(), Box<dyn std::error::Error>> {
//! let address = "postgres://headcount@db.example/meetup".parse()?;
//! let mut sink = PostgresSink::open(&address, 7, 4).await?;
//! assert_eq!(sink.progress(), changes.from);
//! let written = sink.write(&changes).await?;
//! println!("{} rows, {} set aside", written.rows, written.refused);
//! # Ok(())
//! # }
//! ```
//!
//! Invariant: what is in the tables is what `sink_progress` says, at every commit, whatever dies and whichever answer is
//! lost; a writer that another one has followed changes nothing. Rows that the server refuses are in `refused_rows`, with
//! the reason, and nowhere else is a row left out.

mod address;
mod connection;
mod digest;
mod error;
mod failure;
mod lines;
mod load;
mod progress;
mod refused;
mod retries;
mod schema;
mod sink;
mod statements;
mod tls;

pub use address::PostgresAddress;
pub use digest::TableDigest;
pub use error::Error;
pub use retries::PostgresLimits;
pub use sink::{Difference, Digests, PostgresSink, WrittenRows};
