//! `headcount import`: recordings into the journal, exactly once.

use std::{collections::BTreeMap, io::IsTerminal, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use headcount_journal::Journal;
use headcount_record::PeopleKey;
use headcount_source::{SourceAddress, shutdown, status::Status};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::{runtime::Runtime, sync::watch, time::sleep};

use super::{print, print_json};
use crate::{
    cli,
    data::{DataDir, read_key},
    news::News,
    recordings::Recording,
    roles::ingest::appender::Ingest,
    roles::ingest::queue::{Intake, resume},
    roles::ingest::resume::Known,
    roles::ingest::sources::{LAST_LIMIT, Signals},
    store::Store,
    text::number,
    waiting::Waiting,
};

pub(crate) fn run(args: cli::Import) -> Result<()> {
    let sources: Vec<_> = args
        .files
        .into_iter()
        .map(Recording::find)
        .collect::<Result<_>>()?;
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
            let journal = Arc::new(address.open(args.keep.partitions, &args.worker, true)?);
            drop(waiting);
            ensure!(
                journal.capabilities().keeps_positions,
                "this journal cannot say how far files have been read; use run --source file:PATH"
            );
            let positions = journal.positions()?;
            let known: Vec<_> = positions
                .iter()
                .map(|bodies| Known::of_bodies(bodies))
                .collect();
            let counts = take(sources, &journal, people, &known, &News::new());
            // Also after a failure: nobody is to wait for a transaction that is left open.
            let closed = journal.close().context("close the journal");
            let counts = counts?;
            closed?;
            counts
        }
        None => {
            let mut store = Store::open(&data, args.keep.partitions)?;
            let now = headcount_clock::now_ms();
            for known in &mut store.known {
                known.forget_kept_out(now);
            }
            let counts = take(sources, &store.journal, people, &store.known, &store.news);
            let closed = store.close();
            let counts = counts?;
            closed?;
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

/// Takes recordings into the journal; returns how many records were kept and refused.
fn take(
    sources: Vec<SourceAddress>,
    journal: &Arc<Journal>,
    people: Option<PeopleKey>,
    known: &[Known],
    news: &News,
) -> Result<(u64, BTreeMap<String, u64>)> {
    let ingest = Ingest::new(Arc::clone(journal), people, known, news)?;
    let runtime = Runtime::new().context("start the runtime")?;
    let ingest = runtime.block_on(async {
        let intake = Intake::start(ingest, news.clone())?;
        let (stop, shutdown) = shutdown::shutdown();
        let away = Arc::clone(journal);
        // After an interruption the files are left as they are; what is durable stays so, and a journal that is away is
        // not waited for.
        let mut signals = Signals::listen()?;
        let interrupted = tokio::spawn(async move {
            signals.next().await;
            stop.stop();
            sleep(LAST_LIMIT).await;
            away.give_up();
        });
        let mut ended = Ok(());
        for address in sources {
            let running = intake.run(address, resume(known)?, shutdown.clone());
            let bar = tokio::spawn(show(running.status));
            ended = running.ended.await?.map(drop);
            bar.await?;
            // Files are taken in their order, down to their last record.
            running.handed_over.await?;
            if ended.is_err() {
                break;
            }
        }
        // What came before a failure is kept. If it is the journal's, a source only knows that nobody takes its records.
        let ingest = intake.finish().await;
        interrupted.abort();
        let ingest = ingest?;
        ended?;
        anyhow::Ok(ingest)
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
