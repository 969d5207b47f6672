//! Bad input is refused with its reason and kept aside; the next good record counts.
#![allow(clippy::unwrap_used)]

mod support;

use std::{fs, path::Path};

use serde_json::{Value, json};
use support::*;

fn good(id: u64) -> Value {
    json!({
        "rsvp_id": id, "response": "yes", "guests": 0, "mtime": 1_489_925_470_960_u64,
        "visibility": "public",
        "member": { "member_id": id, "member_name": "CANARY-NAME", "photo": "https://x.example/CANARY-PHOTO.jpeg" },
        "event": { "event_id": format!("e{id}"), "event_name": "E" },
        "group": { "group_id": 1, "group_country": "us", "group_city": "X", "group_topics": [] }
    })
}

/// Lines of a file and the reasons they must be refused for.
fn bad_lines() -> Vec<(String, &'static str)> {
    let with = |key: &str, value: Value| {
        let mut record = good(1);
        record[key] = value;
        record.to_string()
    };
    let without = |key: &str| {
        let mut record = good(1);
        record.as_object_mut().unwrap().remove(key);
        record.to_string()
    };
    let text = good(1).to_string();
    vec![
        ("null".into(), "bad_json"),
        ("\"x\"".into(), "bad_json"),
        ("{}".into(), "missing_field:rsvp_id"),
        (text[..text.len() / 2].to_owned(), "bad_json"),
        (text.replace('"', "'"), "bad_json"),
        (text.replace("\"guests\":0", "\"guests\":0,"), "bad_json"),
        (
            "<html><body>502 Bad Gateway</body></html>".into(),
            "bad_json",
        ),
        (
            format!(
                "{{\"x\":{}1{},{}",
                "[".repeat(200_000),
                "]".repeat(200_000),
                &text[1..]
            ),
            "too_deep",
        ),
        (
            with("event", json!({ "event_id": "x".repeat(2 << 20) })),
            "too_big",
        ),
        (with("response", json!("maybe")), "unknown_enum:response"),
        (with("response", json!(1)), "bad_type:response"),
        (with("rsvp_id", json!(-1)), "range:rsvp_id"),
        (with("rsvp_id", json!("12")), "bad_type:rsvp_id"),
        (with("mtime", json!(1_489_925_470_u64)), "bad_timestamp"),
        (with("guests", json!(1001)), "range:guests"),
        (without("mtime"), "missing_field:mtime"),
        (without("group"), "missing_field:group"),
        (
            text.replacen("\"response\":", "\"response\":\"no\",\"response\":", 1),
            "dup_key:response",
        ),
        (text.replacen("\"E\"", "\"\\u0000\"", 1), "nul_char"),
        (
            text.replacen("\"e1\"", "\"e\\ud83d\"", 1),
            "bad_text:event.event_id",
        ),
    ]
}

#[test]
fn every_bad_line_has_its_reason_and_the_next_good_record_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (file, kept) = (folder.path().join("bad.ndjson"), folder.path().join("data"));
    let bad = bad_lines();
    let mut text = String::new();
    for (at, (line, _)) in bad.iter().enumerate() {
        text += &format!("{line}\r\n\n{}\n", good(at as u64 + 1));
    }
    fs::write(&file, text).unwrap();

    let counted = run_json(headcount().args(["count", "--json"]).arg(&file));
    let imported = run_json(
        headcount()
            .args(["import", "--json", "--data"])
            .arg(&kept)
            .arg(&file),
    );
    assert_eq!(imported["kept"], bad.len());
    let found = summary(&kept);
    for answer in [&counted, &found] {
        assert_eq!(answer["rsvps"], bad.len(), "{}", answer["ledger"]);
        assert_eq!(answer["malformed"], bad.len());
        assert_eq!(answer["ledger"]["balanced"], true);
    }
    assert_eq!(counted["ledger"]["rejected"], found["ledger"]["rejected"]);

    let letters = dead_letters(&kept);
    let reasons: Vec<&str> = letters
        .iter()
        .map(|letter| letter["reason"].as_str().unwrap())
        .collect();
    let expected: Vec<&str> = bad.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, expected);
    for (letter, (line, _)) in letters.iter().zip(&bad) {
        assert_eq!(letter["length"], line.len(), "{}", letter["reason"]);
        assert!(letter["excerpt"].as_str().unwrap().len() <= 8192);
    }
    let offset = letters[0]["offset"].to_string();
    let shown = run(headcount()
        .args(["dead-letters", "show", &offset, "--data"])
        .arg(&kept))
    .stdout;
    assert!(String::from_utf8(shown).unwrap().contains("bad_json"));
}

/// The dead letters of a journal.
fn dead_letters(data: &Path) -> Vec<Value> {
    let list = run(headcount()
        .args(["dead-letters", "list", "--json", "--data"])
        .arg(data))
    .stdout;
    let list = String::from_utf8(list).unwrap();
    list.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn half_an_emoji_is_repaired_and_counted_alike_by_count_and_import() {
    let folder = tempfile::tempdir().unwrap();
    let (file, kept) = (
        folder.path().join("half.ndjson"),
        folder.path().join("data"),
    );
    let with = |id: u64, name: &str| good(id).to_string().replacen("\"E\"", name, 1);
    let lines = [
        with(1, r#""half \ud83d""#),
        with(2, r#""\ude00""#),
        with(3, r#""whole \ud83d\ude00""#),
        with(4, "\"plain\"").replacen("\"us\"", r#""u\ud83d""#, 1),
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let counted = run_json(headcount().args(["count", "--json"]).arg(&file));
    let imported = run(headcount().args(["import", "--data"]).arg(&kept).arg(&file));
    let counted_text = run(headcount().arg("count").arg(&file));
    for said in [&imported, &counted_text] {
        let said = String::from_utf8_lossy(&said.stdout);
        assert!(
            said.contains("2  kept with half an emoji repaired"),
            "{said}"
        );
    }
    for answer in [&counted, &summary(&kept)] {
        let ledger = &answer["ledger"];
        assert_eq!((&answer["rsvps"], &ledger["kept"]), (&json!(3), &json!(3)));
        assert_eq!(ledger["repaired"], 2, "{ledger}");
        assert_eq!(
            ledger["rejected"],
            json!({ "bad_text:group.group_country": 1 })
        );
        assert_eq!(ledger["balanced"], true);
    }
    verify(&kept);
}

#[test]
fn what_is_no_object_keeps_only_its_length_hash_and_place() {
    const PROSE: &str = "Ann Example, 5 Main Street, tel. 0171 234567";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prose.ndjson");
    let broken = good(1)
        .to_string()
        .replacen("\"guests\":0", "\"guests\":0,", 1);
    fs::write(&file, format!("{broken}\n{PROSE}\n{}\n", good(2))).unwrap();
    let import = |name: &str, more: &[&str]| {
        let data = folder.path().join(name);
        run(headcount()
            .args(["import", "--data"])
            .arg(&data)
            .args(more)
            .arg(&file));
        assert_eq!(summary(&data)["rsvps"], 1);
        data
    };
    let data = import("data", &[]);
    let letters = dead_letters(&data);
    assert_eq!(letters.len(), 2, "{letters:?}");
    // The broken line can be mended: it is whole but for its member.
    let excerpt = letters[0]["excerpt"].as_str().unwrap();
    assert!(excerpt.contains("\"event_id\":\"e1\"") && !excerpt.contains("CANARY"));
    let mended = excerpt.replacen("\"guests\":0,,", "\"guests\":0,", 1);
    let mended: Value = serde_json::from_str(&mended).unwrap();
    assert_eq!(mended["group"], good(1)["group"]);
    let prose = &letters[1];
    assert_eq!(prose["excerpt"], "");
    assert_eq!(prose["length"], PROSE.len());
    assert_eq!(
        prose["sha256"],
        "e89de40aa1857928353e1ac4f509e4d8086fb03c9a0d79d686f6b298043707c0"
    );
    let place = format!("line 2 (byte {})", broken.len() + 1);
    assert_eq!(prose["place"], place);
    let offset = prose["offset"].to_string();
    let shown = run(headcount()
        .args(["dead-letters", "show", &offset, "--data"])
        .arg(&data))
    .stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("--keep-people"), "{shown}");
    assert!(!finds(&data.join("journal"), "Main Street"));

    let open = import("open", &["--keep-people"]);
    assert_eq!(dead_letters(&open)[1]["excerpt"], PROSE);
}

#[test]
fn no_person_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (file, kept) = (folder.path().join("bad.ndjson"), folder.path().join("data"));
    let mut text: String = bad_lines()
        .into_iter()
        .map(|(line, _)| line + "\n")
        .collect();
    text += &good(987_654_321_987).to_string();
    fs::write(&file, text).unwrap();
    let import = |data: &std::path::Path, more: &[&str]| {
        run(headcount()
            .args(["import", "--data"])
            .arg(data)
            .args(more)
            .arg(&file));
        ["CANARY-NAME", "CANARY-PHOTO", "\"member_id\":987654321987"].map(|secret| {
            finds(&data.join("journal"), secret) || finds(&data.join("state"), secret)
        })
    };
    assert_eq!(import(&kept, &[]), [false; 3]);
    // The same search finds them when people are kept, so it would have found them.
    assert_eq!(
        import(&folder.path().join("open"), &["--keep-people"]),
        [true; 3]
    );
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(kept.join("people.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Whether any file below a folder holds a text.
fn finds(folder: &std::path::Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return finds(&path, text);
        }
        fs::read(path)
            .unwrap()
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[test]
fn a_record_from_the_future_is_kept_and_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (file, kept) = (folder.path().join("x.ndjson"), folder.path().join("data"));
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64;
    let at = |id: u64, mtime: u64| {
        let mut record = good(id);
        record["mtime"] = mtime.into();
        record.to_string()
    };
    fs::write(
        &file,
        [at(1, now + 3_600_000), at(2, now + 60_000), at(3, now)].join("\n"),
    )
    .unwrap();
    run(headcount().args(["import", "--data"]).arg(&kept).arg(&file));
    let found = summary(&kept);
    assert_eq!((&found["rsvps"], &found["records"]), (&json!(2), &json!(3)));
    assert_eq!(found["ledger"]["quarantined"]["future_timestamp"], 1);
    assert_eq!(found["ledger"]["balanced"], true);
    verify(&kept);
}

/// Writes good records, one a line, and packs them; cut short, the last bytes are missing.
fn packed(file: &std::path::Path, ids: std::ops::Range<u64>, cut: bool) {
    let text: String = ids.map(|id| good(id).to_string() + "\n").collect();
    fs::write(file, text).unwrap();
    let mut bytes = run(std::process::Command::new("gzip").arg("-c").arg(file)).stdout;
    bytes.truncate(bytes.len() - if cut { 8 } else { 0 });
    fs::write(file, bytes).unwrap();
}

#[test]
fn what_can_be_read_counts_and_then_it_is_said_what_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let [files, data] = ["files", "data"].map(|name| folder.path().join(name));
    fs::create_dir(&files).unwrap();
    let file = |name: &str| files.join(name);
    packed(&file("a-cut"), 1..21, true);
    packed(&file("b-whole"), 21..31, false);
    fs::write(file("c-parquet"), "PAR1").unwrap();
    fs::write(file("d-prose"), "Dear diary,\nnobody came.\n").unwrap();
    fs::write(file("e-empty"), "").unwrap();
    fs::write(file("f-other.json"), "[{\"a\":1},{\"a\":2}]").unwrap();
    fs::write(file("g-last"), good(31).to_string()).unwrap();
    let absent = folder.path().join("absent");
    let run_it = |args: &[&str]| {
        let mut command = headcount();
        command.args(args).arg(&files);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(66), "{said}");
        for words in [
            "a-cut: reading failed",
            "c-parquet: this is Parquet, which is not read here; convert it with",
            "d-prose: none of the 2 values in it is a record",
            "f-other.json: none of the 2 values in it is a record",
        ] {
            assert!(said.contains(words), "{said:?} does not say {words:?}");
        }
        for fine in ["b-whole", "e-empty", "g-last"] {
            assert!(!said.contains(fine), "{said}");
        }
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let counted = run_it(&["count", "--json"]);
    let imported = run_it(&["import", "--json", "--data", data.to_str().unwrap()]);
    assert_eq!(imported["became"]["new"], 31);
    for answer in [&counted, &summary(&data)] {
        assert_eq!(
            (&answer["rsvps"], &answer["malformed"]),
            (&json!(31), &json!(4))
        );
    }
    verify(&data);
    // What is not there at all takes nothing from the others either, and alone it is no answer.
    let mut command = headcount();
    let output = command
        .arg("count")
        .arg(&absent)
        .arg(file("g-last"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(66));
    assert!(!output.stdout.is_empty());
}

/// What the status says of sources: their states and errors.
fn states(process: &Process) -> Vec<(String, String)> {
    let (_, body) = get(process.address, "/api/v1/status");
    let status: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sources = status["sources"].as_array().cloned().unwrap_or_default();
    sources
        .iter()
        .map(|source| (text(&source["state"]), text(&source["error"])))
        .collect()
}

#[test]
fn a_source_that_cannot_go_on_has_failed_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (1..=100).map(|id| format!("{}\n", good(id))).collect();
    // A gzip head and one block that is stored as it is (RFC 1951, 3.2.4), not the last: then the file breaks off.
    let length = u16::try_from(lines.len()).unwrap();
    let packed = [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        lines.as_bytes(),
    ]
    .concat();
    let cut = folder.path().join("cut.gz");
    fs::write(&cut, packed).unwrap();
    let cut = format!("file:{}", cut.display());

    // The only one: nothing will come any more, and whoever watches hears of it. What came is still shown.
    let data = folder.path().join("alone");
    let process = Process::run_unready(&data, std::slice::from_ref(&cut), &[]);
    process.wait_until("the source has failed", |process| {
        states(process)
            .first()
            .is_some_and(|(state, _)| state == "failed")
    });
    let error = states(&process)[0].1.clone();
    assert!(error.starts_with("reading failed"), "{error}");
    let (code, body) = get(process.address, "/readyz");
    assert!(
        code == 503 && body.contains("no source works") && body.contains("cut.gz: reading failed"),
        "{code} {body}"
    );
    assert_eq!(process.summary()["rsvps"], 100);
    process.stop();

    // One of two: the other goes on.
    let data = folder.path().join("beside");
    let peer = Process::stream(&[]);
    let sources = [cut, format!("ws://{}/2/rsvps", peer.address)];
    let process = Process::run(&data, &sources, &[]);
    process.wait_until("one has failed and the other is live", |process| {
        let states = states(process);
        let states: Vec<&str> = states.iter().map(|(state, _)| &**state).collect();
        states == ["failed", "live"]
    });
    assert!(process.is_ready());
    process.stop();
}

/// A server that answers so to every request; its address.
fn answering(answer: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut head);
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    format!("{address}")
}

#[test]
fn a_server_without_a_stream_leaves_the_source_failed_and_the_process_not_ready() {
    let gone = answering("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n");
    for scheme in ["http", "ws"] {
        let folder = tempfile::tempdir().unwrap();
        let source = format!("{scheme}://{gone}/2/rsvps");
        let process = Process::run_unready(folder.path(), std::slice::from_ref(&source), &[]);
        process.wait_until("the source has failed", |process| {
            states(process)
                .first()
                .is_some_and(|(state, _)| state == "failed")
        });
        let error = states(&process)[0].1.clone();
        assert_eq!(
            error,
            "the server answers 410: there is no stream at this path; trying again"
        );
        let (code, body) = get(process.address, "/readyz");
        let told = format!("no source works: {source}: {error}");
        assert!(code == 503 && body.contains(&told), "{code} {body}");
        process.stop();
    }
}

#[test]
fn a_text_that_is_no_recording_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.ndjson");
    fs::write(&page, "<!DOCTYPE html>\n<html>\n<p>502</p>\n</html>\n").unwrap();
    let data = folder.path().join("data");
    for command in [
        headcount().arg("count").arg(&page),
        headcount().args(["import", "--data"]).arg(&data).arg(&page),
    ] {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        assert!(said.contains("it is a web page (HTML)"), "{said}");
    }
}

#[test]
fn a_count_says_that_the_clock_is_behind_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ahead.ndjson");
    let now_ms = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_millis() as u64;
    let lines: Vec<String> = (1..=200)
        .map(|id| {
            let mut record = good(id);
            record["mtime"] = json!(now_ms + 3_600_000 + id);
            record.to_string()
        })
        .collect();
    fs::write(&file, lines.join("\n")).unwrap();
    let output = run(headcount().arg("count").arg(&file));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("clock is") && said.contains("behind the source's"),
        "{said}"
    );
}
