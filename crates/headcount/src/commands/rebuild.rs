//! `headcount rebuild`: new checkpoints from the journal, or a summary from the archive.

use anyhow::{Context, Result};
use headcount_clock::now_ms;
use headcount_engine::{JournaledEntry, Partition};
use headcount_lake::{LakeAddress, archive::Archive};

use super::{print, print_json, print_summary};
use crate::{
    cli,
    data::DataDir,
    engines::open_lake_to_read,
    judged_moment::JudgedMoment,
    opening_notice::OpeningNotice,
    store::{JournalSnapshot, Store},
    text::{number, time},
};

pub(crate) fn run(args: cli::RebuildArgs) -> Result<()> {
    if let Some(lake) = args.from {
        let moment = args.judged_at.unwrap_or_else(now_ms);
        return print_summary(&from_archive(&lake, moment)?.summary(), args.data.json);
    }
    let data = DataDir::new(args.data.data);
    // Only for a clear error when there is nothing to rebuild from.
    crate::store::open_read_only(&data)?;
    let asked = args.judged_at;
    let known = match asked {
        // What the last one left may be damaged, and this is the way out.
        Some(_) => None,
        None => JudgedMoment::read(&data)?,
    };
    let judged = JudgedMoment::of_rebuild(asked, known, now_ms());
    let store = Store::open_anew(&data, judged)?;
    let held = store.handles.held();
    let partitions = held.len();
    let entries: u64 = held
        .iter()
        .map(|(_, part)| part.progress().next_offset)
        .sum();
    store.close()?;
    let is_held = asked.is_none() && judged.is_asked;
    if args.data.json {
        return print_json(&serde_json::json!({
            "partitions": partitions,
            "entries": entries,
            "judged_at": judged.moment,
            "judged_at_is_held": is_held,
        }));
    }
    print(&format!(
        "recounted {} entries in {partitions} partitions\n\
         record times were held against {} or their arrival, whichever is later\n{}",
        number(entries),
        time(judged.moment),
        if is_held {
            "an earlier rebuild --judged-at set this moment; to judge at this one, add --judged-at now\n"
        } else {
            ""
        }
    ))
}

/// Counts the archive; record times are judged at `moment` too.
fn from_archive(address: &LakeAddress, moment: i64) -> Result<JournalSnapshot> {
    let waiting = OpeningNotice::on(address);
    let lake = open_lake_to_read(address)?;
    let archive = Archive::open(&lake)?;
    drop(waiting);
    for name in archive.strays() {
        tracing::warn!("skipping {name}: it is not an object of the archive");
    }
    let partitions = (0..archive.description().partitions)
        .map(|at| {
            let mut partition = Partition::judging_at(moment);
            let mut entries = archive.entries(at);
            while entries.advance()? {
                for entry in entries.iter() {
                    partition
                        .apply(JournaledEntry {
                            offset: entry.offset,
                            arrived: entry.arrived,
                            kind: entry.kind,
                            source: entry.source,
                            body: entry.body,
                        })
                        .with_context(|| format!("count partition {at} of the archive"))?;
                }
            }
            Ok(partition)
        })
        .collect::<Result<_>>()?;
    Ok(JournalSnapshot { partitions })
}
