//! What a Java program needs to speak to PostgreSQL.

use std::path::PathBuf;

use crate::fetch;

/// The folder of the jars of PostgreSQL's driver for Java: no server, but fetched from where the Java servers are.
#[must_use]
pub fn pgjdbc_jars() -> PathBuf {
    fetch::once("pgjdbc").join("lib")
}
