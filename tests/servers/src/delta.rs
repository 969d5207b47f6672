//! What Spark needs to read Delta tables.

use std::path::PathBuf;

use crate::fetch;

/// The folder of Delta's jars for Spark 3.5: no server, but fetched from where the Java servers are.
#[must_use]
pub fn delta_jars() -> PathBuf {
    fetch::once("delta").join("lib")
}
