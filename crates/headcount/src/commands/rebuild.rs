//! `headcount rebuild`: new checkpoints from the journal, or a summary from the archive.

use anyhow::{Context, Result};
use headcount_clock::now_ms;
use headcount_engine::{JournaledEntry, Partition};
use headcount_lake::{LakeAddress, LakeDescription, archive::Archive};

use super::{print, print_json, print_summary};
use crate::{
    cli,
    data::DataDir,
    engines::open_lake_to_read,
    judged_moment::JudgedMoment,
    lost_entries::{RestoredPartition, has_lost, put_back},
    opening_notice::OpeningNotice,
    store::{JournalSnapshot, Store, ensure_journal},
    text::{number, time},
};

pub(crate) fn run(args: cli::RebuildArgs) -> Result<()> {
    if let Some(lake) = args.from {
        let moment = args.judged_at.unwrap_or_else(now_ms);
        return print_summary(&from_archive(&lake, moment)?.summary(), args.data.json);
    }
    let data = DataDir::new(args.data.data);
    // Only for a clear error when there is nothing to rebuild from.
    ensure_journal(&data)?;
    // An archive elsewhere may know of more than the folder does.
    let repaired = match args.lake.is_some() || has_lost(&data)? {
        true => put_back(
            &data,
            archive_of(&data, args.lake)?.as_ref(),
            args.accept_loss,
        )?,
        false => Vec::new(),
    };
    let asked = args.judged_at;
    let judged = judged_moment(&data, asked)?;
    let store = Store::open_anew(&data, judged)?;
    let held = store.handles.held();
    let partitions = held.len();
    let mut bases = String::new();
    for (at, _) in &held {
        let first = store.journal.first_offset(*at)?;
        if first > 0 {
            bases += &format!(
                "partition {at} was counted from its base, because retention has deleted the journal before offset {}; \
                 what the base holds was not judged again\n",
                number(first)
            );
        }
    }
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
            "put_back": repaired.iter().map(|part| part.put_back).sum::<u64>(),
            "lost": repaired.iter().filter_map(lost_json).collect::<Vec<_>>(),
        }));
    }
    print(&format!(
        "{}{bases}recounted {} entries in {partitions} partitions\n\
         record times were held against {} or their arrival, whichever is later\n{}",
        repaired.iter().map(repaired_text).collect::<String>(),
        number(entries),
        time(judged.moment),
        if is_held {
            "an earlier rebuild --judged-at set this moment; to judge at this one, add --judged-at now\n"
        } else {
            ""
        }
    ))
}

/// The moment that this rebuild holds record times against.
fn judged_moment(data: &DataDir, asked: Option<i64>) -> Result<JudgedMoment> {
    let known = match asked {
        // What the last one left may be damaged, and this is the way out.
        Some(_) => None,
        None => JudgedMoment::read(data)?,
    };
    Ok(JudgedMoment::of_rebuild(asked, known, now_ms()))
}

/// The archive that lost entries may be in.
fn archive_of(data: &DataDir, lake: Option<LakeAddress>) -> Result<Option<Archive>> {
    let address = match lake {
        Some(address) => address,
        None if data.lake().is_dir() => LakeAddress::Disk(data.lake()),
        None => return Ok(None),
    };
    let lake = open_lake_to_read(&address)?;
    if LakeDescription::read(&lake)?.is_none() {
        return Ok(None);
    }
    Ok(Some(Archive::open(&lake)?))
}

fn repaired_text(part: &RestoredPartition) -> String {
    let RestoredPartition {
        partition,
        put_back,
        lost,
        ..
    } = part;
    let lost = lost.map_or_else(String::new, |(from, last)| {
        format!("; the entries {from} to {last} are lost")
    });
    format!(
        "partition {partition}: {} entries were put back{lost}\n",
        number(*put_back)
    )
}

fn lost_json(part: &RestoredPartition) -> Option<serde_json::Value> {
    let (from, last) = part.lost?;
    Some(serde_json::json!({ "partition": part.partition, "from": from, "last": last }))
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
    Ok(JournalSnapshot {
        partitions,
        bases: Vec::new(),
    })
}
