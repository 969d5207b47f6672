//! `tables`: brings the tables to the journal's end, verifies them, makes them anew.

use std::{
    io::IsTerminal,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Context;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::{
    cli::DataPlace,
    data::DataFolder,
    postgres::PostgresAddress,
    tables::{JournalReader, Keeper, PostgresKeeper, Verified, verify},
};

#[derive(Debug, clap::Args)]
pub(crate) struct TablesArguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    place: DataPlace,
    /// Fills these tables in PostgreSQL too; the password comes from PGPASSWORD
    #[arg(
        long,
        value_name = "postgres://USER@HOST/DB",
        env = "HEADCOUNT_POSTGRES"
    )]
    postgres: Option<PostgresAddress>,
    /// Prints JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compares the tables with a fresh pass over the journal
    Verify,
    /// Makes the tables anew from the journal; readers see the old ones until the new ones are complete
    Rebuild,
}

pub(crate) async fn run(arguments: TablesArguments) -> anyhow::Result<()> {
    let data = DataFolder::new(arguments.place.data.clone());
    let mut journal = data.journal()?;
    let options = data.keeper_options(arguments.place.pending)?;
    if matches!(arguments.action, Some(Action::Rebuild)) && options.index.exists() {
        Keeper::forget(&options).await?;
    }
    let location = data.tables(arguments.place.lake.clone())?;
    let mut keeper = Keeper::open(location, options, &journal).await?;
    let progress = TablesBar::over(&journal, &keeper.offsets())?;
    bring_up(&mut keeper, &mut journal, &progress).await?;
    progress.finish();
    if matches!(arguments.action, Some(Action::Verify)) {
        return compare(&data, &keeper, &journal, arguments.json).await;
    }
    let refused = match &arguments.postgres {
        Some(address) => Some(fill(address, &data, arguments.place.pending, &journal).await?),
        None => None,
    };
    let rows = keeper.row_counts();
    if arguments.json {
        let rows: serde_json::Map<_, _> = rows
            .iter()
            .map(|(table, rows)| (table.to_string(), json!(rows)))
            .collect();
        println!(
            "{}",
            json!({ "offsets": keeper.offsets(), "rows": rows, "refused": refused })
        );
    } else {
        println!(
            "The tables hold all {} entries of the journal.",
            progress.end
        );
        for (table, rows) in rows {
            println!("  {:<14} {rows:>12} rows", table.name());
        }
        println!("They are in {}.", keeper.location());
        if let (Some(address), Some(refused)) = (&arguments.postgres, refused) {
            println!(
                "They are in {address} too; it refused {refused} rows, which are in refused_rows."
            );
        }
    }
    Ok(())
}

/// Reads to the journal's end and commits.
async fn bring_up(
    keeper: &mut Keeper,
    journal: &mut JournalReader,
    progress: &TablesBar,
) -> anyhow::Result<()> {
    loop {
        let is_at_end = keeper.read(journal, &|entries| progress.add(entries))?;
        keeper.write().await?;
        if is_at_end {
            break;
        }
        // Readers see tables that are made anew when they are complete.
        if !keeper.is_filling()? {
            keeper.commit().await?;
        }
    }
    keeper.commit().await?;
    Ok(())
}

/// Brings the tables in PostgreSQL to the journal's end; returns how many rows it has refused.
async fn fill(
    address: &PostgresAddress,
    data: &DataFolder,
    pending: u32,
    journal: &JournalReader,
) -> anyhow::Result<u64> {
    let options = data.postgres_options(address, pending)?;
    let mut keeper = PostgresKeeper::open(address, options, journal).await?;
    let progress = TablesBar::over(journal, &keeper.offsets())?;
    progress.bar.set_message("PostgreSQL");
    loop {
        let is_at_end = keeper.read(journal, &|entries| progress.add(entries))?;
        keeper.write().await?;
        if is_at_end {
            break;
        }
    }
    progress.finish();
    Ok(keeper.refused())
}

async fn compare(
    data: &DataFolder,
    keeper: &Keeper,
    journal: &JournalReader,
    is_json: bool,
) -> anyhow::Result<()> {
    let folder = data.batch().join("verify");
    let _ = std::fs::remove_dir_all(&folder);
    let progress = TablesBar::over(journal, &keeper.offsets())?;
    let judged_at = data.judged_at()?;
    let verified = verify(keeper, journal, judged_at, &folder, &|entries| {
        progress.add(entries)
    })
    .await;
    progress.finish();
    std::fs::remove_dir_all(&folder).with_context(|| format!("delete {}", folder.display()))?;
    let verified = verified?;
    tell(&verified, is_json);
    if !verified.is_sound() {
        anyhow::bail!(
            "the tables are not what the journal makes of them; run: headcount tables rebuild --data {}",
            data.path().display()
        );
    }
    Ok(())
}

fn tell(verified: &Verified, is_json: bool) {
    if is_json {
        let tables = verified.tables.iter().map(|report| {
            json!({
                "table": report.table,
                "rows": report.rows,
                "expected": report.expected,
                "equal": report.is_equal,
                "orphans": report.orphans,
            })
        });
        let tables: Vec<_> = tables.collect();
        println!(
            "{}",
            json!({ "offsets": verified.offsets, "sound": verified.is_sound(), "tables": tables })
        );
        return;
    }
    for report in &verified.tables {
        let said = match (report.is_equal, report.orphans) {
            (true, 0) => "equal".to_owned(),
            (true, orphans) => {
                format!("equal, but {orphans} values refer to rows that are not there")
            }
            (false, 0) => format!("differ from the {} rows of the journal", report.expected),
            (false, orphans) => {
                format!(
                    "differ from the {} rows of the journal; {orphans} values refer to nothing",
                    report.expected
                )
            }
        };
        println!(
            "  {:<14} {:>12} rows: {said}",
            report.table.name(),
            report.rows
        );
    }
}

/// A bar over the entries of the journal, on a terminal.
struct TablesBar {
    bar: ProgressBar,
    end: u64,
    done: AtomicU64,
}

impl TablesBar {
    fn over(journal: &JournalReader, offsets: &[u64]) -> anyhow::Result<Self> {
        let mut end = 0;
        for partition in 0..journal.partitions() {
            end += journal.end(partition)?;
        }
        let done: u64 = offsets.iter().sum();
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(end)
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template(
            "{msg} {bar:32} {human_pos} of {human_len} entries, {per_sec}, {eta} left",
        )?;
        bar.set_style(style);
        bar.set_message("tables");
        bar.set_position(done.min(end));
        Ok(Self {
            bar,
            end,
            done: AtomicU64::new(done),
        })
    }

    fn add(&self, entries: u64) {
        let done = self.done.fetch_add(entries, Ordering::Relaxed) + entries;
        self.bar.set_position(done);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
