//! SQL on more machines than one: Ballista's scheduler, executors and client, over the Delta tables of a lake.
//!
//! Ballista is DataFusion's own cluster, so a statement means the same on it. The client reads which files a version of
//! a table consists of ([`DeltaFiles`]) and sends that with the statement; the scheduler cuts the plan into stages and
//! needs no access to the lake; executors read the files. `deltalake` has a codec for plans too, but its physical half
//! serves only a scan that it no longer makes, so a plan of it reaches the scheduler and never an executor. A scan of
//! [`DeltaFiles`] is one of Parquet files, which every Ballista knows.
//!
//! Ballista asks nobody who they are: whoever reaches a scheduler or an executor runs statements on it. So both listen on
//! loopback unless a flag says otherwise, and executors open nothing but their lake, and that only for reading.

mod address;
mod codec;
mod delta_files;
mod executor;
mod listening;
mod liveness;
mod scheduler;
mod session;
mod stores;

pub use address::ClusterAddress;
pub use delta_files::DeltaFiles;
pub use executor::{Executor, run_executor};
pub use listening::{Listening, on_this_machine};
pub use liveness::Liveness;
pub use scheduler::{Scheduler, run_scheduler};
pub use session::{collect, session_on_cluster, session_on_this_machine};
pub use stores::LakeStores;
