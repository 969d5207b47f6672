//! The command line.

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::commands;

/// The command line is wrong, as sysexits.h numbers it.
const USAGE: u8 = 64;
/// A command failed.
const FAILED: u8 = 70;

/// What is logged: what we say, and what the engines warn of.
const LOG: &str = "warn,headcount_batch=info";

#[derive(Parser)]
#[command(
    name = "headcount-batch",
    version,
    about = "Tables, SQL, reports and jobs over headcount's journal"
)]
struct Cli {
    /// What to log: error, warn, info, debug or trace; also by part, as in warn,headcount_batch=debug
    #[arg(long, env = "HEADCOUNT_LOG", default_value = LOG, global = true)]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Takes statements for a cluster and gives their tasks to executors
    Scheduler(commands::scheduler::Arguments),
    /// Runs tasks of a cluster's statements
    Executor(commands::executor::Arguments),
    /// Runs hourly and daily jobs and keeps their answers in the lake
    RunJobs(commands::run_jobs::Arguments),
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    if let Err(error) = log(&cli.log) {
        eprintln!("headcount-batch: {error:#}");
        return ExitCode::from(USAGE);
    }
    let result = match cli.command {
        Command::Scheduler(arguments) => commands::scheduler::run(arguments),
        Command::Executor(arguments) => commands::executor::run(arguments),
        Command::RunJobs(arguments) => commands::run_jobs::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headcount-batch: {error:#}");
            ExitCode::from(FAILED)
        }
    }
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
