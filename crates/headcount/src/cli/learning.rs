//! Commands over models.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use headcount_lake::LakeAddress;
use headcount_learn::ModelName;

/// Where the models are.
#[derive(Args, Debug)]
pub(crate) struct ModelsPlace {
    /// The data folder; its models are in DIR/models.
    #[arg(
        long,
        value_name = "DIR",
        env = "HEADCOUNT_DATA",
        default_value = "data",
        global = true
    )]
    pub(crate) data: PathBuf,
    /// The shared lake, if the models are there: s3://BUCKET/PREFIX. A lake in a folder leaves them in DIR/models.
    #[arg(long, value_name = "ADDR", env = "HEADCOUNT_LAKE", hide_env_values = true, value_parser = LakeAddress::parse, global = true)]
    pub(crate) lake: Option<LakeAddress>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ModelsArgs {
    #[command(flatten)]
    pub(crate) place: ModelsPlace,
    #[command(subcommand)]
    pub(crate) action: ModelsAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsAction {
    /// List all versions of all models, and which are in use.
    List,
    /// Show the card of a version: what it predicts, how it was tested, what it is worth.
    Show {
        /// category, response, turnout, places or themes.
        model: ModelName,
        /// The number of the version; the one in use by default.
        version: Option<u32>,
    },
    /// Show the figures of two versions side by side.
    Compare {
        /// category, response, turnout, places or themes.
        model: ModelName,
        /// The number of a version.
        version: u32,
        /// The number of another one; the one in use by default.
        other: Option<u32>,
    },
    /// Use a version from now on. Processes that run take it within seconds.
    Promote {
        /// category, response, turnout, places or themes.
        model: ModelName,
        /// The number of the version.
        version: u32,
        /// Also if it does not beat its baseline.
        #[arg(long)]
        anyway: bool,
    },
    /// Remove a version that is not in use.
    Remove {
        /// category, response, turnout, places or themes.
        model: ModelName,
        /// The number of the version.
        version: u32,
    },
}

#[derive(Args, Debug)]
pub(crate) struct PredictArgs {
    /// What to predict: category, turnout or response.
    pub(crate) what: Predicted,
    /// Events as lines of JSON in the shape of the labelled file, gzipped or not; `-` is standard input.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: ModelsPlace,
    /// Use this version instead of the one in use.
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<u32>,
    /// For category: use the topics of the event's group beside its text.
    #[arg(long)]
    pub(crate) topics: bool,
}

/// What can be predicted of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Predicted {
    /// The category of its group.
    Category,
    /// How many will come.
    Turnout,
    /// Whether the next answer is yes.
    Response,
}
