//! The roles of a process, alone or together: ingest records, count them, serve the counts, and run the batch worker.

pub(crate) mod batch;
pub(crate) mod ingest;
pub(crate) mod process;
pub(crate) mod serve;
