//! Records that are not Meetup's through the whole program: text ids, `interested`, whole seconds, no groups, and the
//! facts of an event in a record of their own. Answers must equal a plain count, whatever the way and the order.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::*;

const CALENDAR: &str = "calendar 1";
/// 2026-11-21, in seconds since 1970.
const START: u64 = 1_795_245_000;
const EVENTS: u64 = 12;
const PEOPLE: u64 = 60;
const KILLS: usize = 2;

fn ours() -> Command {
    let mut command = headcount();
    command.env("HEADCOUNT_TEST_SCHEMA", CALENDAR);
    command
}

/// A record, and what a plain count needs of it.
#[derive(Clone)]
struct Line {
    json: Value,
    event: u64,
    /// Who answers; none of the facts of an event.
    person: Option<u64>,
    sequence: u64,
}

/// Records in any order, some of them twice. No two have one sequence number, so the later one is the one that counts.
fn stream(random: &mut Random) -> Vec<Line> {
    let mut lines: Vec<Line> = (0..extent(600, 3_000))
        .map(|sequence| {
            let event = random.below(EVENTS);
            let uri = format!("at://did:plc:organiser/event/{event}");
            // Several records have one time: then the sequence number decides.
            let time = START + sequence / 4;
            // Nobody ever tells the facts of the last event.
            if random.below(8) == 0 && event + 1 < EVENTS {
                let place = random.below(3);
                let json = json!({
                    "collection": "event", "uri": uri, "time": time, "sequence": sequence,
                    "name": format!("Tea & data {}", random.below(4)),
                    "place": { "name": format!("P{place}"), "lat": 51.5 + place as f64, "lon": 19.25 },
                });
                return Line { json, event, person: None, sequence };
            }
            let person = random.below(PEOPLE);
            let status = ["going", "interested", "notgoing"][random.below(3) as usize];
            let json = json!({
                "collection": "rsvp", "did": format!("did:plc:{person}"), "rkey": "3n2skgembnc2x", "time": time,
                "sequence": sequence, "status": status, "subject": uri,
            });
            Line { json, event, person: Some(person), sequence }
        })
        .collect();
    let again: Vec<Line> = (0..lines.len() / 5)
        .map(|_| lines[random.below(lines.len() as u64) as usize].clone())
        .collect();
    lines.extend(again);
    random.shuffle(&mut lines);
    lines
}

/// The answer of a plain count.
fn counted(lines: &[Line]) -> Value {
    let mut winners: BTreeMap<(u64, Option<u64>), &Line> = BTreeMap::new();
    for line in lines {
        let winner = winners.entry((line.event, line.person)).or_insert(line);
        if line.sequence > winner.sequence {
            *winner = line;
        }
    }
    let mut statuses: BTreeMap<&str, u64> = BTreeMap::new();
    let mut going: BTreeMap<u64, u64> = BTreeMap::new();
    let (mut people, mut places) = (BTreeSet::new(), BTreeSet::new());
    for ((event, person), line) in &winners {
        let Some(person) = person else { continue };
        let status = line.json["status"].as_str().unwrap();
        *statuses.entry(status).or_default() += 1;
        *going.entry(*event).or_default() += u64::from(status == "going");
        people.insert(person);
        if let Some(facts) = winners.get(&(*event, None)) {
            places.insert(facts.json["place"]["name"].as_str().unwrap());
        }
    }
    let mut first: Vec<_> = going
        .iter()
        .map(|(event, yes)| (format!("at://did:plc:organiser/event/{event}"), *yes))
        .filter(|(_, yes)| *yes > 0)
        .collect();
    first.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    first.truncate(10);
    let of = |status: &str| statuses.get(status).copied().unwrap_or_default();
    let (yes, maybe, no) = (of("going"), of("interested"), of("notgoing"));
    let newest = lines
        .iter()
        .map(|line| line.json["time"].as_u64().unwrap())
        .max();
    json!({
        "rsvps": yes + maybe + no, "yes": yes, "no": no, "maybe": maybe, "heads": yes, "guests": 0,
        "events": going.len(), "venues": places.len(), "members": people.len(),
        "countries": 0, "groups": 0, "cities": 0, "topics": 0,
        "by_country": { "unknown": { "yes": yes, "no": no, "maybe": maybe, "heads": yes } },
        "top_events_yes": first,
        // Of a whole second, which Meetup would have taken for a record that is re-sent.
        "stream_time": newest.unwrap() * 1000 - 10_000,
    })
}

#[track_caller]
fn assert_counted(found: &Value, right: &Value) {
    for (name, value) in right.as_object().unwrap() {
        let found = match name.as_str() {
            "stream_time" => &found["as_of"]["stream_time"],
            _ => &found[name],
        };
        assert_eq!(found, value, "{name}");
    }
    assert_eq!(found["ledger"]["balanced"], true, "{}", found["ledger"]);
    assert_eq!(found["malformed"], 0);
    assert!(
        found["feeds"]["calendar-rsvps"]["unique"] == right["rsvps"],
        "{}",
        found["feeds"]
    );
}

fn write(folder: &Path, name: &str, lines: &[Line]) -> String {
    let file = folder.join(name);
    let text: String = lines
        .iter()
        .map(|line| format!("{}\n", line.json))
        .collect();
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// Waits until a process has the right counts, and checks the rest.
fn await_counted(process: &Process, right: &Value) -> Value {
    process.wait_until("it is ready", |process| process.is_ready());
    process.wait_until("everything is counted", |process| {
        let found = process.summary();
        ["rsvps", "yes", "maybe", "venues"]
            .iter()
            .all(|name| found[*name] == right[*name])
            && found["as_of"]["stream_time"] == right["stream_time"]
    });
    let found = process.summary();
    assert_counted(&found, right);
    found
}

#[test]
fn files_in_memory_in_a_journal_and_replayed_are_a_plain_count() {
    let mut random = Random::new();
    let folder = tempfile::tempdir().unwrap();
    let mut lines = stream(&mut random);
    let right = counted(&lines);
    let mut digests = BTreeSet::new();
    for (order, partitions) in ["1", "2", "5", "8"].iter().enumerate() {
        random.shuffle(&mut lines);
        let file = write(folder.path(), &format!("{order}.ndjson"), &lines);
        let in_memory = run_json(ours().args(["count", "--json", "--threads", partitions, &file]));
        assert_counted(&in_memory, &right);
        digests.insert(in_memory["digest"].to_string());

        let kept = tempfile::tempdir().unwrap();
        run(ours()
            .args([
                "import",
                "--keep-people",
                "--partitions",
                partitions,
                "--data",
            ])
            .arg(kept.path())
            .arg(&file)
            .stdout(Stdio::null()));
        // Whoever reads the journal is told by the journal what its records are.
        let from_journal = summary(kept.path());
        assert_counted(&from_journal, &right);
        digests.insert(from_journal["digest"].to_string());
        verify(kept.path());
        run(headcount()
            .args(["rebuild", "--data"])
            .arg(kept.path())
            .stdout(Stdio::null()));
        assert_eq!(summary(kept.path()), from_journal);
    }
    assert_eq!(
        digests.len(),
        1,
        "order, partitions and the way make no difference"
    );
}

#[test]
fn people_are_masked_and_counted_all_the_same() {
    let lines = stream(&mut Random::new());
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "lines.ndjson", &lines);
    let kept = tempfile::tempdir().unwrap();
    run(ours()
        .args(["import", "--data"])
        .arg(kept.path())
        .arg(&file)
        .stdout(Stdio::null()));
    assert_counted(&summary(kept.path()), &counted(&lines));
    for segment in walk(&kept.path().join("journal")) {
        let bytes = fs::read(segment).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!((0..PEOPLE).all(|person| !text.contains(&format!("\"did:plc:{person}\""))));
    }
}

/// All files below a folder.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| walk(folder)));
    files
}

#[test]
fn a_websocket_of_another_make_and_kills_give_a_plain_count() {
    let mut random = Random::new();
    let lines = stream(&mut random);
    let right = counted(&lines);
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "lines.ndjson", &lines);
    let peer = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peer"));
    let server = Process::peer(
        Command::new("node")
            .current_dir(peer)
            .arg("server.mjs")
            .arg(&file),
    );
    let kept = tempfile::tempdir().unwrap();
    let source = [format!("ws://{}/", server.address)];
    let run = |sources: &[String]| {
        Process::run_with(ours(), kept.path(), sources, &["--partitions", "2"])
    };
    // The server tells every record once, so all of them are waited for before the first kill. Then a file tells them
    // again, while the process is killed.
    let process = run(&source);
    await_counted(&process, &right);
    process.kill();
    verify(kept.path());
    for _ in 0..KILLS {
        let process = run(&[format!("file:{file}")]);
        let until = Instant::now() + Duration::from_millis(random.below(700));
        wait_until("the moment has come", || Instant::now() >= until);
        process.kill();
    }
    let process = run(&[format!("file:{file}")]);
    await_counted(&process, &right);
    process.stop();
    assert_counted(&summary(kept.path()), &right);
    verify(kept.path());
}

#[test]
fn a_journal_has_records_of_both_and_tells_them_apart() {
    let Some(data) = recordings() else { return };
    let name = "2017-03-19.ndjson";
    let (meetups, right) = (data.join("rsvps").join(name), golden(&data, name));
    let lines = stream(&mut Random::new());
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "lines.ndjson", &lines);
    let kept = tempfile::tempdir().unwrap();
    for (mut command, file) in [(headcount(), meetups), (ours(), file.into())] {
        let import = command
            .args(["import", "--partitions", "4", "--data"])
            .arg(kept.path());
        run(import.arg(file).stdout(Stdio::null()));
    }
    let (found, ours) = (summary(kept.path()), counted(&lines));
    let sum = |name: &str| right[name].as_u64().unwrap() + ours[name].as_u64().unwrap();
    for name in ["rsvps", "yes", "no", "heads", "events", "venues", "members"] {
        assert_eq!(found[name], sum(name), "{name}");
    }
    for name in ["countries", "groups", "cities", "topics"] {
        assert_eq!(found[name], right[name], "{name}");
    }
    assert_eq!(found["maybe"], ours["maybe"]);
    assert_eq!(found["by_country"]["us"], right["by_country"]["us"]);
    assert_eq!(
        found["by_country"]["unknown"],
        ours["by_country"]["unknown"]
    );
    verify(kept.path());
}

#[cfg(feature = "kafka")]
#[test]
fn a_journal_on_kafka_gives_a_plain_count() {
    let mut lines = stream(&mut Random::new());
    let right = counted(&lines);
    let kafka = headcount_test_servers::Kafka::shared();
    for partitions in ["1", "4"] {
        let folder = tempfile::tempdir().unwrap();
        Random::new().shuffle(&mut lines);
        let file = write(folder.path(), "lines.ndjson", &lines);
        let journal = format!(
            "kafka://{}/schemas{}x{partitions}",
            kafka.bootstrap(),
            std::process::id()
        );
        let lake = folder.path().join("lake").display().to_string();
        let more = [
            "--journal",
            &journal,
            "--lake",
            &lake,
            "--worker",
            "w",
            "--partitions",
            partitions,
        ];
        let source = [format!("file:{file}")];
        let run = || Process::run_with(ours(), &folder.path().join("w"), &source, &more);
        let process = run();
        await_counted(&process, &right);
        process.kill();
        // Another process counts the same from what is there.
        let process = run();
        await_counted(&process, &right);
        process.stop();
        let archived = run_json(headcount().args(["rebuild", "--json", "--from", &lake]));
        assert_counted(&archived, &right);
    }
}
