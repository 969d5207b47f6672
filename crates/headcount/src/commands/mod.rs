//! What each command of the command line does.

pub(crate) mod backup;
pub(crate) mod batch;
pub(crate) mod count;
pub(crate) mod dead_letters;
pub(crate) mod demo;
pub(crate) mod import;
pub(crate) mod journal;
pub(crate) mod mapping;
pub(crate) mod models;
pub(crate) mod predict;
pub(crate) mod rebuild;
pub(crate) mod restore;
pub(crate) mod run;
pub(crate) mod simulate;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod summary;
pub(crate) mod verify;

use std::io::{self, Write};

use anyhow::{Context, Result};

use crate::exit::ReaderGone;

/// Writes a result to standard output.
///
/// # Errors
/// [`ReaderGone`] when the reader has gone, so that a command stops printing.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        result => result.context("write to standard output"),
    }
}

/// Writes a value as one line of JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let mut text = serde_json::to_string(value)?;
    text.push('\n');
    print(&text)
}

/// Writes a summary for people, or as JSON.
pub(crate) fn print_summary(summary: &headcount_engine::Summary, json: bool) -> Result<()> {
    if json {
        print_json(summary)
    } else {
        print(&crate::text::summary(summary))
    }
}
