//! `headcount import`: recordings into the journal, exactly once.

use std::{collections::BTreeMap, io::IsTerminal, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use headcount_journal::Journal;
use headcount_record::PeopleKey;
use headcount_source::{SourceAddress, shutdown, status::Status};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::{runtime::Runtime, sync::watch};

use super::{print, print_json};
use crate::{
    cli,
    data::{DataDir, read_key},
    exit::{NO_INPUT, exit},
    ingest::Ingest,
    intake::{Intake, resume},
    known::Known,
    news::News,
    store::Store,
    text::number,
    waiting::Waiting,
};

pub(crate) fn run(args: cli::Import) -> Result<()> {
    for file in &args.files {
        if file.as_os_str() != "-" && !file.exists() {
            return Err(exit(
                NO_INPUT,
                format!("there is no file or folder {}", file.display()),
            ));
        }
    }
    let data = DataDir::new(args.data.data.clone());
    let people = match &args.people_key {
        _ if args.keep.keep_people => None,
        Some(file) => Some(read_key(file)?),
        None => {
            data.create()?;
            Some(data.people_key()?)
        }
    };
    let (kept, refused) = match args.journal {
        Some(address) => {
            let waiting = Waiting::on(&address);
            let journal = Arc::new(address.open(args.keep.partitions, &args.worker)?);
            drop(waiting);
            let positions = journal.positions()?.context(
                "this journal cannot say how far files have been read; use run --source file:PATH",
            )?;
            let known: Vec<_> = positions
                .iter()
                .map(|bodies| Known::of_bodies(bodies))
                .collect();
            let counts = take(args.files, &journal, people, &known, &News::new())?;
            journal.close().context("close the journal")?;
            counts
        }
        None => {
            let store = Store::open(&data, args.keep.partitions)?;
            let counts = take(
                args.files,
                &store.journal,
                people,
                &store.known,
                &store.news,
            )?;
            store.close()?;
            counts
        }
    };
    if args.data.json {
        return print_json(&json!({ "kept": kept, "rejected": refused }));
    }
    print(&format!(
        "kept {} new records, refused {}\n",
        number(kept),
        number(refused.values().sum::<u64>())
    ))?;
    for (reason, count) in refused {
        print(&format!("{:>9}  {reason}\n", number(count)))?;
    }
    Ok(())
}

/// Takes files into the journal; returns how many records were kept and refused.
fn take(
    files: Vec<PathBuf>,
    journal: &Arc<Journal>,
    people: Option<PeopleKey>,
    known: &[Known],
    news: &News,
) -> Result<(u64, BTreeMap<String, u64>)> {
    let ingest = Ingest::new(Arc::clone(journal), people, known, news.waiting.clone());
    let runtime = Runtime::new().context("start the runtime")?;
    let ingest = runtime.block_on(async {
        let intake = Intake::start(ingest, runtime.handle().clone(), news.clone())?;
        let (stop, shutdown) = shutdown::shutdown();
        // After an interruption the files are left as they are; what is durable stays so.
        let interrupted = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.stop();
            }
        });
        for file in files {
            let address = if file.as_os_str() == "-" {
                SourceAddress::StandardInput
            } else {
                SourceAddress::file(file)
            };
            let running = intake.run(address, resume(known)?, shutdown.clone());
            let bar = tokio::spawn(show(running.status));
            let ended = running.ended.await?;
            bar.await?;
            ended?;
        }
        interrupted.abort();
        intake.finish().await
    })?;
    let (kept, refused) = ingest.counts();
    Ok((kept, refused.clone()))
}

/// A progress bar over a source, if anybody looks.
async fn show(mut status: watch::Receiver<Status>) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let bar = ProgressBar::new(0);
    let style = "{msg:30!} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    bar.set_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    // Ends when the source has: it takes the sender with it.
    while status.changed().await.is_ok() {
        let status = status.borrow_and_update().clone();
        bar.set_message(status.name.clone());
        if let Some(progress) = status.progress {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes_done);
        }
    }
    bar.finish();
}
