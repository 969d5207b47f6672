//! `headcount backup`: a copy of the data folder that can be restored.

use anyhow::Result;
use headcount_clock::now_ms;
use serde_json::json;

use super::{print, print_json};
use crate::{backup::making::back_up, cli, data::DataDir, store::ensure_journal, text::number};

pub(crate) fn run(args: cli::BackupArgs) -> Result<()> {
    let data = DataDir::new(args.data.data);
    ensure_journal(&data)?;
    let summary = back_up(&data, &args.dir, now_ms())?;
    if args.data.json {
        return print_json(&json!({
            "entries": summary.entries,
            "files_copied": summary.copied,
            "files_reused": summary.reused,
            "bytes": summary.copied_bytes,
            "people_key": summary.has_people_key,
        }));
    }
    let key = match summary.has_people_key {
        true => "people.key is in the backup: whoever has it can tell which pseudonym is whose",
        false => {
            "there is no people.key in the data folder; if you use --people-key FILE, back that file up too"
        }
    };
    print(&format!(
        "backed up  {} entries of the journal, and what was made of them, to {}\n\
         files      {} copied, {} unchanged and used again; {} bytes in all\n\
         checked    every byte of the copied journal, and that it reaches its checkpoints and its archive\n\
         unchecked  the copied archive, which restore checks, and a lake outside the data folder, which is not in the backup\n\
         {key}\n",
        number(summary.entries),
        args.dir.display(),
        number(summary.copied as u64),
        number(summary.reused as u64),
        number(summary.copied_bytes),
    ))
}
