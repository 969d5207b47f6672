//! `headcount import`: recordings into the journal, exactly once.

use std::{io::IsTerminal, time::Duration};

use anyhow::{Context, Result};
use headcount_source::{
    SourceAddress,
    address::{FileAddress, Pace},
    shutdown,
    status::Status,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::{runtime::Runtime, sync::watch};

use super::{print, print_json};
use crate::{
    cli,
    data::DataDir,
    exit::{NO_INPUT, exit},
    follower::News,
    ingest::Ingest,
    intake::{Intake, resume},
    store::Store,
    text::number,
};

pub(crate) fn run(args: cli::Import) -> Result<()> {
    for file in &args.files {
        if !file.exists() {
            return Err(exit(
                NO_INPUT,
                format!("there is no file or folder {}", file.display()),
            ));
        }
    }
    let data = DataDir::new(args.data.data);
    data.create()?;
    let people = if args.keep.keep_people {
        None
    } else {
        Some(data.people_key()?)
    };
    let store = Store::open(data, args.keep.partitions, News::new())?;
    let ingest = Ingest::new(store.journal.clone(), people, &store.known);
    let runtime = Runtime::new().context("start the runtime")?;
    let ingest = runtime.block_on(async {
        let intake = Intake::start(ingest, runtime.handle().clone(), store.news.clone())?;
        let (stop, shutdown) = shutdown::shutdown();
        // After an interruption the files are left as they are; what is durable stays so.
        let interrupted = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.stop();
            }
        });
        for file in args.files {
            let address = SourceAddress::File(FileAddress {
                path: file,
                pace: Pace::AtOnce,
            });
            let running = intake.run(address, resume(&store.known)?, shutdown.clone());
            let bar = tokio::spawn(show(running.status));
            let ended = running.ended.await?;
            bar.await?;
            ended?;
        }
        interrupted.abort();
        intake.finish().await
    })?;
    let (kept, refused) = ingest.counts();
    let (refused, malformed) = (refused.clone(), refused.values().sum::<u64>());
    drop(ingest);
    store.close()?;
    if args.data.json {
        return print_json(&json!({ "kept": kept, "rejected": refused }));
    }
    print(&format!(
        "kept {} new records, refused {}\n",
        number(kept),
        number(malformed)
    ))?;
    for (reason, count) in refused {
        print(&format!("{:>9}  {reason}\n", number(count)))?;
    }
    Ok(())
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
