//! `headcount-batch scheduler`.

use std::{net::SocketAddr, time::Duration};

use crate::cluster::{Listening, Liveness, Scheduler, on_this_machine, run_scheduler};
use anyhow::anyhow;

use super::signals::told_to_end;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where to listen for clients and executors
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050", value_parser = headcount_address::listen)]
    listen: SocketAddr,
    /// The name or address by which executors find this machine
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
    /// Listen on an address that other machines can reach. Ballista asks nobody who they are: whoever reaches it runs
    /// statements on the tables. Keep others away with a firewall or a network policy
    #[arg(long)]
    anyone_who_reaches_it_may_run_statements: bool,
    /// Seconds of silence after which an executor is lost and its tasks run elsewhere; 6 at least
    #[arg(long, value_name = "SECONDS", default_value_t = 12)]
    executor_timeout: u64,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    on_this_machine(
        arguments.listen,
        arguments.anyone_who_reaches_it_may_run_statements,
    )
    .map_err(|e| anyhow!("--listen {e}"))?;
    let liveness = Liveness::new(Duration::from_secs(arguments.executor_timeout))
        .map_err(|e| anyhow!("--executor-timeout: {e}"))?;
    let scheduler = Scheduler {
        listening: Listening {
            address: arguments.listen,
            advertise: arguments.advertise,
        },
        liveness,
    };
    tokio::runtime::Runtime::new()?.block_on(run_scheduler(scheduler, told_to_end()))
}
