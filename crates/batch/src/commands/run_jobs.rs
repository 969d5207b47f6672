//! `headcount-batch run-jobs`.

use std::{path::PathBuf, time::Duration};

use crate::{
    cluster::ClusterAddress,
    schedule::{Jobs, Runner, Schedule},
};
use anyhow::bail;
use futures_util::FutureExt;
use headcount_clock::{WallClock, random_id};
use headcount_lake::{Lake, LakeAddress};
use tracing::{info, warn};

use super::signals::told_to_end;

/// How often to look for tables that have come further.
const LOOK: Duration = Duration::from_secs(10);

/// What storing an answer may take beyond the statement, before another worker takes over.
const STORING: Duration = Duration::from_secs(300);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The lake that holds the tables, in which reports/NAME/date=…/ is made: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "LAKE", value_parser = LakeAddress::parse)]
    lake: LakeAddress,
    /// A JSON file: {"jobs": [{"name": "…", "sql": "… WHERE mtime >= $from AND mtime < $to", "every": "hour"}]}
    #[arg(long, value_name = "FILE")]
    jobs: PathBuf,
    /// Make what is due and end
    #[arg(long)]
    once: bool,
    /// Run the statements on a cluster
    #[arg(long, value_name = "df://HOST:PORT")]
    cluster: Option<ClusterAddress>,
    /// Seconds that a statement may take
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// This worker's name, for people [default: one of chance]
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let jobs = Jobs::read(&arguments.jobs)?.jobs;
    let lake = Lake::open_with(&arguments.lake, headcount_lake::Options::default())?;
    let worker = arguments
        .worker
        .unwrap_or_else(|| format!("worker-{:08x}", random_id() >> 32));
    let limit = Duration::from_secs(arguments.timeout);
    let schedule = Schedule::new(
        lake.clone(),
        WallClock::system(),
        worker.clone(),
        limit + STORING,
    );
    info!(
        "{worker} runs {} jobs of {} over the lake {lake}",
        jobs.len(),
        arguments.jobs.display()
    );
    let runner = Runner {
        lake,
        address: arguments.lake,
        jobs,
        schedule,
        cluster: arguments.cluster,
        limit,
    };
    tokio::runtime::Runtime::new()?.block_on(work(&runner, arguments.once))
}

async fn work(runner: &Runner, once: bool) -> anyhow::Result<()> {
    let stop = told_to_end().shared();
    loop {
        let due = runner.run_due(stop.clone()).await;
        if once {
            let tally = due?;
            info!(
                "{} reports were made, and {} attempts failed",
                tally.made, tally.failed
            );
            match tally.failed {
                0 => return Ok(()),
                failed => bail!("{failed} attempts failed; the log says why"),
            }
        }
        if let Err(error) = due {
            warn!("the jobs wait: {error:#}");
        }
        tokio::select! {
            () = stop.clone() => {
                info!("the worker ends as it was told to");
                return Ok(());
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
