//! The page in a real browser: the suite in `tests/page` against the built program.
#![allow(clippy::unwrap_used)]

mod support;

use std::{path::Path, process::Command};

#[test]
fn the_page_in_a_real_browser() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/page"));
    let status = Command::new("npm")
        .args(["test", "--silent"])
        .current_dir(folder)
        .env("HEADCOUNT_TABLES", "off")
        .env("HEADCOUNT_BIN", env!("CARGO_BIN_EXE_headcount"))
        .status()
        .expect("npm, to run the browser's tests (tests/run installs it)");
    assert!(
        status.success(),
        "the page's tests failed, see above: {status}"
    );
}
