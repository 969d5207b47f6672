//! Reading the text of a mapping: all of its mistakes at once, each with its line and the way out.

mod fields;
mod toml;

use std::collections::HashSet;

use headcount_record::MappedSchema;
use toml_edit::TableLike;

use self::{fields::RuleText, toml::MappingText};
use crate::{mistake::Mistakes, reader::RecordReader, rule::Rule};

/// The version of the format.
const FORMAT: i64 = 1;

pub(crate) struct Parsed {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) reader: RecordReader,
    pub(crate) rules: Vec<Rule>,
}

/// Reads a mapping.
pub(crate) fn parse(source: &str) -> Result<Parsed, Mistakes> {
    let mut text = MappingText::new(source);
    let document = match toml_edit::Document::parse(source) {
        Ok(document) => document,
        Err(error) => {
            let problem = error.message().lines().collect::<Vec<_>>().join(" ");
            let problem = format!("it is no TOML: {problem}");
            text.mistake(error.span(), problem, "mend what is there first");
            return Err(text.mistakes());
        }
    };
    let root: &dyn TableLike = document.as_table();
    text.known(
        root,
        "a mapping",
        &["mapping", "name", "about", "reader", "unused", "rule"],
    );
    text.version(root, FORMAT);
    let name = name(&mut text, root);
    let about = text.optional(root, "about").unwrap_or_default().to_owned();
    let reader = reader(&mut text, root);
    let rules = rules(&mut text, root);
    let mistakes = text.mistakes();
    if mistakes.0.is_empty() {
        return Ok(Parsed {
            name,
            about,
            reader,
            rules,
        });
    }
    Err(mistakes)
}

fn name(text: &mut MappingText<'_>, root: &dyn TableLike) -> String {
    let remedy = "write name = \"…\" with 1 to 40 lower-case letters, digits and -";
    let Some(name) = text.optional(root, "name") else {
        if root.get("name").is_none() {
            text.mistake(None, "it has no name".to_owned(), remedy);
        }
        return String::new();
    };
    if MappedSchema::new(name, "").is_none() {
        text.at(root, "name", format!("{name:?} is no name"), remedy);
    }
    name.to_owned()
}

fn reader(text: &mut MappingText<'_>, root: &dyn TableLike) -> RecordReader {
    let Some(word) = text.optional(root, "reader") else {
        return RecordReader::Json;
    };
    RecordReader::of(word).unwrap_or_else(|| {
        let problem = format!("there is no reader {word:?}");
        text.at(root, "reader", problem, "write json, csv or ical");
        RecordReader::Json
    })
}

fn rules(text: &mut MappingText<'_>, root: &dyn TableLike) -> Vec<Rule> {
    let tables = root.get("rule").and_then(|it| it.as_array_of_tables());
    let Some(tables) = tables else {
        let remedy = "begin one with [[rule]] and finds = \"answer\"";
        match root.get("rule") {
            None => text.mistake(None, "it has no rule".to_owned(), remedy),
            Some(_) => text.at(root, "rule", "rule is no list of tables".to_owned(), remedy),
        }
        return Vec::new();
    };
    let mut seen = HashSet::new();
    let mut rules = Vec::new();
    for table in tables {
        let before = text.count();
        let rule = RuleText::new(text, table).read();
        rules.extend(rule);
        // A rule without a condition reads everything that reaches it.
        if before == text.count() && !seen.insert("all") {
            text.mistake(
                table.span(),
                "no record reaches this rule, for one above it has no when".to_owned(),
                "give that one a when, or move it to the end",
            );
        }
        if table.get("when").is_some() {
            seen.remove("all");
        }
    }
    rules
}
