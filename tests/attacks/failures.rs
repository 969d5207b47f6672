//! A system call that fails, at every place where the program makes one: it goes on or ends with its reason, never
//! hangs, and the next ordinary run comes to the right answer.

use std::path::{Path, PathBuf};

use crate::{
    shim::{self, Fault, Shim},
    stage::*,
    support::*,
};

/// Calls and how they fail.
const FAULTS: [(&str, &[Fault]); 12] = [
    (
        "open",
        &[Fault::TooManyFiles, Fault::ReadOnly, Fault::Broken],
    ),
    ("read", &[Fault::Broken, Fault::Short]),
    ("pread", &[Fault::Broken, Fault::Short]),
    ("write", &[Fault::Full, Fault::Broken, Fault::Short]),
    ("pwrite", &[Fault::Full, Fault::Broken, Fault::Short]),
    ("fdatasync", &[Fault::Broken, Fault::Full]),
    ("fsync", &[Fault::Broken]),
    ("rename", &[Fault::Broken, Fault::Full]),
    ("link", &[Fault::Broken, Fault::Full]),
    ("unlink", &[Fault::Broken, Fault::ReadOnly]),
    ("ftruncate", &[Fault::Broken, Fault::Full]),
    ("mkdir", &[Fault::Full, Fault::ReadOnly]),
];

/// Which of so many calls fail: all in the full run, otherwise some.
fn numbers(calls: u64, random: &mut Random) -> Vec<u64> {
    let sample = extent(2, u64::MAX);
    if calls <= sample {
        return (1..=calls).collect();
    }
    (0..sample).map(|_| 1 + random.below(calls)).collect()
}

/// Lets every call fail in turn: `prepare` makes a data folder, `attack` runs the program on it with the shim.
fn attack(
    stage: &mut Stage,
    prepare: impl Fn(&mut Stage) -> PathBuf,
    attack: impl Fn(&Stage, &Path, &Shim),
) {
    let mut random = Random::new();
    for (call, faults) in FAULTS {
        let data = prepare(stage);
        attack(stage, &data, &Shim::nth(&[call], Fault::None, 0));
        let calls = shim::seen(&data).calls.unwrap();
        stage.remove(&data);
        for fault in faults {
            for number in numbers(calls, &mut random) {
                let data = prepare(stage);
                eprintln!("{call} {number} of {calls}: {fault:?}");
                attack(stage, &data, &Shim::nth(&[call], *fault, number));
                for touched in shim::seen(&data).touched {
                    eprintln!("touched {touched}");
                }
                stage.comes_right(&data);
                stage.remove(&data);
            }
        }
    }
}

/// Runs a command that must be right at once if it says that it was.
fn attack_import(stage: &Stage, data: &Path, shim: &Shim) {
    let mut command = stage.import(data);
    shim.load(&mut command, data);
    let output = ends(&mut command);
    ends_well(&output, "import");
    if output.status.success() {
        assert_eq!(what_it_is(summary(data)), stage.right, "{}", said(&output));
    }
}

#[test]
fn an_import_into_a_new_folder_survives_every_failing_call() {
    attack(&mut Stage::new(150), Stage::data, attack_import);
}

#[test]
fn an_import_into_a_folder_with_records_survives_every_failing_call() {
    let mut stage = Stage::new(150);
    let first = stage.data();
    run(&mut stage.import_of(&first, &stage.recordings[..1]));
    attack(&mut stage, |stage| stage.copy(&first), attack_import);
}

#[test]
fn a_rebuild_survives_every_failing_call() {
    let mut stage = Stage::new(150);
    let whole = stage.data();
    run(&mut stage.import(&whole));
    attack(
        &mut stage,
        |stage| stage.copy(&whole),
        |stage, data, shim| {
            let mut command = headcount();
            command.args(["rebuild", "--data"]).arg(data);
            shim.load(&mut command, data);
            let output = ends(&mut command);
            ends_well(&output, "rebuild");
            // The journal is whole, so the answer is, whatever became of the checkpoints.
            assert_eq!(what_it_is(summary(data)), stage.right, "{}", said(&output));
        },
    );
}

#[test]
fn a_live_run_survives_every_failing_call() {
    let mut stage = Stage::new(150);
    let first = stage.data();
    run(&mut stage.import_of(&first, &stage.recordings[..1]));
    attack(&mut stage, |stage| stage.copy(&first), attack_run);
}

/// Runs until everything is counted, or it ends, or it says that something is wrong; then it is told to stop.
fn attack_run(stage: &Stage, data: &Path, shim: &Shim) {
    let sources = stage
        .recordings
        .each_ref()
        .map(|file| format!("file:{}", file.display()));
    let mut command = headcount();
    let log = data.with_extension("log");
    command.stderr(std::fs::File::create(&log).unwrap());
    shim.load(&mut command, data);
    let mut process = Process::run_with(command, data, &sources, &[]);
    wait_until("it has counted all, or says what is wrong", || {
        process.ended().is_some() || has_all(&process, stage) || is_in_trouble(&process)
    });
    if process.ended().is_none() {
        process.tell_to_stop();
    }
    let status = wait_for("the process ends", || process.ended());
    let output = std::process::Output {
        status,
        stdout: Vec::new(),
        stderr: std::fs::read(log).unwrap(),
    };
    ends_well(&output, "run");
}

fn has_all(process: &Process, stage: &Stage) -> bool {
    let (status, body) = get(process.address, "/api/v1/summary");
    status == 200 && json(&body)["records"] == stage.right["records"]
}

/// A source or the whole process says that it cannot go on.
fn is_in_trouble(process: &Process) -> bool {
    let (healthy, _) = get(process.address, "/healthz");
    let (_, body) = get(process.address, "/api/v1/status");
    let status = json(&body);
    let sources = status["sources"].as_array();
    let failed = |source: &serde_json::Value| source["state"] == "failed";
    ![0, 200].contains(&healthy)
        || status["ready"] == "failed"
        || sources.is_some_and(|sources| sources.iter().any(failed))
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_default()
}
