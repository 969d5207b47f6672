//! The tables, kept up to date from the journal, as Delta under `LAKE/tables/NAME/`.
//!
//! **How they are kept.** What the journal tells is gathered in memory, merged with the [index](crate::rows) of what the
//! tables have, and written as new files beside the old ones: rows that hold no more are left out of a rewritten copy of
//! their file, so readers need no merging of their own. Then index, offsets and the list of files become durable in one
//! step; only after it are the files committed to the tables, in the order of their references, so that every foreign key
//! holds at every commit. A kill before the step leaves files that nobody knows, swept away at the next start; a kill
//! after it leaves commits to make, which the next start makes, unless it finds them made: each carries the offsets
//! of the journal as application transactions.

mod changes;
mod cut;
mod data_file;
mod delta;
mod keeper;
mod location;
mod merge;
mod overlay;
mod postgres_keeper;
mod reading;
mod sweep;
mod told;
mod verify;

pub use changes::Changes;
pub use cut::TablesCut;
pub use keeper::Keeper;
pub use location::TablesLocation;
pub use postgres_keeper::PostgresKeeper;
pub use reading::JournalReader;
pub use told::KeeperOptions;
pub use verify::{TableReport, Verified, verify};
