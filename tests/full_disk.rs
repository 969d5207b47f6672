//! A disk that is full, or a data folder that goes away, under a running program: what is stored stays readable, nothing is
//! lost silently, and everything goes on by itself as soon as it can.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod full_disk {
    pub mod small_disk;
}
mod support;

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use full_disk::small_disk::SmallDisk;
use support::*;

/// How long a process may take to end when it is told to.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

const MIB: u64 = 1 << 20;

/// A process that writes its log into a file.
struct Logged {
    process: Process,
    log: tempfile::NamedTempFile,
}

impl Logged {
    fn run(data: &Path, sources: &[&str], more: &[&str]) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = headcount();
        command.stderr(File::create(log.path()).unwrap());
        let sources: Vec<_> = sources.iter().map(ToString::to_string).collect();
        let process = Process::run_with(command, data, &sources, more);
        Self { process, log }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    /// How many lines of the log have this in them.
    fn says(&self, what: &str) -> usize {
        self.said()
            .lines()
            .filter(|line| line.contains(what))
            .count()
    }

    fn get(&self, path: &str) -> (u16, String) {
        get(self.process.address, path)
    }

    fn is_ready(&self) {
        wait_until("it is ready", || self.process.is_ready());
    }

    fn readyz_says(&self, what: &str) {
        wait_until(what, || self.get("/readyz").1.contains(what));
    }

    fn rsvps(&self) -> u64 {
        self.process.summary()["rsvps"].as_u64().unwrap()
    }

    fn ends(&mut self) -> ExitStatus {
        wait_for("the process ends", || self.process.ended())
    }

    /// SIGTERM, and its end within [`ENDS_WITHIN`].
    fn stop(&mut self) -> ExitStatus {
        let told = Instant::now();
        self.process.tell_to_stop();
        let status = self.ends();
        let took = told.elapsed();
        assert!(took < ENDS_WITHIN, "it took {took:?}:\n{}", self.said());
        status
    }
}

#[test]
fn a_full_disk_stops_writing_and_not_reading() {
    let disk = SmallDisk::new(12 * MIB);
    let data = disk.path().join("data");
    let source = "sim:?rate=3000&seed=1";
    let reserve = ["--reserve", "0"];
    let mut process = Logged::run(&data, &[source], &reserve);
    process.is_ready();
    process.readyz_says("no room to append");
    // "Cannot write" is not "cannot count".
    assert_eq!(process.get("/healthz").0, 200);
    assert_eq!(process.get("/readyz").0, 503);
    let counted = process.rsvps();
    assert!(counted > 0);
    let status = process.stop();
    let said = process.said();
    assert_eq!(status.code(), Some(75), "{said}");
    assert_eq!(process.says("were not stored"), 1, "{said}");
    let last = said.trim_end().lines().last().unwrap();
    assert!(
        last.starts_with("headcount: ") && last.contains("free some space"),
        "{said}"
    );

    // Started again on the full disk, it serves what is there.
    disk.leave(0);
    let mut process = Logged::run(&data, &[], &reserve);
    process.is_ready();
    assert!(process.rsvps() >= counted);
    assert!(process.stop().success(), "{}", process.said());
    // A kill changes nothing about that.
    let mut process = Logged::run(&data, &[source], &reserve);
    process.readyz_says("no room to append");
    run(Command::new("kill").args(["-KILL", &process.process.id().to_string()]));
    process.ends();
    let mut process = Logged::run(&data, &[], &reserve);
    process.is_ready();
    assert!(process.rsvps() >= counted);
    assert!(process.stop().success(), "{}", process.said());
    // With the source it also tells what it waits for.
    let mut process = Logged::run(&data, &[source], &reserve);
    process.readyz_says("no room to append");
    assert!(process.rsvps() >= counted);
    assert_eq!(process.stop().code(), Some(75));
}

#[test]
fn an_import_waits_for_room_ends_when_told_and_goes_on_with_the_same_command() {
    let disk = SmallDisk::new(12 * MIB);
    let data = disk.path().join("data");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.ndjson");
    run(headcount()
        .args(["simulate", "--records", "6000"])
        .arg(&file));
    let right = run_json(headcount().args(["count", "--json"]).arg(&file));
    disk.leave(2 * MIB);
    let import = || {
        let mut command = headcount();
        command.args(["import", "--no-archive", "--reserve", "0", "--data"]);
        command.arg(&data).arg(&file);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let log = folder.path().join("log");
    let mut child = import()
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    wait_until("it waits for room", || {
        fs::read_to_string(&log)
            .unwrap()
            .contains("waiting for room")
    });
    run(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let told = Instant::now();
    let status = wait_for("it ends", || child.try_wait().unwrap());
    let said = fs::read_to_string(&log).unwrap();
    assert!(told.elapsed() < ENDS_WITHIN, "{said}");
    assert!(matches!(status.code(), Some(75 | 130)), "{status}: {said}");
    disk.free();
    run(&mut import());
    assert_golden(
        &summary(&data),
        &right,
        &["digest", "kinds", "ledger", "as_of"],
    );
    verify(&data);
}

#[test]
fn room_that_runs_out_stops_one_thing_after_the_other_and_all_go_on_by_themselves() {
    let disk = SmallDisk::new(100 * MIB);
    let data = disk.path().join("data");
    let mut process = Logged::run(&data, &["sim:?rate=20&seed=1"], &["--partitions", "1"]);
    process.is_ready();
    // The reserve is 2 % of 100 MiB; the journal has reserved a segment, and grows by little.
    wait_until("something is counted", || process.rsvps() > 0);
    let level = |level: u32| {
        let metric = format!("headcount_disk_level {level}");
        wait_until(&metric, || process.get("/metrics").1.contains(&metric));
    };
    level(0);
    for (free, reached) in [(7, 1), (3, 2), (1, 3)] {
        disk.leave(free * MIB);
        level(reached);
    }
    process.readyz_says("records are not taken");
    let counted = process.rsvps();
    assert_eq!(process.get("/healthz").0, 200);
    disk.free();
    level(0);
    process.is_ready();
    wait_until("records are taken again", || process.rsvps() > counted);
    assert!(process.stop().success());
    // Each change is told once.
    let said = process.said();
    for sentence in [
        "takes no more records at",
        "records are taken until",
        "records are not taken, and",
    ] {
        assert_eq!(process.says(sentence), 1, "{sentence}:\n{said}");
    }
    verify(&data);
}

#[test]
fn a_process_that_is_told_to_stop_while_records_are_held_back_stores_the_last() {
    let disk = SmallDisk::new(100 * MIB);
    let data = disk.path().join("data");
    let mut process = Logged::run(&data, &["sim:?rate=20&seed=1"], &["--partitions", "1"]);
    process.is_ready();
    // The journal has reserved its segment by then.
    wait_until("something is counted", || process.rsvps() > 0);
    disk.leave(MIB);
    process.readyz_says("records are not taken");
    assert!(process.stop().success(), "{}", process.said());
    verify(&data);
}

#[test]
fn a_data_folder_that_goes_away_ends_the_process_and_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let away = folder.path().join("away");
    let goes: [(&str, &dyn Fn()); 4] = [
        ("removed or renamed", &|| fs::rename(&data, &away).unwrap()),
        ("removed or renamed", &|| fs::remove_dir_all(&data).unwrap()),
        ("another folder", &|| {
            fs::rename(&data, &away).unwrap();
            fs::create_dir_all(data.join("journal/p000")).unwrap();
        }),
        ("removed or renamed", &|| {
            fs::remove_dir_all(data.join("journal/p001")).unwrap();
        }),
    ];
    for (at, (said, go)) in goes.into_iter().enumerate() {
        let mut process = Logged::run(&data, &["sim:?rate=50&seed=1"], &[]);
        process.is_ready();
        wait_until("something is counted", || process.rsvps() > 0);
        go();
        let status = process.ends();
        let log = process.said();
        assert_eq!(status.code(), Some(74), "{log}");
        assert!(
            log.trim_end().lines().last().unwrap().contains(said),
            "{log}"
        );
        // Nothing has made a folder that looks like one of data; only the last one is still there.
        assert!(at == 3 || !data.join("state").exists());
        for path in [&data, &away] {
            let _ = fs::remove_dir_all(path);
        }
    }
}

#[test]
fn two_processes_never_write_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (data, moved) = (folder.path().join("data"), folder.path().join("moved"));
    let mut first = Logged::run(&data, &["sim:?rate=5&seed=1"], &[]);
    first.is_ready();
    // Whatever becomes of the file that says who has the lock, and by whatever name the folder goes.
    fs::remove_file(data.join("journal/lock")).unwrap();
    std::os::unix::fs::symlink(&data, &moved).unwrap();
    for path in [&data, &moved] {
        let mut second = Logged::run(path, &["sim:?rate=5&seed=1"], &[]);
        let status = second.ends();
        assert_eq!(status.code(), Some(73), "{}", second.said());
    }
    assert!(first.stop().success());
}

#[test]
fn an_orderly_stop_says_how_far_the_archive_is_behind_and_the_next_start_archives_it() {
    let disk = SmallDisk::new(8 * MIB);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let lake = disk.path().join("lake");
    let lake = lake.to_str().unwrap();
    let mut process = Logged::run(&data, &["sim:?rate=100&seed=1"], &["--lake", lake]);
    process.is_ready();
    wait_until("something is counted", || process.rsvps() > 0);
    disk.leave(0);
    assert!(process.stop().success(), "{}", process.said());
    let said = process.said();
    assert_eq!(process.says("entries behind the journal"), 1, "{said}");
    assert!(said.contains("the next start archives them"), "{said}");

    disk.free();
    let mut process = Logged::run(&data, &[], &["--lake", lake]);
    process.is_ready();
    assert!(process.stop().success(), "{}", process.said());
    assert_eq!(process.says("behind the journal"), 0, "{}", process.said());
    let archived = run_json(headcount().args(["rebuild", "--json", "--from", lake]));
    assert_eq!(archived["digest"], summary(&data)["digest"]);
}
