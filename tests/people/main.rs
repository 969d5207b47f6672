//! Nobody's name, photo, address or id gets in by any way, or is shown.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod inputs;
mod shapes;
#[path = "../support/mod.rs"]
mod support;

use std::{fs, path::Path, process::Command};

use serde_json::Value;
use shapes::{NUMBER, Shape, TEXT, rsvp, shapes};
use support::*;

/// The id of an RSVP after all shapes: when it is counted, they are.
const LAST: u64 = 9000;

const FEEDS: [&str; 5] = [
    "rsvps",
    "open_events",
    "photos",
    "event_comments",
    "open_venues",
];

/// All shapes, and an RSVP behind them.
fn messages() -> Vec<Shape> {
    let mut messages = shapes(1000);
    messages.push(Shape {
        what: "the last",
        bytes: rsvp(LAST).to_string().into_bytes(),
        is_record: true,
    });
    messages
}

/// The messages one a line.
fn lines(messages: &[Shape]) -> Vec<u8> {
    let lines: Vec<&[u8]> = messages.iter().map(|shape| &*shape.bytes).collect();
    [&lines.join(&b'\n'), &b"\n"[..]].concat()
}

/// Asserts that no marker stands in what `what` is.
#[track_caller]
fn assert_nobody(what: &str, bytes: &[u8]) {
    for marker in [TEXT, NUMBER] {
        let found = bytes
            .windows(marker.len())
            .position(|window| window.eq_ignore_ascii_case(marker.as_bytes()));
        let around = |at: usize| &bytes[at.saturating_sub(300)..bytes.len().min(at + 60)];
        let found = found.map(|at| String::from_utf8_lossy(around(at)).into_owned());
        assert_eq!(found, None, "{what} holds {marker}");
    }
}

/// Every file below a folder, unpacked.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "zst") {
            let unpacked = run(Command::new("zstd").arg("-dc").arg(&path)).stdout;
            all.push((path.display().to_string(), unpacked));
        } else {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    all
}

/// Asserts that nobody is in a data folder, nor in what commands say of it, and that everything else is: every
/// record, and a dead letter for everything else.
#[track_caller]
fn assert_kept_without_people(data: &Path, messages: &[Shape]) {
    let kept = files(data);
    for (file, bytes) in &kept {
        assert_nobody(file, bytes);
    }
    let lake: Vec<u8> = kept
        .iter()
        .filter(|(file, _)| {
            FEEDS
                .iter()
                .any(|feed| file.contains(&format!("feed={feed}/")))
        })
        .flat_map(|(_, bytes)| bytes.clone())
        .collect();
    let lake = String::from_utf8(lake).unwrap();
    let records = messages.iter().filter(|shape| shape.is_record).count();
    assert_eq!(lake.lines().count(), records, "{lake}");
    for name in ["London", "Chess Club", "Town Hall", "openevent1"] {
        assert!(lake.contains(name), "{name} is nobody's");
    }
    for command in [
        &["summary", "--json"][..],
        &["summary"],
        &["dead-letters", "list", "--json"],
    ] {
        let output = run(headcount().args(command).arg("--data").arg(data));
        assert_nobody(command[0], &output.stdout);
        assert_nobody(command[0], &output.stderr);
    }
    let ledger = &summary(data)["ledger"];
    assert_eq!(ledger["balanced"], true);
    assert!(ledger["blanked"].as_u64() > Some(100), "{ledger}");
    verify(data);
}

#[test]
fn nobody_gets_in_with_an_import() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("all.ndjson"), folder.path().join("data"));
    let messages = messages();
    fs::write(&file, lines(&messages)).unwrap();
    let key = data.join("people.key");
    let import = |data: &Path, more: &[&str]| {
        let mut command = headcount();
        command
            .env("HEADCOUNT_LOG", "debug")
            .args(["import", "--data"])
            .arg(data);
        run(command.args(more).arg(&file))
    };
    let output = import(&data, &[]);
    assert_nobody("what import prints", &output.stdout);
    assert_nobody("what import logs", &output.stderr);
    assert_kept_without_people(&data, &messages);
    let refused = refused_lines(&data);
    for (shape, line) in messages.iter().zip(1..) {
        // What is broken may be taken together with the line before it.
        assert!(
            !shape.is_record || !refused.contains(&line),
            "{}",
            shape.what
        );
    }
    assert!(
        files(&data)
            .iter()
            .any(|(_, bytes)| holds(bytes, "well played"))
    );

    // The same search finds people where they are kept.
    let open = folder.path().join("open");
    import(&open, &["--keep-people"]);
    for marker in [TEXT, NUMBER] {
        assert!(
            files(&open).iter().any(|(_, bytes)| holds(bytes, marker)),
            "{marker}"
        );
    }
    assert_eq!(summary(&open)["ledger"]["blanked"], 0);

    // Texts go where they are to go, and change no count.
    let quiet = folder.path().join("quiet");
    import(
        &quiet,
        &["--mask-texts", "--people-key", key.to_str().unwrap()],
    );
    assert_kept_without_people(&quiet, &messages);
    assert!(
        !files(&quiet)
            .iter()
            .any(|(_, bytes)| holds(bytes, "well played"))
    );
    assert_eq!(summary(&quiet), summary(&data));
    let mut both = headcount();
    both.args(["import", "--keep-people", "--mask-texts", "--data"])
        .arg(&quiet)
        .arg(&file);
    assert_eq!(both.output().unwrap().status.code(), Some(64));
}

/// The lines of the file that have a dead letter.
fn refused_lines(data: &Path) -> Vec<u64> {
    let output = run(headcount()
        .args(["dead-letters", "list", "--json", "--data"])
        .arg(data));
    let letters = String::from_utf8(output.stdout).unwrap();
    letters
        .lines()
        .map(|letter| {
            let letter: Value = serde_json::from_str(letter).unwrap();
            let place = letter["place"].as_str().unwrap();
            let number = place.split(' ').nth(1);
            number.and_then(|number| number.parse().ok()).expect(place)
        })
        .collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn an_archive_that_is_imported_again_counts_alike() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("all.ndjson"), folder.path().join("data"));
    fs::write(&file, lines(&messages())).unwrap();
    run(headcount().args(["import", "--data"]).arg(&data).arg(&file));
    let import = |into: &Path| {
        let archive = FEEDS.map(|feed| data.join(format!("lake/raw/feed={feed}")));
        run(headcount()
            .args(["import", "--data"])
            .arg(into)
            .args(archive));
    };
    let again = folder.path().join("again");
    import(&again);
    let (first, second) = (summary(&data), summary(&again));
    for figure in [
        "rsvps", "yes", "no", "heads", "members", "events", "groups", "kinds",
    ] {
        assert_eq!(first[figure], second[figure], "{figure}");
    }
    assert_eq!(
        second["ledger"]["blanked"], 0,
        "all of it was masked before"
    );
    // With the same key a member is the same member, masked once or twice.
    let members = first["members"].clone();
    import(&data);
    assert_eq!(summary(&data)["members"], members);
}

#[test]
fn everything_that_the_feeds_are_known_to_send_is_on_the_lists() {
    let folder = tempfile::tempdir().unwrap();
    let simulated = folder.path().join("simulated.ndjson");
    run(headcount()
        .args(["simulate", "--records", "2000", "--seed", "1"])
        .arg(&simulated));
    let mut files = vec![simulated];
    if let Some(data) = recordings() {
        files.push(data.join("rsvps/2017-05-07.ndjson"));
        files.push(data.join("rsvps/2018-05-20-pretty.json"));
        files.push(data.join("open_events/2016-11-08.ndjson"));
        files.push(data.join("open_events/2015-03-07-curl-i.txt"));
    }
    for (file, at) in files.iter().zip(0..) {
        let data = folder.path().join(format!("data{at}"));
        run(headcount().args(["import", "--data"]).arg(&data).arg(file));
        let ledger = &summary(&data)["ledger"];
        assert!(ledger["kept"].as_u64() > Some(100), "{ledger}");
        assert_eq!(ledger["blanked"], 0, "{}", file.display());
    }
}

#[test]
fn nobody_gets_in_while_it_runs_nor_is_shown() {
    for input in inputs::ALL {
        let messages: Vec<Shape> = messages()
            .into_iter()
            .filter_map(|shape| input.of(shape))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        eprintln!("{}", input.name());
        let shown = input.run(folder.path(), &messages);
        for (what, bytes) in &shown {
            assert!(!bytes.is_empty(), "{what} was looked at");
            assert_nobody(&format!("{}: {what}", input.name()), bytes);
        }
        assert_kept_without_people(&folder.path().join("data"), &messages);
    }
}
