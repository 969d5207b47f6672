//! The roles of a process, alone or together: ingest records, count them, serve the counts.

pub(crate) mod ingest;
pub(crate) mod process;
pub(crate) mod serve;
