//! A kill at any moment changes nothing: every record counts once.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    shim::{self, Fault, Shim, WRITING},
    stage::Stage,
    support::*,
};

/// Kills of each of the three kinds.
fn kills() -> usize {
    extent(20, 100)
}

fn import(data: &Path, files: &[PathBuf]) -> std::process::Command {
    let mut command = headcount();
    command
        .args(["import", "--partitions", "2", "--data"])
        .arg(data)
        .args(files);
    command.stdout(Stdio::null());
    command
}

#[test]
fn an_import_killed_at_any_moment_is_exactly_once() {
    let Some(data) = recordings() else { return };
    let mut random = Random::new();
    let files = UNDAMAGED.map(|name| data.join("rsvps").join(name)).to_vec();
    let right = golden(&data, "merged");

    let whole = tempfile::tempdir().unwrap();
    let start = Instant::now();
    run(&mut import(whole.path(), &files));
    let length = start.elapsed();

    let mut killed = 0;
    while killed < kills() {
        let kept = tempfile::tempdir().unwrap();
        // Up to three kills of one import: also while it repeats what the first one left.
        for _ in 0..=random.below(3) {
            let after = length.mul_f64(random.below(1000) as f64 / 1000.0);
            let mut child = import(kept.path(), &files).spawn().unwrap();
            killed += usize::from(kill_after(&mut child, after));
        }
        run(&mut import(kept.path(), &files));
        assert_golden(&summary(kept.path()), &right, &[]);
        verify(kept.path());
    }
}

#[test]
fn a_kill_within_a_system_call_changes_nothing() {
    let mut random = Random::new();
    let mut stage = Stage::new(200);
    let whole = stage.data();
    let mut count = stage.import(&whole);
    Shim::nth(&WRITING, Fault::None, 0).load(&mut count, &whole);
    run(&mut count);
    let calls = shim::seen(&whole).calls.unwrap();
    assert!(calls > 100, "only {calls} calls were seen");

    let mut killed = 0;
    while killed < kills() {
        let data = stage.data();
        // Also while it recovers from the kill before.
        for _ in 0..=random.below(3) {
            let fault = Fault::KILLS[random.below(3) as usize];
            let number = 1 + random.below(calls);
            let mut command = stage.import(&data);
            Shim::nth(&WRITING, fault, number).load(&mut command, &data);
            let output = command.output().unwrap();
            let touched = shim::seen(&data).touched;
            // An import that goes on makes fewer calls than one that begins.
            assert_eq!(output.status.success(), touched.is_empty(), "{touched:?}");
            killed += touched.len();
        }
        stage.comes_right(&data);
        stage.remove(&data);
    }
}

#[test]
fn a_live_run_killed_at_any_moment_ends_with_the_right_counts() {
    let Some(data) = recordings() else { return };
    let mut random = Random::new();
    let name = "2017-03-19.ndjson";
    let right = golden(&data, name);
    let file = data.join("rsvps").join(name);
    // Plays from the start at every connection, as fast as it is read.
    let server = Process::stream(&[
        "--recording",
        file.to_str().unwrap(),
        "--speed",
        "max",
        "--once",
    ]);
    let source = [format!("ws://{}/2/rsvps", server.address)];
    let kept = tempfile::tempdir().unwrap();
    for _ in 0..kills() {
        let process = Process::run_unready(kept.path(), &source, &["--partitions", "2"]);
        let until = Instant::now() + Duration::from_millis(random.below(1500));
        wait_until("the moment has come", || Instant::now() >= until);
        process.kill();
        verify_if_any(kept.path());
    }
    let process = Process::run(kept.path(), &source, &[]);
    wait_until("everything is counted", || {
        process.summary()["rsvps"] == right["rsvps"]
    });
    wait_until("the last change is counted", || {
        process.summary()["yes"] == right["yes"]
    });
    assert_golden(&process.summary(), &right, &ORDERED);
    process.stop();
    let end = summary(kept.path());
    assert_golden(&end, &right, &ORDERED);
    assert_eq!(end["ledger"]["balanced"], true);
    verify(kept.path());
}

/// A kill may come before there is a journal at all.
fn verify_if_any(data: &Path) {
    if data.join("journal/journal.json").exists() {
        verify(data);
    }
}

#[test]
fn a_journal_has_one_writer() {
    let kept = tempfile::tempdir().unwrap();
    let source = ["sim:?rate=5&seed=1".to_owned()];
    let first = Process::run(kept.path(), &source, &[]);
    let mut second = headcount();
    second.args([
        "run",
        "--listen",
        &free_address().to_string(),
        "--source",
        "sim:?rate=5&seed=1",
        "--data",
    ]);
    let output = second.arg(kept.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(73), "{said}");
    assert!(
        said.contains(&first.id().to_string()),
        "names the other process: {said}"
    );
    // Reading beside the writer is allowed.
    verify(kept.path());
    first.stop();
}
