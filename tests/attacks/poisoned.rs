//! A disk that fails for good under a process that runs: it ends by itself, says why once, and a restart goes on.

use std::fs::File;

use crate::{
    shim::{Fault, Shim},
    support::*,
};

#[test]
fn a_process_whose_journal_is_poisoned_ends_with_75_and_says_why_once() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let sources = ["sim:?rate=200&seed=4".to_owned()];
    // The journal is created and opened by then, and some groups are durable.
    let shim = Shim::nth(&["fdatasync"], Fault::Broken, 20);
    let mut command = headcount();
    command.stderr(File::create(&log).unwrap());
    shim.load(&mut command, &data);
    let mut process = Process::run_with(command, &data, &sources, &["--partitions", "1"]);
    let status = wait_for("the process ends by itself", || process.ended());
    let said = std::fs::read_to_string(&log).unwrap();
    assert_eq!(status.code(), Some(75), "{said}");
    let about: Vec<_> = said
        .lines()
        .filter(|line| line.contains("accepts no more entries"))
        .collect();
    let [line] = &about[..] else { panic!("{said}") };
    assert!(
        line.starts_with("headcount: ") && line.contains("restart headcount"),
        "{said}"
    );
    assert_eq!(said.lines().last(), Some(*line), "{said}");

    let process = Process::run(&data, &sources, &[]);
    wait_until("it counts again", || {
        process.summary()["rsvps"].as_u64() > Some(0)
    });
    process.stop();
    verify(&data);
}
