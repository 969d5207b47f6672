//! Sources and the stand-in, with a peer that is not ours at each end.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use support::*;

fn recording() -> Option<(PathBuf, Value)> {
    let data = recordings()?;
    let name = "2017-05-07.ndjson";
    Some((data.join("rsvps").join(name), golden(&data, name)))
}

/// Lets a process count until it has as many RSVPs and as many of them `yes` as is right.
fn count_live(process: &Process, right: &Value) {
    process.wait_until("everything is counted", |process| {
        let found = process.summary();
        found["rsvps"] == right["rsvps"]
            && found["yes"] == right["yes"]
            && found["heads"] == right["heads"]
    });
    let found = process.summary();
    assert_golden(&found, right, &ORDERED);
    assert_eq!(found["ledger"]["balanced"], true);
}

#[test]
fn the_stand_in_over_http_and_websocket_gives_golden_answers() {
    let Some(data) = recordings() else { return };
    for name in [
        "2015-03-08.ndjson",
        "2017-03-19-damaged.ndjson",
        "2018-05-20-pretty.json",
    ] {
        let file = data.join("rsvps").join(name);
        let right = golden(&data, name);
        let server = Process::stream(&[
            "--recording",
            file.to_str().unwrap(),
            "--speed",
            "max",
            "--once",
        ]);
        for scheme in ["http", "ws"] {
            let kept = tempfile::tempdir().unwrap();
            let source = [format!("{scheme}://{}/2/rsvps", server.address)];
            let process = Process::run(kept.path(), &source, &[]);
            count_live(&process, &right);
            process.stop();
            verify(kept.path());
        }
    }
}

#[test]
fn a_server_of_another_make_that_hangs_up_leaves_a_gap_record() {
    let Some((file, right)) = recording() else {
        return;
    };
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peer"));
    let server = Process::peer(
        Command::new("node")
            .current_dir(folder)
            .arg("server.mjs")
            .arg(&file)
            .arg("60"),
    );
    let kept = tempfile::tempdir().unwrap();
    let source = [format!("ws://{}/", server.address)];
    let process = Process::run(kept.path(), &source, &[]);
    count_live(&process, &right);
    let found = process.summary();
    assert_eq!(found["ledger"]["gaps"], 1, "{}", found["ledger"]);
    process.stop();
    let kept_gaps = summary(kept.path())["ledger"]["gaps"].clone();
    assert_eq!(kept_gaps, 1, "the gap is durable");
    verify(kept.path());
}

#[test]
fn an_old_client_reads_the_stand_in_unchanged() {
    let Some((file, right)) = recording() else {
        return;
    };
    let server = Process::stream(&[
        "--recording",
        file.to_str().unwrap(),
        "--speed",
        "max",
        "--once",
    ]);
    // What a client of 2013 does: open the URL, read lines, parse each that is not empty.
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(
        stream,
        "GET /2/rsvps HTTP/1.1\r\nHost: stream.meetup.com\r\nUser-Agent: curl/7.30\r\n\r\n"
    )
    .unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("HTTP/1.1 200"));
    let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let has = |field: &str| head.iter().any(|line| line.eq_ignore_ascii_case(field));
    assert!(has("transfer-encoding: chunked"), "{head:?}");
    assert!(
        has("content-type: application/json; charset=utf-8"),
        "{head:?}"
    );
    let mut ids = std::collections::HashSet::new();
    let want = right["records"].as_u64().unwrap();
    for seen in 0..want {
        // One object a chunk: its length, the object with its line end, an empty line.
        let length = usize::from_str_radix(&lines.next().unwrap(), 16).unwrap();
        let line = lines.next().unwrap();
        assert_eq!(
            length,
            line.len() + 1,
            "record {seen} is a chunk of its own"
        );
        assert!(line.contains("\\/"), "slashes are escaped as they were");
        assert_eq!(lines.next().unwrap(), "");
        let record: Value = serde_json::from_str(&line).unwrap();
        ids.insert(record["rsvp_id"].as_u64().unwrap());
    }
    assert_eq!(ids.len() as u64, right["rsvps"].as_u64().unwrap());
}

#[test]
fn standard_input_is_a_source() {
    let Some((file, right)) = recording() else {
        return;
    };
    let found = run_json(
        headcount()
            .args(["count", "--json", "-"])
            .stdin(std::fs::File::open(&file).unwrap()),
    );
    assert_golden(&found, &right, &[]);
}

#[test]
fn a_replay_has_the_same_answer() {
    let Some((file, right)) = recording() else {
        return;
    };
    let kept = tempfile::tempdir().unwrap();
    let process = Process::run(
        kept.path(),
        &[format!("file:{}?speed=100000", file.display())],
        &[],
    );
    count_live(&process, &right);
    process.stop();
}

#[test]
fn the_simulation_goes_on_where_it_was() {
    let kept = tempfile::tempdir().unwrap();
    let source = ["sim:?rate=400&seed=7&start=1704067200000".to_owned()];
    let mut counted = 0;
    for last in [false, false, false, true] {
        let process = Process::run(kept.path(), &source, &[]);
        process.wait_until("more is counted", |process| {
            process.summary()["records"].as_u64().unwrap() > counted + 300
        });
        // A kill may leave what one partition has of the last batch and the other has not yet.
        if last {
            process.stop();
        } else {
            process.kill();
        }
        counted = summary(kept.path())["records"].as_u64().unwrap();
        verify(kept.path());
    }
    // Exactly once: what is kept is what the simulator writes, from its first record on.
    let file = kept.path().join("same.ndjson");
    run(headcount()
        .args([
            "simulate",
            "--records",
            &counted.to_string(),
            "--seed",
            "7",
            "--rate",
            "400",
        ])
        .arg(&file));
    let right = run_json(headcount().args(["count", "--json"]).arg(&file));
    let found = summary(kept.path());
    for member in [
        "records", "rsvps", "yes", "no", "heads", "kinds", "events", "members",
    ] {
        assert_eq!(found[member], right[member], "{member}");
    }
}

#[test]
fn the_archive_alone_gives_the_same_answer() {
    let Some(data) = recordings() else { return };
    let folder = tempfile::tempdir().unwrap();
    let name = "2017-03-19.ndjson";
    let right = golden(&data, name);
    let source = format!("file:{}", data.join("rsvps").join(name).display());
    let process = Process::run(folder.path(), &[source], &["--partitions", "2"]);
    process.wait_until("it has counted everything", |process| {
        process.summary()["rsvps"] == right["rsvps"]
    });
    process.stop();
    let lake = folder.path().join("lake");
    let again = run_json(headcount().args(["rebuild", "--json", "--from"]).arg(lake));
    // Also the digest and the ledger.
    assert_eq!(again, summary(folder.path()));
    assert_golden(&again, &right, &[]);
}
