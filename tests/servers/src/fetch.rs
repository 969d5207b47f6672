//! The servers' programs, fetched once.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Mutex,
};

/// A script of this crate.
pub(crate) fn script(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/bin")).join(name)
}

/// Has `bin/fetch` fetch a server, at the first call in this process, so that starting is not timed with it.
pub(crate) fn once(name: &'static str) -> PathBuf {
    static FETCHED: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    // A test that panicked here has fetched nothing; the next may be told more.
    let mut fetched = FETCHED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    fetched.entry(name).or_insert_with(|| fetch(name)).clone()
}

fn fetch(name: &str) -> PathBuf {
    let output = Command::new(script("fetch"))
        .arg(name)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("run tests/servers/bin/fetch: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the server {name} cannot be fetched:\n{said}"
    );
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end())
}
