//! The roles of a process, alone or together: ingest records, count them, serve the counts, use models, and run the batch worker.

pub(crate) mod batch;
pub(crate) mod ingest;
pub(crate) mod models;
pub(crate) mod process;
pub(crate) mod serve;
