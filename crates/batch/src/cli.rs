//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use headcount_lake::LakeAddress;

use crate::commands::{self, tables::TablesCommand};

/// Tables, SQL and reports over the journal of headcount.
#[derive(Debug, Parser)]
#[command(name = "headcount-batch", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring the tables to the end of the journal; verify them; make them anew
    Tables(TablesCommand),
}

/// What every command over a data folder takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
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
}

impl Cli {
    /// Does what is asked.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Tables(command) => commands::tables::run(command).await,
        }
    }
}
