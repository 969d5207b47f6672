//! `headcount stream`: stands in for the closed API.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use headcount_clock::now_ms;
use headcount_record::Feed;
use headcount_simulator::{Rate, Seed, Simulator};
use headcount_source::{
    files,
    framing::{Block, BlockReader, ScanMode},
};
use headcount_standin::{Options, Programme, RecordedFeeds, serve};
use tokio::runtime::Runtime;

use super::{print, run::bind};
use crate::{
    cli,
    exit::{DATA, NO_INPUT, exit},
    open_files,
    roles::ingest::sources::Signals,
    text::number,
};

/// Bytes read at a time.
const BLOCK_BYTES: usize = 1 << 20;

pub(crate) fn run(args: cli::StreamArgs) -> Result<()> {
    super::run::refuse_open_address(args.listen, args.unprotected)?;
    let programme = if args.recordings.is_empty() {
        Programme::Simulation(Simulator::with_all_feeds(
            Seed::default(),
            now_ms(),
            Rate::DEFAULT,
        ))
    } else {
        Programme::Recording(read(&args.recordings)?)
    };
    let options = Options {
        speed: args.speed,
        once: args.once,
        hosts: args.hosts,
        ..Options::new(programme)
    };
    open_files::raise_limit();
    let runtime = Runtime::new().context("start the runtime")?;
    runtime.block_on(async {
        let listener = bind(args.listen)?;
        let said = print(&format!("http://{}/2/rsvps\n", listener.local_addr()?));
        // It serves even if nobody reads the address.
        if said.is_err() {
            tracing::info!("http://{}/2/rsvps", listener.local_addr()?);
        }
        let mut signals = Signals::listen()?;
        serve(listener, options, async move { signals.next().await })
            .await
            .context("serve the stream")
    })
}

fn read(paths: &[PathBuf]) -> Result<RecordedFeeds> {
    let mut recording = RecordedFeeds::default();
    for path in paths {
        for file in files::files_of(path).map_err(|error| exit(NO_INPUT, error.to_string()))? {
            read_file(&file, &mut recording)
                .map_err(|error| exit(NO_INPUT, format!("read {}: {error}", file.display())))?;
        }
    }
    for feed in Feed::ALL
        .into_iter()
        .filter(|feed| recording.count(*feed) > 0)
    {
        tracing::info!(
            "{} records of /2/{feed}",
            number(recording.count(feed) as u64)
        );
    }
    if recording.skipped() > 0 {
        tracing::warn!(
            "skipped {} values that are not records",
            number(recording.skipped())
        );
    }
    if Feed::ALL.iter().all(|feed| recording.count(*feed) == 0) {
        let what = "there is no record in these recordings, so there is nothing to serve; are they the right files?";
        return Err(exit(DATA, what));
    }
    Ok(recording)
}

fn read_file(file: &Path, recording: &mut RecordedFeeds) -> std::io::Result<()> {
    let mut reader = BlockReader::new(files::open(file)?, ScanMode::Proved, BLOCK_BYTES);
    let mut block = Block::default();
    while reader.read(&mut block)? {
        for (_, value) in block.iter() {
            recording.push(value);
        }
    }
    Ok(())
}
