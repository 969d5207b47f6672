//! The command line.

use std::{future::Future, io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use headcount_lake::LakeAddress;
use tracing_subscriber::EnvFilter;

use crate::{
    commands,
    exit::{USAGE, code_of},
};

/// What is logged: what we say, and what the engines warn of.
const LOG: &str = "warn,headcount_batch=info";

#[derive(Debug, Parser)]
#[command(
    name = "headcount-batch",
    version,
    about = "Tables, SQL, reports and jobs over headcount's journal"
)]
struct BatchCli {
    /// What to log: error, warn, info, debug or trace; also by part, as in warn,headcount_batch=debug
    #[arg(long, env = "HEADCOUNT_LOG", default_value = LOG, global = true)]
    log: String,
    #[command(subcommand)]
    command: BatchCommand,
}

#[derive(Debug, Subcommand)]
enum BatchCommand {
    /// Brings the tables to the end of the journal; verifies them; makes them anew
    Tables(commands::tables::TablesArguments),
    /// Answers a statement over the tables and all that the journal holds
    Sql(commands::sql::SqlArgs),
    /// Writes the report: one HTML file without scripts, for the screen and for A4
    Report(commands::report::ReportArgs),
    /// Trains models from the tables or from labelled events, and uses those that beat their baseline
    Train(commands::train::TrainArgs),
    /// Compares the last day with what the models in use were trained on, and takes those that drifted out of use
    Drift(commands::drift::DriftArgs),
    /// Keeps the tables and answers statements: the worker that `headcount run` starts
    Serve(commands::serve::ServeArguments),
    /// Takes statements for a cluster and gives their tasks to executors
    Scheduler(commands::scheduler::SchedulerArguments),
    /// Runs tasks of a cluster's statements
    Executor(commands::executor::ExecutorArguments),
    /// Runs hourly and daily jobs and keeps their answers in the lake
    RunJobs(commands::run_jobs::RunJobsArguments),
    /// Answers the statement on standard input: the process of one statement
    #[command(hide = true)]
    Statement,
}

/// What every command over a data folder takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DataPlace {
    /// The data folder
    #[arg(
        long,
        value_name = "DIR",
        default_value = "data",
        env = "HEADCOUNT_DATA",
        global = true
    )]
    pub(crate) data: PathBuf,
    /// The lake, if it is not in the data folder: a folder or s3://BUCKET/PREFIX
    #[arg(long, value_name = "ADDRESS", env = "HEADCOUNT_LAKE", value_parser = LakeAddress::parse, global = true)]
    pub(crate) lake: Option<LakeAddress>,
    /// MiB of rows that may wait in memory before they are written
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096), global = true)]
    pub(crate) pending: u32,
}

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match BatchCli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    if let Err(error) = log(&cli.log) {
        eprintln!("error: {error:#}");
        return ExitCode::from(USAGE);
    }
    let result = match cli.command {
        BatchCommand::Tables(arguments) => block_on(commands::tables::run(arguments)),
        BatchCommand::Sql(arguments) => match commands::sql::run(&arguments) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        BatchCommand::Report(arguments) => block_on(commands::report::run(arguments)),
        BatchCommand::Train(arguments) => block_on(commands::train::run(arguments)),
        BatchCommand::Drift(arguments) => block_on(commands::drift::run(arguments)),
        BatchCommand::Serve(arguments) => block_on(commands::serve::run(arguments)),
        BatchCommand::Scheduler(arguments) => commands::scheduler::run(arguments),
        BatchCommand::Executor(arguments) => commands::executor::run(arguments),
        BatchCommand::RunJobs(arguments) => commands::run_jobs::run(arguments),
        BatchCommand::Statement => return commands::statement::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(code_of(&error))
        }
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(work)
}

/// Logs to standard error what this program and the libraries under it say.
fn log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|e| {
        anyhow::anyhow!("--log {filter}: {e}; write error, warn, info, debug or trace")
    })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // It would report a failed write to standard error by writing to standard error, and then panic.
        .log_internal_errors(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber)?;
    tracing_log::LogTracer::init()?;
    Ok(())
}
