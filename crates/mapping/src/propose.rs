//! A mapping proposed from examples: by the names of their keys, and what stands there.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use crate::{reader::RecordReader, time::Moment, value::scalar};

/// Texts remembered of a path: an answer has few.
const TEXTS_MAX: usize = 20;
/// Paths that are looked at.
const PATHS_MAX: usize = 500;

/// What the examples have at a path.
#[derive(Default)]
struct Seen {
    count: usize,
    texts: Vec<String>,
    is_time: bool,
}

/// Gathers examples.
#[derive(Default)]
pub struct Proposal {
    records: usize,
    paths: BTreeMap<String, Seen>,
}

/// Names of keys for each field, the likelier first.
const IDENTITY: [&str; 9] = [
    "rsvp_id",
    "answer_id",
    "guest_id",
    "attendee_id",
    "ticket_id",
    "id",
    "uid",
    "slug",
    "rkey",
];
const PERSON: [&str; 11] = [
    "person",
    "email",
    "user_email",
    "member_id",
    "user_id",
    "did",
    "pubkey",
    "attendee",
    "member",
    "user",
    "name",
];
const VERSION: [&str; 12] = [
    "updated_at",
    "updated",
    "changed",
    "last_modified",
    "modified",
    "mtime",
    "timestamp",
    "time_us",
    "time",
    "created_at",
    "created",
    "date",
];
const ANSWER: [&str; 8] = [
    "response",
    "answer",
    "rsvp",
    "status",
    "partstat",
    "state",
    "approval_status",
    "says",
];
const EVENT: [&str; 5] = ["event_id", "event", "subject", "eventid", "event_slug"];
const GUESTS: [&str; 4] = ["guests", "guests_count", "plus", "guestscount"];
const EVENT_NAME: [&str; 3] = ["event_name", "event_title", "title"];
const EVENT_TIME: [&str; 5] = ["event_time", "start_at", "starts_at", "start", "start_date"];

/// What people write for an answer.
const WORDS: [(&str, &[&str]); 4] = [
    (
        "no",
        &[
            "no", "not", "declin", "cancel", "void", "absen", "reject", "false",
        ],
    ),
    (
        "maybe",
        &[
            "maybe",
            "interest",
            "tentativ",
            "pending",
            "wait",
            "unsure",
            "incomplete",
        ],
    ),
    ("withdrawn", &["delet", "withdraw", "removed"]),
    (
        "yes",
        &[
            "yes", "going", "attend", "accept", "approv", "confirm", "complete", "valid", "active",
            "true", "paid", "in",
        ],
    ),
];

impl Proposal {
    /// Looks at an example.
    pub fn look_at(&mut self, record: &Value) {
        self.records += 1;
        self.walk(record, &mut String::new(), 0);
    }

    fn walk(&mut self, value: &Value, path: &mut String, depth: usize) {
        match value {
            Value::Object(members) if depth < 6 => {
                for (key, value) in members {
                    let length = path.len();
                    let _ = write!(path, "/{}", key.replace('~', "~0").replace('/', "~1"));
                    self.walk(value, path, depth + 1);
                    path.truncate(length);
                }
            }
            Value::Null | Value::Object(_) | Value::Array(_) => {}
            one => {
                if self.paths.len() >= PATHS_MAX && !self.paths.contains_key(path) {
                    return;
                }
                let seen = self.paths.entry(path.clone()).or_default();
                seen.count += 1;
                seen.is_time |= Moment::of(one).is_some();
                let text = scalar(one).unwrap_or_default();
                if seen.texts.len() < TEXTS_MAX && !seen.texts.iter().any(|it| *it == text) {
                    seen.texts.push(text.into_owned());
                }
            }
        }
    }

    /// The likeliest path for a field: one with a likely name, that most records have, and that is not deep.
    fn best(&self, names: &[&str], fits: impl Fn(&Seen) -> bool) -> Option<&str> {
        let rank = |path: &str| {
            let parts: Vec<String> = path[1..].split('/').map(str::to_lowercase).collect();
            let last = parts.last()?;
            let pair = parts[parts.len().saturating_sub(2)..].join("_");
            let name = names
                .iter()
                .position(|name| pair == *name || last == name)?;
            Some((name, parts.len()))
        };
        let likely = self.paths.iter().filter(|(_, seen)| fits(seen));
        let ranked = likely.filter_map(|(path, seen)| {
            let is_rare = seen.count * 2 < self.records;
            Some((is_rare, rank(path)?, path))
        });
        ranked.min().map(|(.., path)| &**path)
    }

    /// The text of a mapping, with what nobody could tell left to be written.
    #[must_use]
    pub fn text(&self, name: &str, reader: RecordReader) -> String {
        let any = |_: &Seen| true;
        let few = |seen: &Seen| seen.texts.len() < TEXTS_MAX;
        let mut used = Vec::new();
        let mut text = format!(
            "mapping = 1\nname = {name:?}\nabout = \"Proposed from {} records: look at every line\"\n",
            self.records
        );
        if reader != RecordReader::Json {
            let _ = writeln!(text, "reader = {:?}", reader.name());
        }
        text.push_str("\n[[rule]]\nfinds = \"answer\"\n");
        let answer = self.best(&ANSWER, few);
        let event = self.best(&EVENT, any);
        let person = self.best(&PERSON, any);
        let identity = self.best(&IDENTITY, |seen| seen.texts.len() > 1 || self.records == 1);
        let lines = [
            ("person", person.map(|path| format!("{path:?}"))),
            (
                "guests",
                self.best(&GUESTS, any).map(|path| format!("{path:?}")),
            ),
        ];
        used.extend([answer, event, person, identity, self.best(&GUESTS, any)]);
        let identity = match (identity, person, event) {
            (Some(path), ..) => format!("{path:?}"),
            // One person answers to one event once.
            (None, Some(person), Some(event)) => {
                format!("{{ text = \"{{{event}}}/{{{person}}}\" }}")
            }
            _ => "\"/FILL-IN\" # what tells one answer from another".to_owned(),
        };
        let _ = writeln!(text, "identity = {identity}");
        for (key, value) in lines {
            match value {
                Some(value) => drop(writeln!(text, "{key} = {value}")),
                None if key == "person" => text.push_str("person = \"/FILL-IN\" # who answers\n"),
                None => {}
            }
        }
        let version = self.best(&VERSION, |seen| seen.is_time);
        used.push(version);
        match version {
            Some(path) => drop(writeln!(
                text,
                "version = {{ time = {path:?} }} # the greater one is what is"
            )),
            None => text.push_str(
                "version = { time = \"/FILL-IN\" } # when it was said; or sequence = \"/…\"\n",
            ),
        }
        let facts = [
            ("id", event),
            ("name", self.best(&EVENT_NAME, any)),
            ("time", self.best(&EVENT_TIME, |seen| seen.is_time)),
        ];
        used.extend(facts.map(|(_, path)| path));
        let facts = facts.map(|(key, path)| match (key, path) {
            (key, Some(path)) => Some(format!("{key} = {path:?}")),
            ("id", None) => Some("id = \"/FILL-IN\"".to_owned()),
            _ => None,
        });
        let facts: Vec<_> = facts.into_iter().flatten().collect();
        let _ = writeln!(text, "event = {{ {} }}", facts.join(", "));
        self.write_answer(answer, &mut text);
        self.write_rest(&used, &mut text);
        text
    }

    fn write_answer(&self, answer: Option<&str>, text: &mut String) {
        text.push_str("[rule.answer]\n");
        let Some(path) = answer else {
            text.push_str(
                "path = \"/FILL-IN\" # what is answered\n[rule.answer.words]\ngoing = \"yes\"\n",
            );
            return;
        };
        let _ = writeln!(text, "path = {path:?}\n[rule.answer.words]");
        let mut words: Vec<&String> = self.paths[path].texts.iter().collect();
        words.sort();
        for word in words {
            let small = word.to_lowercase();
            let guess = WORDS
                .iter()
                .find(|(_, parts)| parts.iter().any(|part| small.contains(part)));
            match guess {
                Some((meaning, _)) => drop(writeln!(text, "{word:?} = {meaning:?}")),
                None => drop(writeln!(
                    text,
                    "{word:?} = \"maybe\" # a guess: yes, no, maybe or withdrawn"
                )),
            }
        }
    }

    fn write_rest(&self, used: &[Option<&str>], text: &mut String) {
        let rest = self
            .paths
            .keys()
            .filter(|path| !used.contains(&Some(&***path)));
        let rest: Vec<_> = rest.collect();
        if !rest.is_empty() {
            text.push_str(
                "\n# Also there, kept masked unless a field or keep = [\"/…\"] names it:\n",
            );
        }
        for path in rest {
            let _ = writeln!(text, "#   {path}");
        }
    }
}
