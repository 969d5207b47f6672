//! A journal of which only the end is kept gives the answers of a whole one, whatever dies between.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::Value;
use support::*;

const SEGMENT: &str = "32KiB";
const KEPT: &str = "128KiB";

/// Imports in files of a few hundred records each.
fn files_of(folder: &Path, records: u64, files: usize) -> Vec<PathBuf> {
    let whole = folder.join("whole.ndjson");
    let records = records.to_string();
    run(headcount()
        .args(["simulate", "--records", &records])
        .arg(&whole));
    let text = fs::read_to_string(&whole).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let parts = lines.chunks(lines.len().div_ceil(files)).enumerate();
    parts
        .map(|(at, lines)| {
            let file = folder.join(format!("part-{at:03}.ndjson"));
            fs::write(&file, lines.join("\n") + "\n").unwrap();
            file
        })
        .collect()
}

fn import(data: &Path, file: &Path, more: &[&str]) -> Command {
    let mut command = headcount();
    command.args(["import", "--partitions", "2", "--segment-size", SEGMENT]);
    command.args(more).arg("--data").arg(data).arg(file);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn stat(data: &Path) -> Vec<Value> {
    let stat = run_json(
        headcount()
            .args(["journal", "stat", "--json", "--data"])
            .arg(data),
    );
    stat["partitions"].as_array().unwrap().clone()
}

fn same_answers(data: &Path, right: &Value) {
    assert_golden(&summary(data), right, &[]);
}

#[test]
fn with_retention_and_kills_every_answer_is_that_of_the_whole_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new();
    let files = files_of(folder.path(), 3_000, 6);
    let (whole, kept) = (folder.path().join("all"), folder.path().join("some"));
    // Both know the same person by the same pseudonym.
    run(&mut import(&whole, &files[0], &[]));
    fs::create_dir(&kept).unwrap();
    fs::copy(whole.join("people.key"), kept.join("people.key")).unwrap();
    let begun = Instant::now();
    for file in &files {
        run(&mut import(&whole, file, &[]));
    }
    let length = begun.elapsed() / 6;
    let keep = ["--keep", KEPT];
    for file in &files {
        for _ in 0..extent(2, 10) {
            let after = length.mul_f64(random.below(1000) as f64 / 800.0);
            let mut child = import(&kept, file, &keep).spawn().unwrap();
            kill_after(&mut child, after);
        }
        run(&mut import(&kept, file, &keep));
    }
    let right = summary(&whole);
    same_answers(&kept, &right);
    // Most of it is gone: what an import brought last may be larger than what was to be kept.
    for (part, all) in stat(&kept).iter().zip(stat(&whole)) {
        let bytes = |part: &Value| part["bytes"].as_u64().unwrap();
        assert!(bytes(part) < bytes(&all) / 2, "{part} of {all}");
    }
    run(headcount().args(["journal", "verify", "--data"]).arg(&kept));

    // verify and rebuild begin with the base, and say so.
    let verified = run(headcount().args(["verify", "--data"]).arg(&kept));
    let said = String::from_utf8(verified.stdout).unwrap();
    assert!(said.contains("base      partition 0 from offset"), "{said}");
    let rebuilt = run(headcount().args(["rebuild", "--data"]).arg(&kept));
    let said = String::from_utf8(rebuilt.stdout).unwrap();
    assert!(
        said.contains("partition 1 was counted from its base"),
        "{said}"
    );
    same_answers(&kept, &right);
    verify(&kept);

    // The archive has all of it.
    let lake = kept.join("lake");
    let archived = run_json(headcount().args(["rebuild", "--json", "--from"]).arg(&lake));
    assert_eq!(archived["digest"], right["digest"]);

    // A checkpoint that is damaged is replaced by the base and the rest of the journal.
    for partition in ["p000", "p001"] {
        fs::write(kept.join("state").join(partition).join("checkpoint"), "no").unwrap();
    }
    same_answers(&kept, &right);
    verify(&kept);

    // Without both nothing is counted, rather than less.
    fs::remove_dir_all(kept.join("state")).unwrap();
    for command in ["summary", "verify", "rebuild"] {
        let output = headcount()
            .args([command, "--data"])
            .arg(&kept)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(65), "{command}: {said}");
        assert!(said.contains("retention has deleted"), "{command}: {said}");
    }
}

#[test]
fn nothing_is_deleted_that_a_reader_has_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let files = files_of(folder.path(), 1_500, 3);
    let data = folder.path().join("data");
    // Not archived, so everything that is counted may go.
    for file in &files {
        run(&mut import(&data, file, &["--no-archive", "--keep", "1s"]));
    }
    let gone = Instant::now() + LIMIT;
    // Seconds later only what is written to is left.
    let left = || {
        stat(&data)
            .iter()
            .map(|part| part["segments"].as_u64().unwrap())
            .max()
    };
    while left() > Some(1) {
        assert!(Instant::now() < gone, "{:?}", stat(&data));
        run(&mut import(
            &data,
            &files[0],
            &["--no-archive", "--keep", "1s"],
        ));
    }
    verify(&data);
    // A journal that was archived from the beginning keeps what the archive lacks.
    let archived = folder.path().join("archived");
    let lake = folder.path().join("lake");
    let at = lake.to_str().unwrap();
    run(&mut import(&archived, &files[0], &["--lake", at]));
    let process = Process::run(
        &archived,
        &[],
        &["--lake", at, "--keep", "1s", "--segment-size", SEGMENT],
    );
    wait_until("old segments are deleted", || {
        stat(&archived).iter().all(|part| part["segments"] == 1)
    });
    process.stop();
    let said = run_json(headcount().args(["rebuild", "--json", "--from", at]));
    assert_eq!(said["digest"], summary(&archived)["digest"]);
}
