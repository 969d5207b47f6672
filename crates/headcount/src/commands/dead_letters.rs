//! `headcount dead-letters`: lists refused records, and why they were refused.

use std::time::Duration;

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
    text::plain,
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

pub(crate) fn run(command: cli::DeadLettersCommand) -> Result<()> {
    match command {
        cli::DeadLettersCommand::List { data, reason } => list(data, reason.as_deref()),
        cli::DeadLettersCommand::Show { offset, data } => show(offset, data),
    }
}

fn list(args: cli::DataArgs, reason: Option<&str>) -> Result<()> {
    let mut shown = 0_u64;
    each(&DataDir::new(args.data), |found| {
        if reason.is_some_and(|reason| reason != found.letter.reason) {
            return Ok(true);
        }
        shown += 1;
        if args.json {
            print_json(&found)?;
        } else {
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
            ))?;
        }
        Ok(true)
    })?;
    if shown == 0 && !args.json {
        print("no record was refused\n")?;
    }
    Ok(())
}

fn show(offset: u64, args: cli::DataArgs) -> Result<()> {
    let mut seen = None;
    each(&DataDir::new(args.data), |found| {
        if found.offset == offset {
            seen = Some(found);
        }
        Ok(seen.is_none())
    })?;
    let Some(found) = seen else {
        return Err(exit(
            NO_INPUT,
            format!("there is no dead letter {offset}; \"headcount dead-letters list\" shows them"),
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

/// Passes every dead letter to `take`, oldest first, until it returns false.
fn each(data: &DataDir, mut take: impl FnMut(ListedLetter) -> Result<bool>) -> Result<()> {
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
                    if !take(found)? {
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}
