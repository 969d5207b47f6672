//! The real recordings give exactly the right numbers, counted and kept.
#![allow(clippy::unwrap_used)]

mod support;

use std::{fs, path::Path};

use serde_json::{Value, json};
use support::*;

/// Answers to one event in a file each: enough that a file which is overtaken by the next one is met in most runs.
const ANSWERS: u64 = 2_000;

const RECORDINGS: [&str; 5] = [
    "2015-03-08.ndjson",
    "2017-03-19.ndjson",
    "2017-03-19-damaged.ndjson",
    "2017-05-07.ndjson",
    "2018-05-20-pretty.json",
];

#[test]
fn count_equals_golden() {
    let Some(data) = recordings() else { return };
    for name in RECORDINGS {
        for threads in ["1", "2", "3"] {
            let file = data.join("rsvps").join(name);
            let found = run_json(
                headcount()
                    .args(["count", "--json", "--threads", threads])
                    .arg(file),
            );
            assert_golden(&found, &golden(&data, name), &[]);
            assert_eq!(found["ledger"]["balanced"], true);
        }
    }
    let files = UNDAMAGED.map(|name| data.join("rsvps").join(name));
    let found = run_json(headcount().args(["count", "--json"]).args(files));
    assert_golden(&found, &golden(&data, "merged"), &[]);
}

/// An answer without what may depend on the number of partitions: how far each has been read.
fn whole(mut answer: Value) -> Value {
    answer["as_of"]
        .as_object_mut()
        .unwrap()
        .remove("offsets")
        .unwrap();
    answer
}

#[test]
fn an_answer_is_one_object_however_many_partitions_there_are() {
    let Some(data) = recordings() else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["2015-03-08.ndjson", "2017-03-19-damaged.ndjson"] {
        let file = data.join("rsvps").join(name);
        let counted = |threads: &str| {
            let threads = ["count", "--json", "--threads", threads];
            whole(run_json(headcount().args(threads).arg(&file)))
        };
        let one = counted("1");
        for partitions in ["2", "3", "5", "8", "16"] {
            assert_eq!(counted(partitions), one, "{name}: {partitions} threads");
        }
        for partitions in ["1", "2", "3", "5", "8", "16"] {
            // With people as they are, so that the digest is the same too.
            let kept = folder.path().join(format!("{name}-{partitions}"));
            let import = ["import", "--keep-people", "--partitions", partitions];
            run(headcount().args(import).arg("--data").arg(&kept).arg(&file));
            let found = whole(summary(&kept));
            assert_eq!(found, one, "{name}: {partitions} partitions");
        }
    }
}

#[test]
fn first_import_and_summary_equal_golden_and_the_second_changes_nothing() {
    let Some(data) = recordings() else { return };
    let together = UNDAMAGED.map(|name| data.join("rsvps").join(name)).to_vec();
    let cases = RECORDINGS
        .iter()
        .map(|name| (*name, vec![data.join("rsvps").join(name)]))
        .chain([("merged", together)]);
    for (name, files) in cases {
        let kept = tempfile::tempdir().unwrap();
        let import = || {
            run_json(
                headcount()
                    .args(["import", "--json", "--data"])
                    .arg(kept.path())
                    .args(&files),
            )
        };
        import();
        let first = summary(kept.path());
        assert_golden(&first, &golden(&data, name), &[]);
        verify(kept.path());
        assert_eq!(import()["kept"], 0, "{name}: a second time");
        assert_eq!(
            summary(kept.path()),
            first,
            "{name}: not even the journal's end may move"
        );
    }
}

#[test]
fn a_file_is_known_by_its_content() {
    let Some(data) = recordings() else { return };
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("data");
    let original = data.join("rsvps/2017-05-07.ndjson");
    let renamed = folder.path().join("another-name.txt");
    fs::copy(&original, &renamed).unwrap();
    let import = |file: &Path| {
        run_json(
            headcount()
                .args(["import", "--json", "--data"])
                .arg(&kept)
                .arg(file),
        )["kept"]
            .clone()
    };
    assert_eq!(import(&original), 156);
    assert_eq!(import(&renamed), 0);
}

#[test]
fn order_repetition_sources_and_partitions_change_nothing() {
    let Some(data) = recordings() else { return };
    let mut random = Random::new();
    let name = "2017-03-19.ndjson";
    let lines = lines_of(&data.join("rsvps").join(name));
    let folder = tempfile::tempdir().unwrap();
    let recording = data.join("rsvps").join(name);
    let in_order = run_json(headcount().args(["count", "--json"]).arg(recording));
    for partitions in ["1", "2", "4"] {
        let mut shuffled: Vec<&String> = lines.iter().cycle().take(lines.len() * 3).collect();
        random.shuffle(&mut shuffled);
        let half = shuffled.len() / 2;
        let files: Vec<_> = [&shuffled[..half], &shuffled[half..]]
            .iter()
            .enumerate()
            .map(|(at, part)| {
                let file = folder.path().join(format!("{partitions}-{at}.ndjson"));
                let text: Vec<&str> = part.iter().map(|line| line.as_str()).collect();
                fs::write(&file, text.join("\n")).unwrap();
                format!("file:{}", file.display())
            })
            .collect();
        // Two sources at once, each with a half of three shuffled repetitions.
        let kept = folder.path().join(format!("data-{partitions}"));
        let process = Process::run(&kept, &files, &["--partitions", partitions]);
        let want = (lines.len() * 3) as u64;
        process.wait_until("everything is counted", |process| {
            process.summary()["records"] == want
        });
        let live = process.summary();
        assert_golden(&live, &golden(&data, name), &ORDERED);
        for member in [
            "/trends",
            "/minutes",
            "/ledger/late",
            "/ledger/ahead",
            "/as_of/stream_time",
        ] {
            assert_eq!(live.pointer(member), in_order.pointer(member), "{member}");
        }
        assert_eq!(live["ledger"]["balanced"], true);
        assert_eq!(live["ledger"]["sources"].as_object().unwrap().len(), 2);
        process.stop();
        assert_golden(&summary(&kept), &golden(&data, name), &ORDERED);
        verify(&kept);
    }
}

#[test]
fn the_other_feed_has_its_golden_answers() {
    let Some(data) = recordings() else { return };
    for (name, golden) in golden(&data, "open_events").as_object().unwrap() {
        let file = data.join("open_events").join(name);
        let found = run_json(headcount().args(["count", "--json"]).arg(file));
        for member in ["records", "unique", "by_status"] {
            assert_eq!(
                found["feeds"]["open_events"][member], golden[member],
                "{name}: {member}"
            );
        }
        assert_eq!(found["malformed"], golden["malformed"], "{name}");
        assert_eq!(found["rsvps"], 0, "{name}");
    }
}

#[test]
fn the_seeds_venues_are_counted_once() {
    let Some(data) = recordings() else { return };
    let kept = tempfile::tempdir().unwrap();
    let file = format!("file:{}", data.join("rsvps/2017-03-19.ndjson").display());
    let process = Process::run(kept.path(), &[file], &[]);
    process.wait_until("everything is counted", |process| {
        process.summary()["records"] == 1541
    });
    let (status, body) = get(process.address, "/api/data");
    assert_eq!(status, 200);
    let venues: Vec<Value> = serde_json::from_str(&body).unwrap();
    let count = |name: &str| {
        venues
            .iter()
            .find(|venue| venue["venue_name"] == name)
            .map(|venue| venue["count"].clone())
    };
    // Published as 14 and 12.
    assert_eq!(count("Launch 22"), Some(6.into()));
    assert_eq!(count("Klarna TLV"), Some(4.into()));
    // The recording has venues without a place; the feed writes them at 0, 0.
    let (placed, unknown): (Vec<_>, Vec<_>) =
        venues.iter().partition(|venue| !venue["lat"].is_null());
    assert!(!placed.is_empty() && !unknown.is_empty());
    assert!(unknown.iter().all(|venue| venue["lon"].is_null()));
    for venue in placed {
        let place = [&venue["lat"], &venue["lon"]].map(|degrees| degrees.as_str().unwrap());
        assert_ne!(place, ["0", "0"], "{venue}");
    }
}

#[test]
fn files_are_taken_in_their_order_down_to_their_last_record() {
    let folder = tempfile::tempdir().unwrap();
    // Every answer is newer than the one before: two that change places are seen, for the older is ignored then.
    let files: Vec<_> = (0..ANSWERS)
        .map(|number| {
            let record = json!({
                "response": "yes", "guests": 0, "rsvp_id": 1, "mtime": 1_489_924_800_001_u64 + 1_000 * number,
                "member": {"member_id": 1}, "event": {"event_id": "e"},
                "group": {"group_id": 1, "group_country": "no"},
            });
            let file = folder.path().join(format!("{number:04}.ndjson"));
            fs::write(&file, format!("{record}\n")).unwrap();
            file
        })
        .collect();
    let kept = folder.path().join("kept");
    run(headcount()
        .args(["import", "--data"])
        .arg(&kept)
        .args(&files));
    let right = json!({"new": 1, "replaced": ANSWERS - 1});
    let kinds = summary(&kept)["kinds"].clone();
    for (kind, count) in right.as_object().unwrap() {
        assert_eq!(&kinds[kind], count, "{kinds}");
    }
}
