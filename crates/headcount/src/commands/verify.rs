//! `headcount verify`: compares the stored counts with those of a fresh engine.

use anyhow::Result;
use headcount_engine::Partition;
use serde::Serialize;

use super::{print, print_json};
use crate::{
    cli,
    data::DataDir,
    exit::{DATA, exit},
    store::JournalSnapshot,
    text::{number, time},
};

#[derive(Serialize)]
struct Verdict {
    agrees: bool,
    balanced: bool,
    entries: u64,
    /// The moment at which record times are judged besides their arrival, ms since 1970, if the
    /// state was rebuilt.
    judged_at: Option<i64>,
    /// Partitions whose beginning retention has deleted, with the offset of the checkpoint that was replayed from instead.
    bases: Vec<(u16, u64)>,
    digest: String,
    digest_replayed: String,
    /// What differs, by name.
    differences: Vec<&'static str>,
}

/// The partitions whose mark is gone, as the end of a sentence on what is not checked.
fn unmarked_text(data: &DataDir) -> Result<String> {
    let report = headcount_journal::stat(data.journal())?;
    let unmarked = report
        .partitions
        .iter()
        .filter(|part| part.marked.is_none());
    Ok(unmarked
        .map(|part| {
            format!(
                "; the end of partition {}, which has no mark",
                part.partition
            )
        })
        .collect())
}

pub(crate) fn run(args: cli::DataArgs) -> Result<()> {
    let data = DataDir::new(args.data);
    let verdict = judge(&data)?;
    let printed = if args.json {
        print_json(&verdict)
    } else {
        let judged = verdict.judged_at.map(time);
        print(&format!(
            "journal   {} entries{}\n{}kept      {}\nreplayed  {}\nledger    {}\n\
             checked   counts, windows and ledger against a recount of the journal, and that the journal reaches its marks, its \
             checkpoints and the archive in the data folder\n\
             unchecked what is in the archive (headcount rebuild --from LAKE), and a lake or tables outside the data folder{}\n",
            number(verdict.entries),
            judged.map_or_else(String::new, |time| format!(
                "; record times held against {time} or their arrival, whichever is later"
            )),
            bases_text(&verdict.bases),
            verdict.digest,
            verdict.digest_replayed,
            if verdict.balanced {
                "balances"
            } else {
                "does not balance"
            },
            unmarked_text(&data)?,
        ))
    };
    if verdict.agrees && verdict.balanced {
        return printed;
    }
    let what = match verdict.differences.as_slice() {
        [] => "the ledger does not balance".to_owned(),
        differences => format!("these differ: {}", differences.join(", ")),
    };
    Err(exit(
        DATA,
        format!(
            "{}: the kept counts differ from those of the journal; {what} (run \"headcount rebuild --data {0}\", and report this)",
            data.path().display()
        ),
    ))
}

fn bases_text(bases: &[(u16, u64)]) -> String {
    let lines = bases.iter().map(|(at, offset)| {
        format!(
            "base      partition {at} from offset {}: retention has deleted what is before, so its base was believed\n",
            number(*offset)
        )
    });
    lines.collect()
}

fn judge(data: &DataDir) -> Result<Verdict> {
    // The kept state first: a process that writes may add to the journal in between, and both
    // must end at the same entry.
    let kept = JournalSnapshot::read(data)?;
    let parts = kept.partitions.iter();
    let entries = parts.clone().map(Partition::next_offset).sum();
    let judged_at = parts.filter_map(Partition::judged_at).max();
    let replayed = JournalSnapshot::replayed(data, &kept)?;
    let bases = replayed.bases.clone();
    let (kept, replayed) = (kept.aggregate(), replayed.aggregate());
    let windows: [Vec<_>; 2] = [kept.windows().collect(), replayed.windows().collect()];
    let (kept, replayed) = (kept.summary(), replayed.summary());
    let differences: Vec<_> = [
        ("winners and event rows", kept.digest == replayed.digest),
        ("windows", windows[0] == windows[1]),
        ("ledger", kept.ledger == replayed.ledger),
        ("summary", kept == replayed),
    ]
    .into_iter()
    .filter_map(|(name, same)| (!same).then_some(name))
    .collect();
    Ok(Verdict {
        agrees: differences.is_empty(),
        balanced: replayed.ledger.balanced,
        entries,
        judged_at,
        bases,
        digest: kept.digest,
        digest_replayed: replayed.digest,
        differences,
    })
}
