//! The command line of mappings.

use std::{path::PathBuf, sync::Arc};

use clap::{
    Args, Subcommand,
    builder::{OsStringValueParser, TypedValueParser as _},
};
use headcount_mapping::Mapping;

#[derive(Debug, Subcommand)]
pub(crate) enum MappingCommand {
    /// List the mappings that this program has.
    List(ListArgs),
    /// Print the text of a mapping, to begin one of your own with.
    Show(ShowArgs),
    /// Show what becomes of each record, and why nothing becomes of it.
    Try(TryArgs),
    /// Propose a mapping from examples.
    Init(InitArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Its name, as `list` has it.
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    /// The mapping: a name, or a file.
    #[arg(value_name = "NAME|FILE", value_parser = OsStringValueParser::new().try_map(crate::mappings::find))]
    pub(crate) mapping: Arc<Mapping>,
    /// The records, as for `count`.
    pub(crate) records: PathBuf,
    /// Print a JSON object for each line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The examples, as for `count`; a sheet ends with .csv and a calendar with .ics.
    pub(crate) records: PathBuf,
    /// The name of the mapping.
    #[arg(long, default_value = "mine")]
    pub(crate) name: String,
}
