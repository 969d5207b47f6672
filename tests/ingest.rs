//! What one source does to the others: floods of bad lines, many files; and what a journal is not mixed with.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use support::*;

/// Bad lines of one byte: as dead letters they would be 40 MB for every source.
const BAD_LINES: u64 = 150_000;

fn record(rsvp: u64) -> String {
    record_at(rsvp, 1_489_925_470_007 + rsvp)
}

fn record_at(rsvp: u64, mtime: u64) -> String {
    let record = json!({
        "response": "yes", "guests": 0, "rsvp_id": rsvp, "mtime": mtime, "member": {"member_id": rsvp},
        "event": {"event_id": format!("e{}", rsvp % 5)}, "group": {"group_id": 1, "group_country": "no"},
    });
    format!("{record}\n")
}

/// Serves a body to whoever asks, and keeps the connection.
fn serve(body: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut held = Vec::new();
        for (at, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
            if at == 0 {
                let _ = stream.write_all(body.as_bytes());
            }
            held.push(stream);
        }
    });
    address
}

/// Serves two feeds that differ in a parameter, one an hour behind the other; whoever goes on gets nothing. Tells what
/// was asked.
fn serve_two(now: u64) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, asked) = mpsc::channel();
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).unwrap();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let line = head.lines().next().unwrap().to_owned();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
            let (first, time) = match line.contains("topic=a") {
                true => (1, now - 1_000),
                false => (1_001, now - 3_600_000),
            };
            if !line.contains("since_mtime") {
                let lines: String = (0..20).map(|at| record_at(first + at, time + at)).collect();
                let _ = stream.write_all(lines.as_bytes());
            }
            let _ = tell.send(line);
            held.push(stream);
        }
    });
    (address, asked)
}

#[test]
fn two_feeds_of_one_server_resume_each_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = since.as_millis() as u64;
    let (address, asked) = serve_two(now);
    let sources = ["a", "b"].map(|topic| format!("http://{address}/2/rsvps?topic={topic}"));
    let process = Process::run(folder.path(), &sources, &[]);
    wait_until("both are read", || process.summary()["rsvps"] == 40);
    let rows = process.summary()["ledger"]["sources"]
        .as_object()
        .unwrap()
        .clone();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(
        rows.keys()
            .all(|name| !name.contains("topic=a") && !name.contains("topic=b"))
    );
    process.stop();
    while asked.try_recv().is_ok() {}
    let process = Process::run(folder.path(), &sources, &[]);
    let mut places = [0; 2];
    while places.contains(&0) {
        let line = asked.recv_timeout(LIMIT).unwrap();
        let place = line.split_once("since_mtime=").expect("it resumes").1;
        let place: u64 = place.split(' ').next().unwrap().parse().unwrap();
        places[usize::from(line.contains("topic=b"))] = place;
    }
    process.stop();
    assert!(places[0] < now && places[0] > now - 3_000_000, "{places:?}");
    assert!(places[1] < now - 3_600_000, "{places:?}");
}

fn dead_letters(data: &Path) -> Vec<Value> {
    let listed = run(headcount()
        .args(["dead-letters", "list", "--json", "--data"])
        .arg(data));
    String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_flood_of_bad_lines_from_every_side_stops_nobody_and_is_counted_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let flood = "x\n".repeat(BAD_LINES as usize);
    let bad = folder.path().join("bad");
    fs::write(&bad, &flood).unwrap();
    let good = folder.path().join("good");
    fs::write(&good, (1..=500).map(record).collect::<String>()).unwrap();
    let data = folder.path().join("data");
    let sources = [
        format!("file:{}", bad.display()),
        format!("http://{}/bad", serve(flood.clone())),
        format!("file:{}", good.display()),
    ];
    let more: Vec<_> = sources.iter().flat_map(|it| ["--source", it]).collect();
    let (process, mut input) = Process::run_fed(headcount(), &data, &more);
    input.write_all(flood.as_bytes()).unwrap();
    drop(input);
    let all = 3 * BAD_LINES;
    wait_until("everything is taken", || {
        let summary = process.summary();
        (
            &summary["ledger"]["rejected"]["bad_json"],
            &summary["rsvps"],
        ) == (&json!(all), &json!(500))
    });
    assert_eq!(get(process.address, "/readyz").0, 200);
    assert_eq!(process.summary()["ledger"]["balanced"], true);
    process.stop();
    verify(&data);
    let listed = dead_letters(&data);
    let only_counted = listed.iter().filter_map(|it| it["only_counted"].as_u64());
    let letters = listed.iter().filter(|it| it["offset"].is_u64()).count();
    assert_eq!(only_counted.clone().count(), 3, "one for each source");
    assert_eq!(letters as u64 + only_counted.sum::<u64>(), all);
    assert_eq!(letters as u64, 3 * (1_000 + BAD_LINES / 1_000 - 1));
    let told = run(headcount()
        .args(["dead-letters", "list", "--data"])
        .arg(&data))
    .stdout;
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("bad_json: 148,851 more records of - were only counted"));
    // Nothing is taken again.
    let again = run_json(
        headcount()
            .args(["import", "--json", "--data"])
            .args([&data, &good]),
    );
    assert_eq!(again["kept"], 0);
}

fn import(data: &Path, file: &Path, more: &[&str]) -> Output {
    headcount()
        .args(["import", "--json", "--data"])
        .args([data, file])
        .args(more)
        .output()
        .unwrap()
}

#[track_caller]
fn refused_with(output: &Output, code: i32, part: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(part), "{said}");
}

#[test]
fn a_journal_keeps_people_under_one_key_and_in_one_way() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, rsvps: std::ops::Range<u64>| {
        let file = folder.path().join(name);
        fs::write(&file, rsvps.map(record).collect::<String>()).unwrap();
        file
    };
    let (first, second) = (file("first", 1..21), file("second", 11..31));
    let masked = folder.path().join("masked");
    assert!(import(&masked, &first, &[]).status.success());
    let key = masked.join("people.key");
    let own = fs::read(&key).unwrap();
    fs::write(&key, [9; 16]).unwrap();
    let refused = import(&masked, &second, &[]);
    refused_with(&refused, 78, "restore the people.key");
    let refused = import(&masked, &second, &["--keep-people"]);
    refused_with(&refused, 78, "leave --keep-people out");
    let mut run = headcount();
    run.args(["run", "--listen", "127.0.0.1:0", "--data"])
        .arg(&masked);
    run.args(["--source", &format!("file:{}", second.display())]);
    refused_with(&run.output().unwrap(), 78, "count twice");
    fs::remove_file(&key).unwrap();
    let refused = import(&masked, &second, &[]);
    assert!(!refused.status.success());
    assert!(!key.exists(), "no second key is made");
    // The way out that was named.
    let backup = folder.path().join("backup.key");
    fs::write(&backup, &own).unwrap();
    fs::set_permissions(&backup, fs::Permissions::from_mode(0o600)).unwrap();
    let restored = ["--people-key", backup.to_str().unwrap()];
    assert!(import(&masked, &second, &restored).status.success());
    assert_eq!(summary(&masked)["members"], 30);
    verify(&masked);

    let open = folder.path().join("open");
    assert!(import(&open, &first, &["--keep-people"]).status.success());
    refused_with(&import(&open, &second, &[]), 78, "people.key");
    assert!(import(&open, &second, &["--keep-people"]).status.success());
    assert_eq!(summary(&open)["members"], 30);
}

#[test]
fn many_files_are_imported_and_an_interrupted_import_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let files = extent(300, 4_000);
    let names: Vec<_> = (0..files)
        .map(|at| {
            let file = folder.path().join(format!("{at:05}.ndjson"));
            fs::write(&file, record(at + 1)).unwrap();
            file
        })
        .collect();
    let data = folder.path().join("data");
    let import = |names: &[std::path::PathBuf]| -> Command {
        let mut command = headcount();
        command.args(["import", "--json", "--no-archive", "--data"]);
        command.arg(&data).args(names);
        command
    };
    let half = names.len() / 2;
    assert_eq!(run_json(&mut import(&names[..half]))["kept"], half);
    let mut child = import(&names).stdout(Stdio::piped()).spawn().unwrap();
    run(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let ended = wait_for("it stops", || child.try_wait().unwrap());
    assert!(
        [Some(130), Some(0), None].contains(&ended.code()),
        "{ended}"
    );
    run_json(&mut import(&names));
    let counted = summary(&data);
    assert_eq!(counted["rsvps"], files);
    assert_eq!(counted["ledger"]["balanced"], true);
    assert_eq!(run_json(&mut import(&names))["kept"], 0);
    verify(&data);
}
