//! Records of other platforms through the whole program, by the mappings that it has: what is counted in memory, from the
//! journal, and by a process that runs is what was counted by hand.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use support::*;

/// The mappings with examples, their files, and what was counted in these by hand.
fn examples() -> Vec<(String, PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mapping/examples");
    let mut all = Vec::new();
    for mapping in fs::read_dir(folder).unwrap() {
        let mapping = mapping.unwrap().path();
        let name = mapping.file_name().unwrap().to_str().unwrap().to_owned();
        let expected = fs::read(mapping.join("expected.json")).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        for (file, expected) in expected.as_object().unwrap() {
            // Frames of a relay are lists, and what a file holds in a list is a record each.
            if file == "relay.jsonl" {
                continue;
            }
            all.push((name.clone(), mapping.join(file), expected.clone()));
        }
    }
    assert!(all.len() > 3);
    all
}

#[track_caller]
fn assert_counted(found: &Value, expected: &Value, what: &Path) {
    for name in ["yes", "no", "maybe", "guests", "events", "members"] {
        // Nobody said maybe where nothing is said of it.
        let found = found[name].as_u64().unwrap_or(0);
        assert_eq!(found, expected[name], "{name} of {}", what.display());
    }
    let refused = expected["refused"].as_object().unwrap();
    let refused: u64 = refused.values().filter_map(Value::as_u64).sum();
    assert_eq!(found["malformed"], refused, "{}", what.display());
    let ledger = &found["ledger"];
    assert_eq!(ledger["balanced"], true, "{}: {ledger}", what.display());
}

#[test]
fn in_memory_in_a_journal_and_replayed_it_is_what_was_counted_by_hand() {
    for (at, (mapping, file, expected)) in examples().into_iter().enumerate() {
        let partitions = ["1", "3", "8"][at % 3];
        let in_memory = run_json(
            headcount()
                .args([
                    "count",
                    "--json",
                    "--threads",
                    partitions,
                    "--mapping",
                    &mapping,
                ])
                .arg(&file),
        );
        assert_counted(&in_memory, &expected, &file);

        let kept = tempfile::tempdir().unwrap();
        let import = |people: &[&str]| {
            run(headcount()
                .args(["import", "--partitions", partitions, "--mapping", &mapping])
                .args(people)
                .arg("--data")
                .arg(kept.path())
                .arg(&file)
                .stdout(Stdio::null()));
        };
        let people: &[&str] = if at % 2 == 0 { &["--keep-people"] } else { &[] };
        import(people);
        let from_journal = summary(kept.path());
        assert_counted(&from_journal, &expected, &file);
        if at % 2 == 0 {
            assert_eq!(
                from_journal["digest"],
                in_memory["digest"],
                "{}",
                file.display()
            );
        }
        verify(kept.path());
        import(people);
        assert_eq!(
            summary(kept.path()),
            from_journal,
            "the same content again changes nothing"
        );
        run(headcount()
            .args(["rebuild", "--data"])
            .arg(kept.path())
            .stdout(Stdio::null()));
        assert_eq!(summary(kept.path()), from_journal);
    }
}

#[test]
fn each_source_of_a_process_has_its_own_mapping() {
    let data = tempfile::tempdir().unwrap();
    let chosen = ["made.jsonl", "events.jsonl", "answers.csv"];
    let chosen: Vec<_> = examples()
        .into_iter()
        .filter(|(_, file, _)| chosen.iter().any(|name| file.ends_with(name)))
        .collect();
    let sources: Vec<String> = chosen
        .iter()
        .map(|(mapping, file, _)| format!("file:{}?mapping={mapping}", file.display()))
        .collect();
    let sum = |name: &str| -> u64 {
        let all = chosen
            .iter()
            .map(|(_, _, expected)| expected[name].as_u64().unwrap());
        all.sum()
    };
    let process = Process::run(data.path(), &sources, &[]);
    process.wait_until("everything is counted", |process| {
        let found = process.summary();
        ["yes", "no", "maybe", "guests", "events", "members"]
            .iter()
            .all(|name| found[*name] == sum(name))
    });
    assert_eq!(process.summary()["malformed"], 1);
    process.stop();
    verify(data.path());
    // Started again it reads nothing twice, and knows what its journal holds.
    let process = Process::run(data.path(), &sources, &[]);
    process.wait_until("it is ready", |process| process.is_ready());
    let found = process.summary();
    assert_eq!(found["yes"], sum("yes"));
    process.stop();
}

#[test]
fn a_mapping_of_ones_own_is_read_with_all_its_mistakes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mapping, records) = (
        folder.path().join("mine.toml"),
        folder.path().join("records"),
    );
    fs::write(
        &records,
        "{\"who\":\"ann\",\"says\":\"in\",\"at\":1795244400,\"e\":1}\n{\"x\":1}\n",
    )
    .unwrap();
    let text = "mapping = 1\nname = \"Mine\"\n[[rule]]\nfinds = \"answer\"\nidentity = \"who\"\n\
                person = \"/who\"\nversion = { time = \"/at\" }\nanswer = { path = \"/says\", words = { in = \"da\" } }\n\
                event = { id = \"/e\", titel = \"/e\" }\n";
    fs::write(&mapping, text).unwrap();
    let count = || {
        let mut command = headcount();
        command
            .args(["count", "--json", "--mapping"])
            .arg(&mapping)
            .arg(&records);
        command
    };
    let refused = count().output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    for line in ["line 2: ", "line 5: ", "line 8: ", "line 9: "] {
        assert!(said.contains(line), "{said}");
    }
    let text = text
        .replace("Mine", "mine")
        .replace("\"who\"", "\"/who\"")
        .replace("da", "yes")
        .replace("titel", "name");
    fs::write(&mapping, text).unwrap();
    let found = run_json(&mut count());
    assert_eq!((&found["yes"], &found["malformed"]), (&1.into(), &1.into()));
    let rejected = &found["ledger"]["rejected"];
    assert!(
        rejected.to_string().contains("missing_field:version"),
        "{}",
        found["ledger"]
    );
}

#[test]
fn trying_says_record_by_record_what_became_of_it_and_why_not() {
    let sheet = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mapping/examples/sheet/answers.csv");
    let tried = || {
        let mut command = headcount();
        command.args(["mapping", "try", "sheet"]).arg(&sheet);
        command
    };
    let said = String::from_utf8(run(&mut tried()).stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("1: answer by rule 1: {"), "{said}");
    assert!(lines[5].starts_with("6: withdrawal by rule 1: {"), "{said}");
    assert!(
        lines[7].contains("refused by rule 1: unknown_enum:answer"),
        "{said}"
    );
    assert_eq!(lines[8], "8 records: 7 lines found, 1 refused");
    let json = String::from_utf8(run(tried().arg("--json")).stdout).unwrap();
    let lines: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[1]["line"]["answer"]["response"], "no");
    assert_eq!(lines[7]["reason"], "unknown_enum:answer");
}

#[test]
fn what_is_proposed_from_examples_is_a_mapping() {
    let folder = tempfile::tempdir().unwrap();
    for (at, (_, file, _)) in examples().into_iter().enumerate() {
        let said = run(headcount().args(["mapping", "init"]).arg(&file)).stdout;
        let mapping = folder.path().join(format!("{at}.toml"));
        fs::write(&mapping, said).unwrap();
        run(headcount()
            .args(["mapping", "try", "--json"])
            .arg(&mapping)
            .arg(&file)
            .stdout(Stdio::null()));
    }
    // Of plain records nothing is left to be filled in.
    let records = folder.path().join("plain.jsonl");
    let lines = r#"{"id":1,"email":"a@x","updated_at":"2026-11-21T07:00:00Z","status":"going","event":{"id":"e","title":"Tea"}}
{"id":2,"email":"b@x","updated_at":"2026-11-21T07:01:00Z","status":"not going","event":{"id":"e","title":"Tea"}}
"#;
    fs::write(&records, lines).unwrap();
    let said = run(headcount().args(["mapping", "init"]).arg(&records)).stdout;
    let mapping = folder.path().join("plain.toml");
    assert!(!String::from_utf8_lossy(&said).contains("FILL-IN"));
    fs::write(&mapping, said).unwrap();
    let found = run_json(
        headcount()
            .args(["count", "--json", "--mapping"])
            .arg(&mapping)
            .arg(&records),
    );
    assert_eq!(
        (&found["yes"], &found["no"], &found["events"]),
        (&1.into(), &1.into(), &1.into())
    );
}

#[test]
fn every_mapping_is_listed_and_shown_as_it_is_read() {
    let listed = run_json(headcount().args(["mapping", "list", "--json"]));
    let names: Vec<&str> = listed["mappings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mapping| mapping["name"].as_str().unwrap())
        .collect();
    let shipped = [
        "atproto",
        "eventbrite",
        "hievents",
        "ical",
        "luma",
        "meetup",
        "nostr",
        "pretix",
        "sheet",
        "tickettailor",
        "tito",
    ];
    assert_eq!(names, shipped);
    for name in names {
        let text = run(headcount().args(["mapping", "show", name])).stdout;
        assert!(
            String::from_utf8(text)
                .unwrap()
                .contains(&format!("name = {name:?}"))
        );
    }
}
