//! The rules of a mapping's text.

use toml_edit::{InlineTable, Item, TableLike, Value};

use super::toml::MappingText;
use crate::{
    allowed::{ITEM, Use, Uses},
    expression::Expression,
    finds::{ACTIVE, ENDED, WITHDRAWN},
    path::Path,
    rule::{
        AnswerFields, FactsFields, Finds, GroupFields, Is, RecordCondition, Rule, VenueFields,
        VersionFields,
    },
    value::{FieldRule, Origin, TemplatePart},
};

const ALWAYS: [&str; 5] = ["finds", "when", "each", "version", "keep"];
const FACTS: [&str; 4] = ["event", "group", "venue", "labels"];
const PATH: &str = "a path begins with / from the record or with ./ from the item of a list; write { value = \"…\" } for a fixed text";

const WHEN: &str = "write when = { \"/path\" = \"text\" }, with several texts in a list, true if it only has to be there, or \
                    false if it must not; of several such tables in a list one has to hold";

/// A rule being read.
pub(super) struct RuleText<'a, 't> {
    text: &'a mut MappingText<'t>,
    table: &'a dyn TableLike,
    uses: Uses,
    /// The way to the items of the list that it reads.
    each: Vec<String>,
}

impl<'a, 't> RuleText<'a, 't> {
    pub(super) fn new(text: &'a mut MappingText<'t>, table: &'a dyn TableLike) -> Self {
        Self {
            text,
            table,
            uses: Uses::default(),
            each: Vec::new(),
        }
    }

    /// The rule, if nothing is wrong with it.
    pub(super) fn read(mut self) -> Option<Rule> {
        let before = self.text.count();
        let when = self.when();
        let each = self.field_of(self.table, "each", "each", Use::Fact);
        if let Some(FieldRule {
            origin: Origin::Paths(paths),
            ..
        }) = &each
            && let [path] = &**paths
        {
            self.each.clone_from(&path.keys);
            self.each.push(ITEM.to_owned());
        }
        let version = self.version();
        let finds = self.finds();
        self.keep();
        let (version, finds) = (version?, finds?);
        (self.text.count() == before).then(|| Rule {
            when,
            each,
            version,
            finds,
            allowed: self.uses.leak(),
        })
    }

    fn finds(&mut self) -> Option<Finds> {
        let remedy =
            "write finds = \"answer\", \"event\", \"withdrawal\", \"account\" or \"other\"";
        let table = self.table;
        let Some(word) = self.text.optional(table, "finds") else {
            if table.get("finds").is_none() {
                self.missing("finds", remedy);
            }
            return None;
        };
        let known = |more: &[&'static str]| [&ALWAYS, more].concat();
        let (kind, keys) = match word {
            "answer" => (
                "an answer",
                known(&[&["identity", "person", "answer", "guests"], &FACTS[..]].concat()),
            ),
            "event" => ("an event", known(&FACTS)),
            "withdrawal" => ("a withdrawal", known(&["identity"])),
            "account" => ("an account", known(&["person", "state"])),
            "other" => ("an other record", known(&["identity", "status"])),
            _ => {
                let problem = format!("a rule cannot find {word:?}");
                self.text.at(table, "finds", problem, remedy);
                return None;
            }
        };
        self.text.known(table, kind, &keys);
        match word {
            "answer" => self.answer().map(Box::new).map(Finds::Answer),
            "event" => self.facts().map(Box::new).map(Finds::Event),
            "withdrawal" => self
                .identity()
                .map(|identity| Finds::Withdrawal { identity }),
            "account" => self.account(),
            _ => {
                let status = self.field_of(table, "status", "status", Use::Fact);
                self.identity()
                    .map(|identity| Finds::Other { identity, status })
            }
        }
    }

    fn answer(&mut self) -> Option<AnswerFields> {
        let identity = self.identity();
        let person = self.needed(self.table, "person", "person", Use::Person);
        let answer = self.needed(self.table, "answer", "answer", Use::Fact);
        if let Some(answer) = &answer {
            self.words(answer, "answer", &["yes", "no", "maybe", WITHDRAWN]);
        }
        let guests = self.field_of(self.table, "guests", "guests", Use::Fact);
        let facts = self.facts();
        Some(AnswerFields {
            identity: identity?,
            person: person?,
            answer: answer?,
            guests,
            facts: facts?,
        })
    }

    fn identity(&mut self) -> Option<FieldRule> {
        self.needed(self.table, "identity", "identity", Use::Identity)
    }

    fn account(&mut self) -> Option<Finds> {
        let person = self.needed(self.table, "person", "person", Use::Person);
        let state = self.needed(self.table, "state", "state", Use::Fact);
        if let Some(state) = &state {
            self.words(state, "state", &[ACTIVE, ENDED]);
        }
        Some(Finds::Account {
            person: person?,
            state: state?,
        })
    }

    /// What the words of a field stand for has to be one of these.
    fn words(&mut self, field: &FieldRule, key: &str, meanings: &[&str]) {
        let words = field.words.iter().flatten().map(|(_, meaning)| meaning);
        let unknown: Vec<_> = words
            .chain(&field.default)
            .filter(|meaning| !meanings.contains(&&***meaning))
            .cloned()
            .collect();
        for meaning in unknown {
            let problem = format!("no {key} is {meaning:?}");
            let remedy = format!("it is {}", meanings.join(", "));
            self.text.at(self.table, key, problem, &remedy);
        }
    }

    fn version(&mut self) -> Option<VersionFields> {
        let remedy = "write version = { time = \"/…\" }, { sequence = \"/…\" } or both: of two records with one identity \
                      the greater one is what is";
        let Some(item) = self.table.get("version") else {
            self.missing("version", remedy);
            return None;
        };
        let Some(table) = item.as_table_like() else {
            let problem = "version is no table".to_owned();
            self.text.at(self.table, "version", problem, remedy);
            return None;
        };
        self.text
            .known(table, "a version", &["time", "sequence", "live"]);
        let time = self.field_of(table, "time", "version.time", Use::Fact);
        let sequence = self.field_of(table, "sequence", "version.sequence", Use::Fact);
        if time.is_none()
            && sequence.is_none()
            && table.get("time").or(table.get("sequence")).is_none()
        {
            self.text.at(
                self.table,
                "version",
                "version has neither time nor sequence".to_owned(),
                remedy,
            );
        }
        let live = table.get("live").map(Item::as_bool);
        if live == Some(None) {
            self.text.at(
                table,
                "live",
                "live is neither true nor false".to_owned(),
                "write live = false for records that do not come as they happen",
            );
        }
        Some(VersionFields {
            time,
            sequence,
            live: live.flatten().unwrap_or(true),
        })
    }

    fn facts(&mut self) -> Option<FactsFields> {
        let event = self.part("event", &["id", "name", "url", "time"]);
        let group = self.part(
            "group",
            &["id", "name", "city", "state", "country", "lat", "lon"],
        );
        let venue = self.part("venue", &["id", "name", "lat", "lon"]);
        let labels = self.field_of(self.table, "labels", "labels", Use::Fact);
        if event.is_none() && self.table.get("event").is_none() {
            self.missing("event", "write event = { id = \"/…\" }");
        }
        if labels.is_some() && group.is_none() {
            let problem = "labels are those of a group, and there is none".to_owned();
            self.text.at(
                self.table,
                "labels",
                problem,
                "write group = { id = \"/…\" }",
            );
        }
        let group = group.and_then(|table| {
            let id = self.needed(table, "id", "group.id", Use::Fact);
            let name = self.field_of(table, "name", "group.name", Use::Fact);
            let city = self.field_of(table, "city", "group.city", Use::Fact);
            let state = self.field_of(table, "state", "group.state", Use::Fact);
            let country = self.field_of(table, "country", "group.country", Use::Fact);
            let lat = self.field_of(table, "lat", "group.lat", Use::Fact);
            let lon = self.field_of(table, "lon", "group.lon", Use::Fact);
            Some(GroupFields {
                id: id?,
                name,
                city,
                state,
                country,
                lat,
                lon,
                labels,
            })
        });
        let venue = venue.map(|table| VenueFields {
            id: self.field_of(table, "id", "venue.id", Use::Fact),
            name: self.field_of(table, "name", "venue.name", Use::Fact),
            lat: self.field_of(table, "lat", "venue.lat", Use::Fact),
            lon: self.field_of(table, "lon", "venue.lon", Use::Fact),
        });
        let event = event?;
        let id = self.needed(event, "id", "event.id", Use::Fact);
        let name = self.field_of(event, "name", "event.name", Use::Fact);
        let url = self.field_of(event, "url", "event.url", Use::Fact);
        let time = self.field_of(event, "time", "event.time", Use::Fact);
        Some(FactsFields {
            event: id?,
            name,
            url,
            time,
            group,
            venue,
        })
    }

    /// The table of a key, if it is there and is one.
    fn part(&mut self, key: &str, keys: &[&str]) -> Option<&'a dyn TableLike> {
        let table: &'a dyn TableLike = self.table;
        let item = table.get(key)?;
        let Some(part) = item.as_table_like() else {
            let remedy = format!("write {key} = {{ id = \"/…\" }}");
            self.text
                .at(table, key, format!("{key} is no table"), &remedy);
            return None;
        };
        self.text.known(part, key, keys);
        Some(part)
    }

    fn keep(&mut self) {
        let Some(item) = self.table.get("keep") else {
            return;
        };
        for path in self.paths(self.table, "keep", item).unwrap_or_default() {
            self.uses.add(&path, &self.each, Use::Kept);
        }
    }

    /// The conditions: a table, of which all have to hold, or a list of such tables, of which one has to.
    fn when(&mut self) -> Vec<Vec<RecordCondition>> {
        let table = self.table;
        let Some(item) = table.get("when") else {
            return Vec::new();
        };
        if let Some(conditions) = item.as_table_like() {
            return vec![self.conditions(conditions)];
        }
        let lists: Option<Vec<&InlineTable>> = item
            .as_array()
            .and_then(|lists| lists.iter().map(Value::as_inline_table).collect());
        let Some(lists) = lists.filter(|lists| !lists.is_empty()) else {
            let problem = "when is neither a table nor a list of tables".to_owned();
            self.text.at(table, "when", problem, WHEN);
            return Vec::new();
        };
        lists
            .into_iter()
            .map(|list| self.conditions(list))
            .collect()
    }

    fn conditions(&mut self, conditions: &dyn TableLike) -> Vec<RecordCondition> {
        let mut when = Vec::new();
        for (key, item) in conditions.iter() {
            let path = Path::parse(key).filter(|path| !path.from_item);
            let is = match item.as_value() {
                Some(Value::Boolean(truth)) if *truth.value() => Some(Is::There),
                Some(Value::Boolean(_)) => Some(Is::Absent),
                Some(Value::String(text)) => Some(Is::OneOf(vec![text.value().clone()])),
                Some(Value::Array(texts)) => texts
                    .iter()
                    .map(|text| text.as_str().map(str::to_owned))
                    .collect::<Option<_>>()
                    .map(Is::OneOf),
                _ => None,
            };
            match (path, is) {
                (Some(path), Some(is)) => {
                    // That something is there says nothing of what it is: it may be a person.
                    if matches!(is, Is::OneOf(_)) {
                        self.uses.add(&path, &[], Use::Fact);
                    }
                    when.push(RecordCondition { path, is });
                }
                (None, _) => {
                    let problem = format!("{key:?} is no path");
                    self.text
                        .at(conditions, key, problem, "a path of when begins with /");
                }
                (_, None) => {
                    let problem = format!("{key:?} is compared with no text");
                    self.text.at(conditions, key, problem, WHEN);
                }
            }
        }
        when
    }

    fn missing(&mut self, key: &str, remedy: &str) {
        let span = self.table.iter().next();
        let span = span.and_then(|(first, _)| self.table.key(first)?.span());
        self.text
            .mistake(span, format!("this rule has no {key}"), remedy);
    }

    fn needed(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        name: &str,
        what: Use,
    ) -> Option<FieldRule> {
        if table.get(key).is_none() {
            self.missing(name, &format!("write {key} = \"/…\""));
            return None;
        }
        self.field_of(table, key, name, what)
    }

    /// The field of a key, if it is there and can be read.
    fn field_of(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        name: &str,
        what: Use,
    ) -> Option<FieldRule> {
        let item = table.get(key)?;
        let field = match item.as_table_like() {
            None => FieldRule {
                origin: Origin::Paths(self.paths(table, key, item)?),
                words: None,
                default: None,
                is_tid: false,
            },
            Some(field) => self.field_table(field, (table, key), name)?,
        };
        let paths: Vec<&Path> = match &field.origin {
            Origin::Paths(paths) => paths.iter().collect(),
            Origin::Template(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    TemplatePart::Path(path) => Some(path),
                    TemplatePart::Text(_) => None,
                })
                .collect(),
            Origin::Expression(_) | Origin::Constant(_) => Vec::new(),
        };
        for path in paths {
            self.uses.add(path, &self.each, what);
        }
        Some(field)
    }

    fn field_table(
        &mut self,
        field: &dyn TableLike,
        (table, key): (&dyn TableLike, &str),
        name: &str,
    ) -> Option<FieldRule> {
        self.text.known(
            field,
            name,
            &["path", "text", "jaq", "value", "default", "words", "as"],
        );
        let ways = ["path", "text", "jaq", "value"];
        let given: Vec<_> = ways
            .into_iter()
            .filter(|way| field.get(way).is_some())
            .collect();
        let [way] = given[..] else {
            let problem = format!(
                "{name} has {} of path, text, jaq and value",
                if given.is_empty() { "none" } else { "several" }
            );
            self.text
                .at(table, key, problem, "give exactly one of them");
            return None;
        };
        let origin = match way {
            "path" => Origin::Paths(self.paths(field, way, field.get(way)?)?),
            "text" => Origin::Template(self.template(field)?),
            "jaq" => Origin::Expression(self.expression(field)?),
            _ => Origin::Constant(self.text.optional(field, "value")?.to_owned()),
        };
        let default = self.text.optional(field, "default").map(str::to_owned);
        let is_tid = self.text.optional(field, "as");
        if is_tid.is_some_and(|word| word != "tid") {
            self.text.at(
                field,
                "as",
                "a time can only be read as \"tid\"".to_owned(),
                "leave as away: other times are known by their form",
            );
        }
        Some(FieldRule {
            origin,
            words: self.word_table(field),
            default,
            is_tid: is_tid.is_some(),
        })
    }

    fn word_table(&mut self, field: &dyn TableLike) -> Option<Vec<(String, String)>> {
        let item = field.get("words")?;
        let remedy = "write words = { going = \"yes\" }";
        let Some(words) = item.as_table_like() else {
            self.text
                .at(field, "words", "words are no table".to_owned(), remedy);
            return None;
        };
        let mut table = Vec::new();
        for (word, meaning) in words.iter() {
            match meaning.as_str() {
                Some(meaning) => table.push((word.to_owned(), meaning.to_owned())),
                None => self.text.at(
                    words,
                    word,
                    format!("the word {word:?} stands for no text"),
                    remedy,
                ),
            }
        }
        Some(table)
    }

    fn expression(&mut self, field: &dyn TableLike) -> Option<Expression> {
        let code = self.text.optional(field, "jaq")?;
        match Expression::parse(code) {
            Ok(expression) => Some(expression),
            Err(problem) => {
                self.text.at(
                    field,
                    "jaq",
                    format!("the expression cannot be read: {problem}"),
                    "it may use paths, select, map and the like, but define nothing",
                );
                None
            }
        }
    }

    fn template(&mut self, field: &dyn TableLike) -> Option<Vec<TemplatePart>> {
        let text = self.text.optional(field, "text")?;
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            pieces.push(TemplatePart::Text(before.to_owned()));
            let path = after
                .split_once('}')
                .and_then(|(path, rest)| Some((Path::parse(path)?, rest)));
            let Some((path, after)) = path else {
                self.text.at(
                    field,
                    "text",
                    format!("{{{after} does not begin with a path"),
                    "write a path between braces: \"at://{/did}/{/rkey}\"",
                );
                return None;
            };
            pieces.push(TemplatePart::Path(path));
            rest = after;
        }
        pieces.push(TemplatePart::Text(rest.to_owned()));
        Some(pieces)
    }

    /// A path, or several of which the first that is there counts.
    fn paths(&mut self, table: &dyn TableLike, key: &str, item: &Item) -> Option<Vec<Path>> {
        let texts: Option<Vec<&str>> = match item.as_value() {
            Some(Value::String(text)) => Some(vec![text.value()]),
            Some(Value::Array(texts)) if !texts.is_empty() => {
                texts.iter().map(Value::as_str).collect()
            }
            _ => None,
        };
        let Some(texts) = texts else {
            self.text.at(
                table,
                key,
                format!("{key} is neither a path nor a list of paths"),
                PATH,
            );
            return None;
        };
        let mut paths = Vec::new();
        for text in &texts {
            match Path::parse(text) {
                Some(path) => paths.push(path),
                None => self
                    .text
                    .at(table, key, format!("{text:?} is no path"), PATH),
            }
        }
        (paths.len() == texts.len()).then_some(paths)
    }
}
