//! A mapping: its rules, and what they make of records.

use std::{borrow::Cow, sync::Arc};

use headcount_record::{
    MAX_BYTES, MAX_DEPTH, Mapped, MappedLine, MappedSchema, Masking, Reason, Schema,
};
use serde_json::Value;

use crate::{file, mistake::Mistakes, path::RecordPlace, reader::RecordReader, rule::Rule};

/// Items that one record may hold: more are no record of one order or one event.
const ITEMS_MAX: usize = 10_000;

/// Turns the records of a source into lines that are kept and counted.
#[derive(Debug)]
pub struct Mapping {
    name: String,
    about: String,
    reader: RecordReader,
    schema: MappedSchema,
    rules: Vec<Rule>,
}

/// What a mapping made of a record, or of one item in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingOutcome {
    /// The line to keep, or why there is none.
    pub line: Result<Vec<u8>, Reason>,
    /// Which rule read it, from 0.
    pub rule: Option<usize>,
    /// In one word: `answer`, `event`, `withdrawal`, `account` or `other`; empty if it was refused.
    pub what: &'static str,
    /// Values of the record that were masked because no rule uses them and the mapping does not keep them.
    pub blanked: u64,
}

impl Mapping {
    /// The mapping of a text.
    ///
    /// # Errors
    /// All mistakes of the text.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        let file::Parsed {
            name,
            about,
            reader,
            rules,
        } = file::parse(text)?;
        let schema = MappedSchema::new(&name, text).expect("the name has been looked at");
        Ok(Self {
            name,
            about,
            reader,
            schema,
            rules,
        })
    }

    /// Its name, which is part of the names of its feeds.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for, in a sentence.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// How what it reads becomes JSON.
    #[must_use]
    pub const fn reader(&self) -> RecordReader {
        self.reader
    }

    /// The schema of the lines that it makes.
    #[must_use]
    pub fn schema(&self) -> Arc<dyn Schema> {
        Arc::new(self.schema.clone())
    }

    /// What it makes of a record: one line, or one for each item of the list that the rule reads. It never makes nothing
    /// of a record.
    ///
    /// The first line holds the record too, with everything masked in it that the rules do not use and the mapping does
    /// not keep.
    #[must_use]
    pub fn read(&self, bytes: &[u8], masking: &Masking) -> Vec<MappingOutcome> {
        let record = match parse(bytes) {
            Ok(record) => record,
            Err(reason) => return vec![refused(reason, None)],
        };
        let mut rules = self.rules.iter().enumerate();
        let Some((at, rule)) = rules.find(|(_, rule)| rule.fits(&record)) else {
            return vec![refused(Reason::Unmapped, None)];
        };
        let whole = RecordPlace {
            record: &record,
            item: &record,
        };
        let items = match &rule.each {
            None => vec![Cow::Borrowed(&record)],
            Some(each) => match each.list(whole, "each") {
                Ok(items) if items.is_empty() => {
                    return vec![refused(Reason::MissingField("each"), Some(at))];
                }
                Ok(items) if items.len() > ITEMS_MAX => {
                    return vec![refused(Reason::Range("each"), Some(at))];
                }
                Ok(items) => items,
                Err(reason) => return vec![refused(reason, Some(at))],
            },
        };
        let mut kept = false;
        let found = |item: Cow<'_, Value>| {
            let place = RecordPlace {
                record: &record,
                item: &item,
            };
            let line = rule.find(place, masking);
            let line = match line {
                Ok(line) => line,
                Err(reason) => return refused(reason, Some(at)),
            };
            // Once is enough.
            let record = (!std::mem::replace(&mut kept, true)).then_some(bytes);
            keep(&line, record, rule, masking).map_or_else(
                |reason| refused(reason, Some(at)),
                |(bytes, blanked)| MappingOutcome {
                    line: Ok(bytes),
                    rule: Some(at),
                    what: word_of(&line.what),
                    blanked,
                },
            )
        };
        items.into_iter().map(found).collect()
    }
}

/// The line with the record, masked.
fn keep(
    line: &MappedLine,
    record: Option<&[u8]>,
    rule: &Rule,
    masking: &Masking,
) -> Result<(Vec<u8>, u64), Reason> {
    let Some(record) = record else {
        return Ok((line.to_bytes(None), 0));
    };
    let mut masked = Vec::with_capacity(record.len());
    let blanked = masking.copy(record.trim_ascii(), rule.allowed, &mut masked)?;
    Ok((line.to_bytes(Some(&masked)), blanked))
}

fn parse(bytes: &[u8]) -> Result<Value, Reason> {
    // The line around it needs room for itself.
    if bytes.len() > MAX_BYTES / 2 {
        return Err(Reason::TooBig);
    }
    let record: Value = serde_json::from_slice(bytes).map_err(|_| match str::from_utf8(bytes) {
        Ok(_) => Reason::BadJson,
        Err(_) => Reason::BadUtf8,
    })?;
    if !matches!(record, Value::Object(_) | Value::Array(_)) {
        return Err(Reason::BadJson);
    }
    // It is kept within a line, one level deeper.
    if depth(&record) >= MAX_DEPTH {
        return Err(Reason::TooDeep);
    }
    Ok(record)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

const fn refused(reason: Reason, rule: Option<usize>) -> MappingOutcome {
    MappingOutcome {
        line: Err(reason),
        rule,
        what: "",
        blanked: 0,
    }
}

const fn word_of(what: &Mapped) -> &'static str {
    match what {
        Mapped::Answer(_) => "answer",
        Mapped::Event(_) => "event",
        Mapped::Withdrawal { .. } => "withdrawal",
        Mapped::Account { .. } => "account",
        Mapped::Other { .. } => "other",
    }
}
