//! What a process may do, alone or all at once: take records in, count them, show the counts.

pub(crate) mod ingest;
pub(crate) mod process;
pub(crate) mod serve;
