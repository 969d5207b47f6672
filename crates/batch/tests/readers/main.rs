//! Every other reader sees our tables right: the recordings, and feeds made by hand, go through the built programs; the
//! rows are those that plain Python makes of the records, and those that `deltalake`, DuckDB, Polars and Spark read, with
//! a filter on every column too. The documented queries over the raw archive are run as well. The work is done by the
//! scripts beside this file, of which `check.py` is the first.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../named/python.rs"]
mod python;

use std::path::{Path, PathBuf};

use python::Scripts;
use serde_json::json;

const SCRIPTS: Scripts = Scripts {
    folder: "readers",
    requirements: include_str!("requirements.txt"),
};

/// The recordings, single captures first; none without the shared data.
fn recordings() -> Option<Vec<PathBuf>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("HEADCOUNT_SHARED_DATA")
        .map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let files = |feed: &str| -> Option<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder.join(feed)).ok()?;
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        Some(files)
    };
    let found = files("rsvps").zip(files("open_events"));
    if found.is_none() {
        eprintln!(
            "NOT TESTED: the recordings are not in {} (set HEADCOUNT_SHARED_DATA to where they are)",
            folder.display()
        );
    }
    found.map(|(answers, events)| [answers, events].concat())
}

#[test]
fn other_readers_and_plain_python_have_the_same_rows() {
    let Some(recordings) = recordings() else {
        return;
    };
    let batch = Path::new(env!("CARGO_BIN_EXE_headcount-batch"));
    let headcount = batch.with_file_name("headcount");
    assert!(
        headcount.exists(),
        "{} is not built: run the tests of the whole workspace",
        headcount.display()
    );
    let folder = tempfile::tempdir().unwrap();
    let job = json!({
        "headcount": headcount,
        "batch": batch,
        "jars": headcount_test_servers::delta_jars(),
        "docs": concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lake.md"),
        "folder": folder.path(),
        "recordings": recordings,
    });
    SCRIPTS.run("check.py", &job);
}
