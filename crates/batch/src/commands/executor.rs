//! `headcount-batch executor`.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use crate::cluster::{ClusterAddress, Executor, Listening, on_this_machine, run_executor};
use anyhow::anyhow;
use headcount_lake::LakeAddress;

use super::signals::told_to_end;

/// What may hold up the end when a task does not listen.
const BLOCKED: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The scheduler to work for
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: ClusterAddress,
    /// The lake that holds the tables: a folder that all executors share, or s3://BUCKET/PREFIX. Nothing else is read
    #[arg(long, value_name = "LAKE", value_parser = LakeAddress::parse)]
    lake: LakeAddress,
    /// Where to listen for those who fetch results
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50051", value_parser = headcount_address::listen)]
    listen: SocketAddr,
    /// The port, of the same address, on which to take tasks
    #[arg(long, value_name = "PORT", default_value_t = 50052)]
    task_port: u16,
    /// The name or address by which the scheduler, clients and executors find this machine
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
    /// Listen on an address that other machines can reach. Ballista asks nobody who they are: whoever reaches it runs
    /// tasks that read the lake. Keep others away with a firewall or a network policy
    #[arg(long)]
    anyone_who_reaches_it_may_run_statements: bool,
    /// How many tasks to run at once [default: the machine's cores]
    #[arg(long, value_name = "N")]
    cores: Option<NonZeroUsize>,
    /// MiB that operators may hold in memory, all tasks together, before they spill to disk
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    memory: u64,
    /// Where to keep what one stage of a statement leaves for the next [default: the system's folder for temporary files]
    #[arg(long, value_name = "DIR")]
    work_dir: Option<PathBuf>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    on_this_machine(
        arguments.listen,
        arguments.anyone_who_reaches_it_may_run_statements,
    )
    .map_err(|e| anyhow!("--listen {e}"))?;
    let cores = match arguments.cores {
        Some(cores) => cores.get(),
        None => std::thread::available_parallelism()?.get(),
    };
    let executor = Executor {
        scheduler: arguments.scheduler,
        lake: arguments.lake,
        listening: Listening {
            address: arguments.listen,
            advertise: arguments.advertise,
        },
        task_port: arguments.task_port,
        cores,
        memory: arguments.memory.saturating_mul(1 << 20),
        work_dir: arguments.work_dir.unwrap_or_else(std::env::temp_dir),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(run_executor(executor, told_to_end()));
    runtime.shutdown_timeout(BLOCKED);
    result
}
