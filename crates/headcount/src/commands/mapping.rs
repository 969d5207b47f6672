//! `headcount mapping`: lists, shows, tries and proposes mappings.

use std::{io::Read, path::Path};

use anyhow::Result;
use headcount_mapping::{Mapping, MappingOutcome, Proposal, RecordReader, shipped};
use headcount_record::{Decoder, Masking};
use headcount_source::{
    files,
    framing::{Block, BlockReader, ScanMode},
};
use serde_json::{Value, json};

use super::{print, print_json};
use crate::{
    cli::mapping::{InitArgs, ListArgs, MappingCommand, ShowArgs, TryArgs},
    counting::reason_of,
    exit::{DATA, NO_INPUT, USAGE, exit},
};

/// Bytes that are read at once.
const BLOCK_BYTES: usize = 1 << 20;

pub(crate) fn run(command: MappingCommand) -> Result<()> {
    match command {
        MappingCommand::List(args) => list(&args),
        MappingCommand::Show(args) => show(&args),
        MappingCommand::Try(args) => try_out(&args),
        MappingCommand::Init(args) => init(&args),
    }
}

fn list(args: &ListArgs) -> Result<()> {
    let mappings = shipped().iter().map(|known| known.mapping());
    if args.json {
        let list: Vec<Value> = mappings
            .map(|mapping| json!({ "name": mapping.name(), "about": mapping.about() }))
            .collect();
        return print_json(&json!({ "mappings": list }));
    }
    let lines = mappings.map(|mapping| format!("{:<14}{}\n", mapping.name(), mapping.about()));
    print(&lines.collect::<String>())
}

fn show(args: &ShowArgs) -> Result<()> {
    match shipped().iter().find(|known| known.name == args.name) {
        Some(known) => print(known.text),
        None => {
            let name = &args.name;
            let problem = format!(
                "there is no mapping {name:?}; headcount mapping list names those there are"
            );
            Err(exit(USAGE, problem))
        }
    }
}

/// Shows what becomes of each record.
fn try_out(args: &TryArgs) -> Result<()> {
    let mapping = &args.mapping;
    let mut decoder = Decoder::of(mapping.schema());
    let (mut number, mut found, mut refused) = (0_u64, 0_u64, 0_u64);
    for_each_value(&args.records, mapping.reader(), |value| {
        number += 1;
        let outcomes = match value {
            Ok(bytes) => mapping.read(bytes, &Masking::Nothing),
            Err(code) => return print_refusal(args.json, number, None, &code),
        };
        for MappingOutcome {
            line, rule, what, ..
        } in outcomes
        {
            decoder.keep_bounded();
            let line = line.and_then(|line| decoder.decode(&line).map(|_| line));
            match line {
                Ok(line) => {
                    found += 1;
                    print_found(args.json, number, (rule, what), &line)?;
                }
                Err(reason) => {
                    refused += 1;
                    print_refusal(args.json, number, rule, &reason.code())?;
                }
            }
        }
        Ok(())
    })?;
    if !args.json {
        print(&format!(
            "{number} records: {found} lines found, {refused} refused\n"
        ))?;
    }
    Ok(())
}

fn print_found(
    as_json: bool,
    number: u64,
    (rule, what): (Option<usize>, &str),
    line: &[u8],
) -> Result<()> {
    let mut line: Value = serde_json::from_slice(line)?;
    let rule = rule.map(|rule| rule + 1);
    if let Some(members) = line.as_object_mut() {
        members.remove("record");
    }
    if as_json {
        return print_json(&json!({ "record": number, "rule": rule, "what": what, "line": line }));
    }
    let rule = rule.unwrap_or_default();
    print(&format!("{number}: {what} by rule {rule}: {line}\n"))
}

fn print_refusal(as_json: bool, number: u64, rule: Option<usize>, code: &str) -> Result<()> {
    let rule = rule.map(|rule| rule + 1);
    let why = explained(code);
    if as_json {
        return print_json(&json!({ "record": number, "rule": rule, "reason": code, "why": why }));
    }
    let by = rule.map_or(String::new(), |rule| format!(" by rule {rule}"));
    print(&format!("{number}: refused{by}: {code}: {why}\n"))
}

/// Why a record is refused, as a sentence, with the way out.
fn explained(code: &str) -> String {
    let (kind, field) = code.split_once(':').unwrap_or((code, "it"));
    match kind {
        "unmapped" => {
            "the when of no rule fits it; add a rule, or one that finds \"other\"".to_owned()
        }
        "missing_field" => format!(
            "the record has nothing where {field} is to be; give another path, or a default"
        ),
        "bad_type" => format!(
            "what stands where {field} is to be is not of its type; give the path of a text or number"
        ),
        "range" => format!("{field} is outside its range"),
        "bad_timestamp" => "what stands there is no time between 2000 and 2100".to_owned(),
        "unknown_enum" => {
            format!("{field} has a word that the mapping's words do not have; add it")
        }
        "limit" => format!("the expression of {field} takes too many steps"),
        "failed" => format!("the expression of {field} fails; write .a? where .a may not be there"),
        "bad_json" => "it is no JSON object".to_owned(),
        _ => "it cannot be kept".to_owned(),
    }
}

/// Proposes a mapping.
fn init(args: &InitArgs) -> Result<()> {
    let reader = match args.records.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => RecordReader::Csv,
        Some("ics" | "ical") => RecordReader::Ical,
        _ => RecordReader::Json,
    };
    let mut proposal = Proposal::default();
    let mut examples = 0;
    for_each_value(&args.records, reader, |value| {
        if let Ok(bytes) = value
            && let Ok(record) = serde_json::from_slice(bytes)
        {
            proposal.look_at(&record);
            examples += 1;
        }
        Ok(())
    })?;
    if examples == 0 {
        let problem = format!("{}: there is no record in it", args.records.display());
        return Err(exit(DATA, problem));
    }
    let text = proposal.text(&args.name, reader);
    if let Err(mistakes) = Mapping::parse(&text) {
        return Err(exit(USAGE, format!("{mistakes}")));
    }
    print(&text)
}

/// Reads the values of a file: the bytes of each, or the reason why it is none.
fn for_each_value(
    path: &Path,
    reader: RecordReader,
    mut take: impl FnMut(Result<&[u8], String>) -> Result<()>,
) -> Result<()> {
    let failed = |error: std::io::Error| exit(NO_INPUT, format!("{}: {error}", path.display()));
    let content = files::open(path).map_err(failed)?;
    let content: Box<dyn Read + Send> = reader.records(content).map_err(failed)?;
    let mut blocks = BlockReader::new(content, ScanMode::Lines, BLOCK_BYTES);
    let mut block = Block::default();
    while blocks.read(&mut block).map_err(failed)? {
        for (span, bytes) in block.iter() {
            match &span.broken {
                Some(broken) => take(Err(reason_of(broken).code().into_owned()))?,
                None => take(Ok(bytes))?,
            }
        }
    }
    Ok(())
}
