//! `headcount dead-letters`: lists refused records, and why they were refused.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use headcount_journal::Batch;
use headcount_record::{Control, DeadLetter, Kind};
use serde::Serialize;

use super::{print, print_json};
use crate::{
    cli,
    data::DataDir,
    exit::{NO_INPUT, exit},
    store::open_read_only,
    text::{number, plain},
};

/// Bytes of the journal read at a time.
const READ_BYTES: usize = 4 << 20;

/// A dead letter with where it is and where it came from.
#[derive(Serialize)]
struct ListedLetter {
    /// Its offset in partition 0 of the journal: its number for `show`.
    offset: u64,
    /// When it arrived, ms since 1970.
    arrived: i64,
    source: String,
    #[serde(flatten)]
    letter: DeadLetter,
}

/// Refused records of one source and reason of which no dead letter is kept.
#[derive(Serialize)]
struct OnlyCounted {
    source: String,
    reason: String,
    only_counted: u64,
}

/// What partition 0 says of refused records.
enum RefusedEntry {
    Letter(ListedLetter),
    OnlyCounted(OnlyCounted),
}

pub(crate) fn run(command: cli::DeadLettersCommand) -> Result<()> {
    match command {
        cli::DeadLettersCommand::List { data, reason } => list(data, reason.as_deref()),
        cli::DeadLettersCommand::Show { offset, data } => show(offset, data),
    }
}

fn list(args: cli::DataArgs, reason: Option<&str>) -> Result<()> {
    let mut shown = 0_u64;
    let mut only_counted: BTreeMap<(String, String), u64> = BTreeMap::new();
    let is_wanted = |found: &str| reason.is_none_or(|reason| reason == found);
    each(&DataDir::new(args.data), |found| {
        match found {
            RefusedEntry::Letter(found) if is_wanted(&found.letter.reason) => {
                shown += 1;
                print_letter(&found, args.json)?;
            }
            RefusedEntry::OnlyCounted(found) if is_wanted(&found.reason) => {
                *only_counted
                    .entry((found.source, found.reason))
                    .or_default() += found.only_counted;
            }
            _ => {}
        }
        Ok(true)
    })?;
    if shown == 0 && only_counted.is_empty() && !args.json {
        print("no record was refused\n")?;
    }
    for ((source, reason), only_counted) in only_counted {
        if args.json {
            print_json(&OnlyCounted {
                source,
                reason,
                only_counted,
            })?;
        } else {
            print(&format!(
                "{reason}: {} more records of {} were only counted, because many came for this reason\n",
                number(only_counted),
                plain(&source)
            ))?;
        }
    }
    Ok(())
}

fn print_letter(found: &ListedLetter, as_json: bool) -> Result<()> {
    if as_json {
        return print_json(found);
    }
    let DeadLetter {
        reason,
        place,
        length,
        ..
    } = &found.letter;
    print(&format!(
        "{:>10}  {reason:<28} {:>8} bytes  {}, {place}\n",
        found.offset,
        length,
        plain(&found.source)
    ))
}

fn show(offset: u64, args: cli::DataArgs) -> Result<()> {
    let (mut seen, data) = (None, DataDir::new(args.data));
    each(&data, |found| {
        if let RefusedEntry::Letter(found) = found
            && found.offset == offset
        {
            seen = Some(found);
        }
        Ok(seen.is_none())
    })?;
    let Some(found) = seen else {
        return Err(exit(
            NO_INPUT,
            format!(
                "there is no dead letter {offset}; \"headcount dead-letters list --data {}\" shows them",
                data.path().display()
            ),
        ));
    };
    if args.json {
        return print_json(&found);
    }
    let DeadLetter {
        reason,
        place,
        length,
        sha256,
        excerpt,
    } = &found.letter;
    let kept = if excerpt.is_empty() {
        "The text is not a JSON object and may name people, so it was not kept; sources that run \
         with --keep-people keep it."
            .to_owned()
    } else {
        plain(excerpt)
    };
    print(&format!(
        "reason   {reason}\nsource   {}\nplace    {place}\nlength   {length} bytes\nsha256   {sha256}\n\n{kept}\n",
        plain(&found.source),
    ))
}

/// Passes everything said of refused records to `take`, oldest first, until it returns false.
fn each(data: &DataDir, mut take: impl FnMut(RefusedEntry) -> Result<bool>) -> Result<()> {
    let journal = open_read_only(data)?;
    let end = journal.durable_end(0)?;
    let mut reader = journal.reader(0, journal.first_offset(0)?)?;
    let mut names = std::collections::HashMap::new();
    let mut batch = Batch::new();
    while reader.position() < end {
        reader.read(&mut batch, READ_BYTES, Duration::from_secs(10))?;
        for frame in batch
            .iter()
            .filter(|frame| Kind::new(frame.kind).is_control())
        {
            match Control::from_body(frame.body)? {
                Control::Source { name } => {
                    names.insert(frame.source, name);
                }
                Control::Rejected(letter) => {
                    let found = ListedLetter {
                        offset: frame.offset,
                        arrived: frame.appended_at_ms,
                        source: names.get(&frame.source).cloned().unwrap_or_default(),
                        letter,
                    };
                    if !take(RefusedEntry::Letter(found))? {
                        return Ok(());
                    }
                }
                Control::RejectedMore { by_reason } => {
                    let source = names.get(&frame.source).cloned().unwrap_or_default();
                    for (reason, only_counted) in by_reason {
                        let found = OnlyCounted {
                            source: source.clone(),
                            reason,
                            only_counted,
                        };
                        if !take(RefusedEntry::OnlyCounted(found))? {
                            return Ok(());
                        }
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}
