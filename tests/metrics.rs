//! `/metrics` of a running program: what every room declares is there, with help, a standard name and closed labels.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::Path,
};

use serde_json::json;
use support::*;

/// Where rooms declare what they count.
const DECLARED: [&str; 3] = [
    "journal/src/metrics.rs",
    "lake/src/archive/metrics.rs",
    "headcount/src/metrics.rs",
];
const DECLARED_WITH_CASSANDRA: &str = "serving/src/cassandra/metrics.rs";

/// What stands in `/metrics` of one name.
#[derive(Debug, Default)]
struct Shown {
    help: String,
    kind: String,
    /// By the name and the labels of the sample.
    samples: BTreeMap<String, f64>,
}

fn shown(process: &Process) -> BTreeMap<String, Shown> {
    let (status, text) = get(process.address, "/metrics");
    assert_eq!(status, 200);
    let mut families: BTreeMap<String, Shown> = BTreeMap::new();
    let mut last = String::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("# HELP ") {
            let (name, help) = line.split_once(' ').unwrap();
            last = name.to_owned();
            let family = Shown {
                help: help.to_owned(),
                ..Shown::default()
            };
            assert!(
                families.insert(last.clone(), family).is_none(),
                "{name} stands there twice"
            );
        } else if let Some(line) = line.strip_prefix("# TYPE ") {
            let (name, kind) = line.split_once(' ').unwrap();
            assert_eq!(name, last, "a type without its help");
            families.get_mut(name).unwrap().kind = kind.to_owned();
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(sample.starts_with(&last), "{line} is not of {last}");
            let value = value.parse().unwrap();
            let samples = &mut families.get_mut(&last).unwrap().samples;
            assert!(samples.insert(sample.to_owned(), value).is_none(), "{line}");
        }
    }
    families
}

/// The names in the sources of rooms.
fn declared() -> BTreeSet<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = DECLARED.to_vec();
    if cfg!(feature = "cassandra") {
        files.push(DECLARED_WITH_CASSANDRA);
    }
    let texts = files
        .iter()
        .map(|file| fs::read_to_string(crates.join(file)).unwrap());
    let is_name = |word: &&str| word.starts_with("headcount_") && !word.contains(' ');
    let names = |text: String| {
        let words = text.split('"').filter(is_name).map(ToOwned::to_owned);
        words.collect::<Vec<_>>()
    };
    texts.flat_map(names).collect()
}

fn rsvp(id: u64, event: &str, name: &str) -> String {
    let record = json!({
        "rsvp_id": id, "response": "yes", "guests": 0, "mtime": 1_489_925_470_960_u64 + id,
        "visibility": "public", "member": { "member_id": id, "member_name": "Ann" },
        "event": { "event_id": event, "event_name": "NAME" },
        "group": { "group_id": id, "group_country": "us", "group_city": event, "group_topics": [] }
    });
    record.to_string().replace("NAME", name) + "\n"
}

/// The value of a sample, 0 when it is not there.
fn value(families: &BTreeMap<String, Shown>, family: &str, sample: &str) -> f64 {
    let found = families
        .get(family)
        .and_then(|shown| shown.samples.get(sample));
    found.copied().unwrap_or(0.0)
}

#[test]
fn what_rooms_count_is_shown_with_help_and_as_many_series_as_declared() {
    let folder = tempfile::tempdir().unwrap();
    let (process, mut input) = Process::run_fed(headcount(), folder.path(), &[]);
    process.wait_until("the server is ready", |process| process.is_ready());
    let before = shown(&process);
    let declared = declared();
    assert!(declared.len() > 15, "{declared:?}");
    for name in &declared {
        assert!(
            before.contains_key(name),
            "{name} is not shown at the start"
        );
    }

    // One record for the complete decoder, one that is no record, and many of things nobody has seen.
    input
        .write_all(rsvp(1, "e1", r"half \ud83d").as_bytes())
        .unwrap();
    input.write_all(b"Ann Example, 5 Main St\n").unwrap();
    for id in 2..200 {
        input
            .write_all(rsvp(id, &format!("event{id}"), "whole").as_bytes())
            .unwrap();
    }
    input.flush().unwrap();
    process.wait_until("all is counted", |process| {
        value(
            &shown(process),
            "headcount_rsvps",
            "headcount_rsvps{response=\"yes\"}",
        ) == 199.0
    });
    let after = shown(&process);
    let of = |family: &str, labels: &str| value(&after, family, &format!("{family}{labels}"));
    for stage in ["ingest", "process"] {
        let fallbacks = of(
            "headcount_decode_fallbacks_total",
            &format!("{{stage=\"{stage}\"}}"),
        );
        // What was repaired is plain for those who read the journal.
        let expected = f64::from(u8::from(stage == "ingest"));
        assert!(fallbacks >= expected, "{stage}: {fallbacks}");
    }
    assert_eq!(
        of("headcount_records_repaired_total", "{source=\"-\"}"),
        1.0
    );
    assert!(of("headcount_journal_committed_entries_total", "") >= 200.0);
    assert!(of("headcount_journal_committed_bytes_total", "") > 200.0 * 100.0);
    let commits = &after["headcount_journal_commit_seconds"].samples;
    assert!(commits["headcount_journal_commit_seconds_count{backend=\"segments\"}"] >= 1.0);
    assert!(commits["headcount_journal_commit_seconds_sum{backend=\"segments\"}"] > 0.0);
    for queue in [
        "headcount_journal_queue_batches",
        "headcount_journal_queue_bytes",
        "headcount_ingest_queue_batches",
    ] {
        assert_eq!(of(queue, ""), 0.0, "{queue} is empty when all is counted");
    }

    // Labels of rooms do not come from the data.
    for name in &declared {
        let series = |families: &BTreeMap<String, Shown>| {
            families[name]
                .samples
                .keys()
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(series(&before), series(&after), "{name}");
    }
    for (name, family) in &after {
        let Shown {
            help,
            kind,
            samples,
        } = family;
        assert!(help.ends_with('.') && help.len() > 10, "{name}: {help}");
        assert!(
            help.chars().next().unwrap().is_ascii_alphanumeric(),
            "{name}: {help}"
        );
        assert_eq!(
            name.ends_with("_total"),
            kind == "counter",
            "{name}: {kind}"
        );
        assert_eq!(
            name.ends_with("_seconds"),
            name.contains("_seconds") && !name.contains("_seconds_"),
            "{name}"
        );
        assert!(kind != "histogram" || name.ends_with("_seconds"), "{name}");
        let is_declared = declared.contains(name);
        assert!(!(is_declared && samples.is_empty()), "{name} has no sample");
    }
    drop(input);
    process.stop();
}
