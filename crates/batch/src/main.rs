//! The batch worker.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use headcount_batch::commands;

#[derive(Parser)]
#[command(name = "headcount-batch", version, about = "Tables, SQL, reports and jobs over headcount's journal")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The process of one statement.
    #[command(hide = true)]
    Statement,
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Statement => commands::statement::run(),
    }
}
