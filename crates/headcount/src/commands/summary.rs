//! `headcount summary`: the answer of `count` from what was kept.

use anyhow::Result;

use super::print_summary;
use crate::{cli, data::DataDir, store::Snapshot};

pub(crate) fn run(args: cli::Summary) -> Result<()> {
    let data = DataDir::new(args.data.data);
    print_summary(&Snapshot::read(&data)?.summary(), args.data.json)
}
