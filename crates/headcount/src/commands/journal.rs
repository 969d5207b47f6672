//! `headcount journal`: checks or counts the journal's files.

use anyhow::Result;
use headcount_journal::Report;
use serde_json::json;

use super::{print, print_json};
use crate::{
    cli,
    data::DataDir,
    exit::{DATA, exit},
    lost_entries,
    text::number,
};

/// What a command has looked at, and what it has not.
#[derive(Clone, Copy)]
struct Coverage {
    checked: &'static str,
    unchecked: &'static str,
}

const VERIFIED: Coverage = Coverage {
    checked: "every byte of every segment, that the segments follow one another, and that each partition begins and ends \
              where its mark, its checkpoint and the archive in the data folder say",
    unchecked: "the counts (headcount verify), and what is in the archive (headcount rebuild --from LAKE)",
};
const COUNTED: Coverage = Coverage {
    checked: "the headers of all segments, the last segment of each partition, and that each partition begins and ends where \
              its mark says",
    unchecked: "the other segments' entries (headcount journal verify), the counts (headcount verify), and what is in the \
                archive (headcount rebuild --from LAKE)",
};

pub(crate) fn run(command: cli::JournalCommand) -> Result<()> {
    let (args, check) = match command {
        cli::JournalCommand::Verify(args) => (args, true),
        cli::JournalCommand::Stat(args) => (args, false),
    };
    let data = DataDir::new(args.data);
    crate::store::open_read_only(&data)
        .map(drop)
        .or_else(|error| {
            // A damaged journal cannot be opened, but it can be checked.
            if check && data.journal().is_dir() {
                Ok(())
            } else {
                Err(error)
            }
        })?;
    let folder = data.journal();
    let report = match check {
        true => lost_entries::check(&data)?,
        false => headcount_journal::stat(&folder)?,
    };
    let coverage = match check {
        true => VERIFIED,
        false => COUNTED,
    };
    let printed = if args.json {
        print_json(&to_json(&report, coverage))
    } else {
        print(&to_text(&report, coverage))
    };
    if check && !report.is_sound() {
        return Err(exit(
            DATA,
            format!(
                "the journal {} is damaged; run headcount rebuild --data {}, which puts back what the archive has and says what \
                 it cannot, or restore a backup",
                folder.display(),
                data.path().display()
            ),
        ));
    }
    printed
}

fn to_text(report: &Report, coverage: Coverage) -> String {
    let mut out = String::from("partition  segments      entries         bytes\n");
    for part in &report.partitions {
        out += &format!(
            "{:>9}  {:>8}  {:>11}  {:>12}\n",
            part.partition,
            part.segments,
            number(part.entries()),
            number(part.bytes)
        );
        if part.unfinished_bytes > 0 {
            out += &format!(
                "{:>9}  {} bytes after the last complete group\n",
                "", part.unfinished_bytes
            );
        }
        if part.marked.is_none() {
            out += &format!(
                "{:>9}  no mark, so whether entries are missing at its end cannot be told from it\n",
                ""
            );
        }
        for damage in &part.damage {
            out += &format!("{:>9}  {damage}\n", "");
        }
    }
    out + &format!(
        "checked    {}\nunchecked  {}\n",
        coverage.checked, coverage.unchecked
    )
}

fn to_json(report: &Report, coverage: Coverage) -> serde_json::Value {
    let parts = report.partitions.iter().map(|part| {
        json!({
            "partition": part.partition,
            "segments": part.segments,
            "entries": part.entries(),
            "bytes": part.bytes,
            "first_ms": part.first_ms,
            "last_ms": part.last_ms,
            "marked": part.marked,
            "unfinished_bytes": part.unfinished_bytes,
            "damage": part.damage.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    json!({ "sound": report.is_sound(), "partitions": parts.collect::<Vec<_>>(),
        "checked": coverage.checked, "unchecked": coverage.unchecked })
}
