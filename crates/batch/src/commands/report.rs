//! `report`: the report as a file.

use std::path::PathBuf;

use anyhow::Context;

use super::current::current;
use crate::{
    cli::DataPlace,
    named::Filters,
    serve::report,
    sql::{child::Statements, request::Limits},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file to write
    #[arg(value_name = "OUT.html")]
    out: PathBuf,
    #[command(flatten)]
    place: DataPlace,
    /// Only what a filter leaves, as in the page's address: --filter country=us --filter topic=hiking
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    filters: Vec<String>,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut pairs = Vec::new();
    for filter in &arguments.filters {
        let pair = filter.split_once('=');
        pairs.push(pair.with_context(|| format!("--filter {filter} is not NAME=VALUE, such as country=us"))?);
    }
    let filters = Filters::of_pairs(pairs)?;
    let current = current(&arguments.place).await?;
    let program = std::env::current_exe().context("find this program")?;
    let statements = Statements::new(program);
    let html = report(&statements, current.snapshot.clone(), filters, &Limits::local()).await?;
    let beside = arguments.out.with_extension("html.part");
    std::fs::write(&beside, &html).with_context(|| format!("write {}", beside.display()))?;
    std::fs::rename(&beside, &arguments.out).with_context(|| format!("write {}", arguments.out.display()))?;
    println!("{} has {} kB.", arguments.out.display(), html.len().div_ceil(1000));
    Ok(())
}
