//! `headcount journal`: checks or counts the journal's files.

use anyhow::Result;
use headcount_journal::Report;
use serde_json::json;

use super::{print, print_json};
use crate::{
    cli,
    data::DataDir,
    exit::{DATA, exit},
    text::number,
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
    let report = if check {
        headcount_journal::verify(&folder)?
    } else {
        headcount_journal::stat(&folder)?
    };
    let printed = if args.json {
        print_json(&to_json(&report))
    } else {
        print(&to_text(&report))
    };
    if check && !report.is_sound() {
        return Err(exit(
            DATA,
            format!(
                "the journal {} is damaged; restore the segment named above from a backup",
                folder.display()
            ),
        ));
    }
    printed
}

fn to_text(report: &Report) -> String {
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
        for damage in &part.damage {
            out += &format!("{:>9}  {damage}\n", "");
        }
    }
    out
}

fn to_json(report: &Report) -> serde_json::Value {
    let parts = report.partitions.iter().map(|part| {
        json!({
            "partition": part.partition,
            "segments": part.segments,
            "entries": part.entries(),
            "bytes": part.bytes,
            "first_ms": part.first_ms,
            "last_ms": part.last_ms,
            "unfinished_bytes": part.unfinished_bytes,
            "damage": part.damage.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    json!({ "sound": report.is_sound(), "partitions": parts.collect::<Vec<_>>() })
}
