//! A clock that is behind: it is said, and what it kept out is counted later.
//!
//! The clock of the machine is right. Records of the future meet it as records of now meet one that is behind.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use support::*;

const MINUTE_MS: u64 = 60_000;
/// A record time may be so far ahead of its arrival.
const AHEAD_MAX_MS: u64 = 5 * MINUTE_MS;

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis() as u64
}

fn record(rsvp: u64, mtime: u64) -> String {
    // Never a whole second: those are re-sent ones.
    let mtime = mtime / 1000 * 1000 + 7;
    let record = json!({
        "response": "yes", "guests": 0, "rsvp_id": rsvp, "mtime": mtime, "member": {"member_id": rsvp},
        "event": {"event_id": format!("e{}", rsvp % 5)}, "group": {"group_id": 1, "group_country": "no"},
    });
    format!("{record}\n")
}

fn file(folder: &Path, records: impl IntoIterator<Item = (u64, u64)>) -> PathBuf {
    let file = folder.join("recording.ndjson");
    let lines: String = records
        .into_iter()
        .map(|(rsvp, mtime)| record(rsvp, mtime))
        .collect();
    fs::write(&file, lines).unwrap();
    file
}

fn import(kept: &Path, file: &Path) -> Value {
    run_json(
        headcount()
            .args(["import", "--json", "--data"])
            .arg(kept)
            .arg(file),
    )
}

fn quarantined(summary: &Value) -> &Value {
    &summary["ledger"]["quarantined"]["future_timestamp"]
}

#[test]
fn a_rebuild_with_a_right_clock_counts_what_was_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("data");
    let ahead = now() + 60 * MINUTE_MS;
    let file = file(
        folder.path(),
        (1..=40).map(|rsvp| {
            (
                rsvp,
                if rsvp <= 3 {
                    now()
                } else {
                    ahead + rsvp * 1000
                },
            )
        }),
    );
    let process = Process::run(&kept, &[format!("file:{}", file.display())], &[]);
    process.wait_until("everything is taken", |process| {
        process.summary()["records"] == 40
    });
    assert_eq!(process.summary()["rsvps"], 3);
    process.stop();
    verify(&kept);

    let later = (ahead + 60 * MINUTE_MS).to_string();
    let rebuild = |more: &[&str]| {
        let rebuild = ["rebuild", "--json", "--judged-at", &later, "--data"];
        run_json(headcount().args(rebuild).arg(&kept).args(more))
    };
    // From the archive nothing is written, and the same moment gives the same answer.
    let lake = kept.join("lake").display().to_string();
    let archived = rebuild(&["--from", &lake]);
    assert_eq!(
        (&archived["rsvps"], quarantined(&archived)),
        (&json!(40), &Value::Null)
    );
    assert_eq!(summary(&kept)["rsvps"], 3);

    assert_eq!(rebuild(&[])["judged_at"].to_string(), later);
    let counted = summary(&kept);
    assert_eq!(counted["rsvps"], 40);
    assert_eq!(counted["digest"], archived["digest"]);
    let verdict = run_json(headcount().args(["verify", "--json", "--data"]).arg(&kept));
    assert_eq!(
        (&verdict["agrees"], &verdict["judged_at"].to_string()),
        (&json!(true), &later)
    );
    let told = run(headcount().args(["verify", "--data"]).arg(&kept)).stdout;
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("record times held against 20"), "{told}");
    assert_eq!(
        import(&kept, &file)["kept"],
        0,
        "nothing is kept out any more"
    );
    // The moment is the journal's: nothing that only saves time may take it away.
    fs::remove_dir_all(kept.join("state")).unwrap();
    assert_eq!(summary(&kept)["rsvps"], 40);
    verify(&kept);
    let rebuilt = run(headcount().args(["rebuild", "--data"]).arg(&kept)).stdout;
    let rebuilt = String::from_utf8(rebuilt).unwrap();
    assert!(
        rebuilt.contains("set this moment; to judge at this one"),
        "{rebuilt}"
    );
    assert_eq!(summary(&kept), counted);
    // A clock that is still behind brings back what it was, if that is asked for.
    run(headcount()
        .args(["rebuild", "--judged-at", "now", "--data"])
        .arg(&kept));
    assert_eq!(summary(&kept)["rsvps"], 3);
    verify(&kept);
}

#[test]
fn a_second_import_counts_what_was_kept_out_when_the_clock_has_come_so_far() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("data");
    let file = file(
        folder.path(),
        [(1, now()), (2, now() + AHEAD_MAX_MS + 15_000)],
    );
    assert_eq!(import(&kept, &file)["kept"], 2);
    let before = summary(&kept);
    assert_eq!(
        (&before["rsvps"], quarantined(&before)),
        (&json!(1), &json!(1))
    );
    // As long as nothing would change, nothing is read again.
    let read_again = wait_for("the clock has come so far", || {
        let kept = import(&kept, &file)["kept"].as_u64().unwrap();
        (kept > 0).then_some(kept)
    });
    assert!(read_again <= 2, "{read_again}");
    let after = summary(&kept);
    assert_eq!(
        (&after["rsvps"], &after["kinds"]["new"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(after["ledger"]["balanced"], true);
    assert_eq!(import(&kept, &file)["kept"], 0);
    verify(&kept);
}

#[test]
fn a_clock_that_is_behind_is_said_while_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (process, mut input) = Process::run_fed(headcount(), folder.path(), &[]);
    process.wait_until("the server is ready", |process| process.is_ready());
    let notice = || {
        let (_, body) = get(process.address, "/api/v1/status");
        let status: Value = serde_json::from_str(&body).unwrap();
        status["sources"][0]["notice"].clone()
    };
    let metric = || {
        get(process.address, "/metrics")
            .1
            .contains("headcount_source_notice{source=\"-\"} 1")
    };
    assert_eq!(notice(), Value::Null);
    let mut rsvps = 1..;
    let mut feed = |ahead_ms: u64| {
        for rsvp in rsvps.by_ref().take(150) {
            input
                .write_all(record(rsvp, now() + ahead_ms).as_bytes())
                .unwrap();
        }
        input.flush().unwrap();
    };
    feed(20 * MINUTE_MS + 30_000);
    wait_until("the clock is said to be behind", || !notice().is_null());
    let said = notice().as_str().unwrap().to_owned();
    assert!(
        said.starts_with("this machine's clock is 20 minutes behind the source's"),
        "{said}"
    );
    wait_until("the metric says so", metric);
    feed(0);
    wait_until("it is no longer said", || notice().is_null());
    wait_until("nor by the metric", || !metric());
}
