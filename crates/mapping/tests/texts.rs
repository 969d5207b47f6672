//! The texts of mappings: every mistake at once, with its line and the way out; and whatever comes, nothing panics.

use std::fs;

use headcount_mapping::{Mapping, shipped};
use headcount_record::{Masking, PeopleKey};
use proptest::prelude::*;

#[test]
fn twenty_mistakes_are_twenty_sentences() {
    let text = r#"mapping = 2
name = "My mapping"
reader = "xml"
colour = "red"

[[rule]]
finds = "answer"
when = { "type" = "a", "/x" = 5 }
identity = "id"
person = { path = "/p", value = "x" }
version = { clock = "/t" }
answer = { path = "/a", words = { going = "sure" } }
guests = 7
event = { name = "/n" }
labels = "/l"
venue = "/place"

[[rule]]
finds = "party"

[[rule]]
finds = "event"
version = { time = { path = "/t", as = "uuid" }, live = "no" }
event = { id = { text = "{oops}" }, url = { jaq = "def f: f; f" } }

[[rule]]
identity = "/id"
"#;
    let mistakes = Mapping::parse(text).expect_err("it is full of them").0;
    let said = |line: usize, part: &str| {
        let found = mistakes
            .iter()
            .any(|it| it.line == line && it.problem.contains(part) && !it.remedy.is_empty());
        assert!(found, "line {line}: {part} is not among {mistakes:#?}");
    };
    for (line, part) in [
        (1, "version"),
        (2, "no name"),
        (3, "no reader"),
        (4, "no colour"),
        (8, "\"type\" is no path"),
        (8, "compared with no text"),
        (9, "\"id\" is no path"),
        (10, "several of path"),
        (11, "no clock"),
        (11, "neither time nor sequence"),
        (12, "no answer is \"sure\""),
        (13, "neither a path"),
        (14, "no event.id"),
        (15, "labels are those of a group"),
        (16, "venue is no table"),
        (19, "cannot find \"party\""),
        (23, "\"tid\""),
        (23, "neither true nor false"),
        (24, "begin with a path"),
        (24, "cannot be read"),
        (27, "no finds"),
    ] {
        // A mistake of what is missing stands where its rule begins.
        let line = if part.contains("no event.id") {
            7
        } else {
            line
        };
        said(line, part);
    }
    assert!(mistakes.is_sorted_by_key(|mistake| mistake.line));
}

#[test]
fn what_is_no_toml_and_what_no_record_reaches_is_said() {
    let line_of = |text: &str| Mapping::parse(text).expect_err("a mistake").0[0].line;
    assert_eq!(line_of("mapping = 1\nname = \"a\"\nrule = ["), 3);
    let all = "[[rule]]\nfinds = \"other\"\nidentity = \"/a\"\nversion = { time = \"/t\" }\n";
    let text = format!("mapping = 1\nname = \"a\"\n{all}{all}");
    let mistakes = Mapping::parse(&text).expect_err("the second is not reached");
    assert!(
        mistakes.to_string().contains("no record reaches"),
        "{mistakes}"
    );
    for text in ["", "mapping = 1", "mapping = 1\nname = \"a\""] {
        assert!(Mapping::parse(text).is_err());
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let words = [
        "commit",
        "payload",
        "did",
        "kind",
        "tags",
        "type",
        "data",
        "attendees",
        "id",
        "event",
        "status",
        "5",
        "a",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        prop::sample::select(words.to_vec()).prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let key = prop::sample::select(words.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(key, inner, 0..6).prop_map(|members| members
                .into_iter()
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_a_record_becomes_something(record in any_json(), bytes in any::<Vec<u8>>()) {
        let masking = Masking::People(PeopleKey::new([3; 16]));
        for known in shipped() {
            let mapping = known.mapping();
            for bytes in [&bytes, &record.to_string().into_bytes()] {
                let found = mapping.read(bytes, &masking);
                prop_assert!(!found.is_empty(), "a record may not vanish");
                for line in found.into_iter().filter_map(|found| found.line.ok()) {
                    prop_assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
                }
            }
        }
    }

    #[test]
    fn a_text_that_was_cut_or_changed_is_read_or_refused(at in any::<prop::sample::Index>(), cut in any::<bool>(), letter in any::<char>()) {
        for known in shipped() {
            let places: Vec<usize> = known.text.char_indices().map(|(at, _)| at).collect();
            let (before, after) = known.text.split_at(places[at.index(places.len())]);
            let changed = if cut { before.to_owned() } else { format!("{before}{letter}{after}") };
            if let Err(mistakes) = Mapping::parse(&changed) {
                prop_assert!(!mistakes.0.is_empty());
                let lines = 1 + changed.lines().count();
                prop_assert!(mistakes.0.iter().all(|it| (1..=lines).contains(&it.line)));
            }
        }
    }
}

#[test]
fn every_mapping_has_a_page() {
    for known in shipped() {
        let page = format!(
            "{}/../../docs/streams/{}.md",
            env!("CARGO_MANIFEST_DIR"),
            known.name
        );
        let page = fs::read_to_string(&page).expect("a page");
        assert!(
            page.contains(&format!("`{}`", known.name)),
            "{}",
            known.name
        );
    }
}
