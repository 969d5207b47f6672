//! A TOML text whose mistakes are gathered.

use std::ops::Range;

use toml_edit::{Item, TableLike};

use crate::mistake::{Mistake, Mistakes};

/// A text, and what is wrong with it so far.
pub(super) struct MappingText<'t> {
    source: &'t str,
    mistakes: Vec<Mistake>,
}

impl<'t> MappingText<'t> {
    pub(super) fn new(source: &'t str) -> Self {
        Self {
            source,
            mistakes: Vec::new(),
        }
    }

    /// How many mistakes have been found.
    pub(super) fn count(&self) -> usize {
        self.mistakes.len()
    }

    /// All of them, in the order of their lines.
    pub(super) fn mistakes(mut self) -> Mistakes {
        self.mistakes.sort_by_key(|mistake| mistake.line);
        Mistakes(self.mistakes)
    }

    /// Notes a mistake; without a span it is one of the whole text.
    pub(super) fn mistake(&mut self, span: Option<Range<usize>>, problem: String, remedy: &str) {
        let before = span.map_or("", |span| &self.source[..span.start.min(self.source.len())]);
        self.mistakes.push(Mistake {
            line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
            problem,
            remedy: remedy.to_owned(),
        });
    }

    /// Notes a mistake at a key of a table.
    pub(super) fn at(&mut self, table: &dyn TableLike, key: &str, problem: String, remedy: &str) {
        let span = table.key(key).and_then(toml_edit::Key::span);
        let of_value = || table.get(key).and_then(Item::span);
        self.mistake(span.or_else(of_value), problem, remedy);
    }

    /// Notes every key that a table of this kind does not take.
    pub(super) fn known(&mut self, table: &dyn TableLike, kind: &str, keys: &[&str]) {
        let unknown: Vec<String> = table
            .iter()
            .map(|(key, _)| key.to_owned())
            .filter(|key| !keys.contains(&&**key))
            .collect();
        for key in unknown {
            let remedy = format!("it takes {}", keys.join(", "));
            self.at(table, &key, format!("{kind} has no {key}"), &remedy);
        }
    }

    /// Notes a version of the format that is not this one.
    pub(super) fn version(&mut self, root: &dyn TableLike, format: i64) {
        let remedy = format!("write mapping = {format} in the first line");
        match root.get("mapping") {
            None => self.mistake(None, "it does not say its version".to_owned(), &remedy),
            Some(item) if item.as_integer() == Some(format) => {}
            Some(_) => {
                let problem = "it is of a version that this headcount does not read".to_owned();
                self.at(root, "mapping", problem, &remedy);
            }
        }
    }

    /// The text of a key, if it is there and is one.
    pub(super) fn optional<'a>(&mut self, table: &'a dyn TableLike, key: &str) -> Option<&'a str> {
        let item = table.get(key)?;
        let text = item.as_str();
        if text.is_none() {
            self.at(
                table,
                key,
                format!("{key} is no text"),
                "put it between quotes",
            );
        }
        text
    }
}
