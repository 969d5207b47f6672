//! headcount: live counts of people from a stream of RSVPs.
//!
//! The only place that connects the crates: the command line, the wiring of sources, journal,
//! engine and server, and exit codes.

mod backend;
mod backup;
mod cli;
mod commands;
mod counting;
mod data;
mod defaults;
mod disk;
mod engines;
mod event_bus;
mod exit;
mod failures;
mod interrupt_handler;
mod judged_moment;
mod live;
mod lost_entries;
mod mappings;
mod metrics;
mod open_files;
mod opening_notice;
mod progress;
mod recordings;
mod roles;
mod schema;
mod store;
mod team;
mod text;
mod usage;
mod witnesses;

use std::{io::IsTerminal, process::ExitCode};

use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else is a usage error.
            let code = if error.use_stderr() { exit::USAGE } else { 0 };
            let _ = usage::without_secrets(error).print();
            return ExitCode::from(code);
        }
    };
    if let Err(error) = log(cli.log.as_deref().unwrap_or("info")) {
        eprintln!("headcount: {error}");
        return ExitCode::from(exit::USAGE);
    }
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing else has chosen a TLS provider");
    let Some(command) = cli.command else {
        return help();
    };
    match run(command, cli.log.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<exit::ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headcount: {error:#}");
            ExitCode::from(exit::code_of(&error))
        }
    }
}

/// Without arguments: help, which begins with what a newcomer needs.
fn help() -> ExitCode {
    match Cli::command().print_help() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(exit::IO),
    }
}

fn run(command: Command, log: Option<&str>) -> anyhow::Result<()> {
    metrics::declare();
    match command {
        Command::Demo(args) => commands::demo::run(args),
        Command::Run(args) => commands::run::run(*args),
        Command::Count(args) => commands::count::run(args),
        Command::Import(args) => commands::import::run(*args),
        Command::Summary(args) => commands::summary::run(args),
        Command::Verify(args) => commands::verify::run(args),
        Command::Backup(args) => commands::backup::run(args),
        Command::Restore(args) => commands::restore::run(args),
        Command::Rebuild(args) => commands::rebuild::run(args),
        Command::Status(args) => commands::status::run(args),
        Command::Simulate(args) => commands::simulate::run(args),
        Command::Stream(args) => commands::stream::run(args),
        Command::Mapping(command) => commands::mapping::run(command),
        Command::DeadLetters(command) => commands::dead_letters::run(command),
        Command::Journal(command) => commands::journal::run(command),
        Command::Tables(args) => commands::batch::run("tables", args.args, log),
        Command::Sql(args) => commands::batch::run("sql", args.args, log),
        Command::Report(args) => commands::batch::run("report", args.args, log),
        Command::Train(args) => commands::batch::run("train", args.args, log),
        Command::Drift(args) => commands::batch::run("drift", args.args, log),
        Command::Models(args) => commands::models::run(args),
        Command::Predict(args) => commands::predict::run(args),
        Command::Scheduler(args) => commands::batch::run("scheduler", args.args, log),
        Command::Executor(args) => commands::batch::run("executor", args.args, log),
        Command::RunJobs(args) => commands::batch::run("run-jobs", args.args, log),
    }
}

/// Logs go to standard error: standard output is for results.
fn log(filter: &str) -> Result<(), String> {
    // The Cassandra driver logs every attempt; the serving crate logs what matters.
    let filter = EnvFilter::try_new(format!("scylla=off,{filter}"))
        .map_err(|error| format!("--log {filter}: {error}; write info, debug or crate=level"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // It would report a failed write to standard error by writing to standard error, and then panic.
        .log_internal_errors(false)
        .init();
    Ok(())
}
