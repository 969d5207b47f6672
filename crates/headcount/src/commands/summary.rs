//! `headcount summary`: the summary of `count`, from the data folder or from a serving store.

use std::time::Duration;

use anyhow::{Context, Result};
use headcount_engine::{PartialAggregate, Scope};
use headcount_serving::{Serving, ServingAddress};
use tokio::{
    runtime::Runtime,
    time::{Instant, sleep},
};

use super::print_summary;
use crate::{
    cli,
    data::DataDir,
    event_bus::EventBus,
    exit::{TEMPORARY, exit},
    opening_notice::OpeningNotice,
    roles::serve::replicas::Replicas,
    store::JournalSnapshot,
};

/// After this long, the command logs what it waits for.
const LONG: Duration = Duration::from_secs(3);
/// How long loading the serving store may take.
const LIMIT: Duration = Duration::from_secs(300);
pub(crate) fn run(args: cli::SummaryArgs) -> Result<()> {
    let aggregate = match &args.serving {
        Some(serving) => {
            let runtime = Runtime::new().context("start the runtime")?;
            runtime.block_on(served(serving))?
        }
        None => JournalSnapshot::read(&DataDir::new(args.data.data))?.aggregate(),
    };
    print_summary(&aggregate.summary(), args.data.json)
}

/// Loads the whole serving store and aggregates it.
async fn served(address: &ServingAddress) -> Result<PartialAggregate> {
    let waiting = OpeningNotice::on(address);
    let serving = Serving::open_to_read(address).await?;
    drop(waiting);
    let bus = EventBus::new();
    let replicas = Replicas::start(serving, bus.clone())?;
    let begun = Instant::now();
    let mut told = false;
    let (mut commits, mut failed) = (bus.commits.subscribe(), bus.failed.subscribe());
    loop {
        // Marked as seen before it is looked, so that no change in between is missed.
        commits.mark_unchanged();
        failed.mark_unchanged();
        bus.failure()?;
        let Some(missing) = replicas.handles().missing() else {
            break;
        };
        if begun.elapsed() > LIMIT {
            return Err(exit(
                TEMPORARY,
                format!(
                    "{missing}; the serving store is incomplete: run headcount status to check that processes are counting"
                ),
            ));
        }
        if begun.elapsed() > LONG && !told {
            tracing::info!("waiting: {missing}");
            told = true;
        }
        // A partition that is loaded says so with a commit. The bus here holds the senders.
        tokio::select! {
            _ = commits.changed() => {}
            _ = failed.changed() => {}
            () = sleep(LONG) => {}
        }
    }
    let scope = Scope {
        whole: true,
        ..Scope::default()
    };
    let aggregates = replicas.handles().aggregate(scope).await?;
    replicas.stop().await?;
    Ok(aggregates
        .into_iter()
        .reduce(PartialAggregate::and)
        .unwrap_or_default())
}
