//! `headcount count`: recordings counted in memory, nothing kept.

use std::{io, path::Path, thread};

use anyhow::{Context, Result};
use headcount_source::files;

use super::print_summary;
use crate::{
    cli,
    counting::Counter,
    exit::{NO_INPUT, exit},
};

pub(crate) fn run(args: cli::Count) -> Result<()> {
    let threads = args.threads.map_or_else(
        || thread::available_parallelism().map_or(1, Into::into),
        usize::from,
    );
    let mut counter = Counter::new(threads, &crate::schema::of_sources()?);
    for path in &args.files {
        if path == Path::new("-") {
            files::unpack(io::stdin())
                .and_then(|reader| counter.count("-", reader))
                .context("read standard input")?;
            continue;
        }
        let failed = |error: &dyn std::fmt::Display| exit(NO_INPUT, error.to_string());
        for file in files::files_of(path).map_err(|error| failed(&error))? {
            let reader = files::open(&file).map_err(|error| failed(&error))?;
            counter
                .count(&format!("file:{}", file.display()), reader)
                .map_err(|error| failed(&format!("{}: {error}", file.display())))?;
        }
    }
    print_summary(&counter.summary(), args.json)
}
