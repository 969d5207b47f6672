//! Recordings in an object store, which the program knows how to access.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// Fetches an object by its key, on a thread where it may wait. An error says what happened, where, and what to do.
pub type Fetch = dyn Fn(&str) -> Result<Bytes, String> + Send + Sync;

/// Objects that are read one after another, as the files of a folder are.
#[derive(Clone)]
pub struct Objects {
    /// What they are together, such as `s3://bucket/prefix`: records are accounted for under it.
    pub name: String,
    /// In the order in which they are read.
    pub keys: Arc<[String]>,
    /// Only one object at a time is in memory.
    pub fetch: Arc<Fetch>,
}

impl PartialEq for Objects {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.keys) == (&other.name, &other.keys)
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({}, {})", self.name, self.keys.len())
    }
}
