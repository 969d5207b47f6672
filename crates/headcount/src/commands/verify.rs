//! `headcount verify`: the counts that are kept against those of a fresh engine.

use anyhow::Result;
use serde::Serialize;

use super::{print, print_json};
use crate::{
    cli,
    data::DataDir,
    exit::{DATA, exit},
    store::Snapshot,
    text::number,
};

#[derive(Serialize)]
struct Verdict {
    agrees: bool,
    balanced: bool,
    entries: u64,
    digest: String,
    digest_replayed: String,
    /// What differs, by name.
    differences: Vec<&'static str>,
}

pub(crate) fn run(args: cli::Data) -> Result<()> {
    let data = DataDir::new(args.data);
    let verdict = judge(&data)?;
    let printed = if args.json {
        print_json(&verdict)
    } else {
        print(&format!(
            "journal   {} entries\nkept      {}\nreplayed  {}\nledger    {}\n",
            number(verdict.entries),
            verdict.digest,
            verdict.digest_replayed,
            if verdict.balanced {
                "balances"
            } else {
                "does not balance"
            },
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

fn judge(data: &DataDir) -> Result<Verdict> {
    // The kept state first: a process that writes may add to the journal in between, and both
    // must end at the same entry.
    let kept = Snapshot::read(data)?;
    let ends: Vec<u64> = kept
        .partitions
        .iter()
        .map(|part| part.next_offset())
        .collect();
    let replayed = Snapshot::replayed(data, &ends)?;
    let (kept, replayed) = (kept.survey(), replayed.survey());
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
        entries: ends.iter().sum(),
        digest: kept.digest,
        digest_replayed: replayed.digest,
        differences,
    })
}
