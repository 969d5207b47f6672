//! `headcount-batch report`: the report as a file.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use tokio::{process::Command, time::timeout};

use super::current::current;
use crate::{
    cli::DataPlace,
    named::Filters,
    report::collect,
    sql::{child::Statements, request::Limits},
};

/// How long the live program may take to count the journal for the ledger.
const SUMMARY_LIMIT: Duration = Duration::from_secs(600);

/// What the command is told.
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// The HTML file to write; `-` is standard output
    out: PathBuf,
    #[command(flatten)]
    place: DataPlace,
    /// Only groups of these countries: us,gb
    #[arg(long, value_name = "CODES")]
    country: Vec<String>,
    /// Only groups of this city: London, or "New York|NY|us"
    #[arg(long, value_name = "CITY")]
    city: Vec<String>,
    /// Only groups of this category
    #[arg(long, value_name = "CATEGORY")]
    category: Vec<String>,
    /// Only groups with this topic, by its key
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// Only answers that say this: yes, no or maybe
    #[arg(long, value_name = "RESPONSE")]
    response: Vec<String>,
    /// Only events at this venue, by its number
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    venue: Vec<String>,
    /// Only events of this group, by its number
    #[arg(long, value_name = "ID")]
    group: Vec<String>,
    /// Only this event
    #[arg(long, value_name = "ID")]
    event: Vec<String>,
    /// Only answers from this record time on: 2017-03-19 or 2017-03-19T12:11:10Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only answers before this record time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl ReportArgs {
    fn filters(&self) -> Result<Filters> {
        let lists = [
            ("country", &self.country),
            ("city", &self.city),
            ("category", &self.category),
            ("topic", &self.topic),
            ("response", &self.response),
            ("venue", &self.venue),
            ("group", &self.group),
            ("event", &self.event),
        ];
        let lists = lists
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let times = [("from", &self.from), ("to", &self.to)];
        let times = times
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let pairs = lists
            .chain(times)
            .map(|(name, value)| (name, value.as_str()));
        Ok(Filters::of_pairs(pairs)?)
    }
}

/// Runs the command.
pub(crate) async fn run(args: ReportArgs) -> Result<()> {
    let filters = args.filters()?;
    let program = std::env::current_exe().context("find this program's own file")?;
    let current = current(&args.place).await?;
    let mut snapshot = current.snapshot.clone();
    if snapshot.live.is_null() {
        snapshot.live = summary(&program, &args.place.data).await;
    }
    let html = collect(
        &Statements::new(program),
        &snapshot,
        filters,
        &Limits::local(),
    )
    .await?;
    write(&args.out, &html)
}

/// The summary that the live program beside this one counts from the journal; null when it cannot.
async fn summary(program: &Path, data: &Path) -> Value {
    let live = program.with_file_name("headcount");
    let counted = async {
        if !live.exists() {
            bail!("{} is not there", live.display());
        }
        let mut command = Command::new(&live);
        command.args(["summary", "--json", "--data"]).arg(data);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(SUMMARY_LIMIT, command.output())
            .await
            .context("it takes too long")??;
        if !output.status.success() {
            bail!(
                "headcount summary: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    counted.await.unwrap_or_else(|error: anyhow::Error| {
        tracing::warn!("the report has no ledger: {error:#}");
        Value::Null
    })
}

/// The file is there only if it is whole.
fn write(out: &Path, html: &str) -> Result<()> {
    if out == Path::new("-") {
        return Ok(std::io::stdout().write_all(html.as_bytes())?);
    }
    let Some(name) = out.file_name() else {
        bail!("{} is no name of a file", out.display());
    };
    let mut beside = name.to_owned();
    beside.push(".part");
    let beside = out.with_file_name(beside);
    std::fs::write(&beside, html)
        .and_then(|()| std::fs::rename(&beside, out))
        .with_context(|| format!("write {}", out.display()))
}
