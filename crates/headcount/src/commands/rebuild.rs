//! `headcount rebuild`: the checkpoints made anew from the journal.

use anyhow::Result;

use super::{print, print_json};
use crate::{cli, data::DataDir, store::Store, text::number};

pub(crate) fn run(args: cli::Data) -> Result<()> {
    let data = DataDir::new(args.data);
    // Only to say clearly when there is nothing to rebuild from.
    crate::store::open_read_only(&data)?;
    let store = Store::open_anew(data)?;
    let partitions = store.followers.len();
    let entries: u64 = store
        .followers
        .iter()
        .map(|part| part.progress().next_offset)
        .sum();
    store.close()?;
    if args.json {
        return print_json(&serde_json::json!({ "partitions": partitions, "entries": entries }));
    }
    print(&format!(
        "counted {} entries of {partitions} partitions anew\n",
        number(entries)
    ))
}
