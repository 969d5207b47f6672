//! Wrong command lines: each ends at once with the code of sysexits.h that says what kind of mistake it is, one clear
//! sentence on standard error, and nothing on standard output.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    shim::{Fault, Shim, WRITING},
    stage::{ends, ends_well, said},
    support::*,
};

/// What stands for what in the command lines below.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        run(headcount()
            .args(["simulate", "--records", "20"])
            .arg(scene.path("RECORDING")));
        for data in ["DATA", "NEWER", "NEWER-LAKE"] {
            run(headcount()
                .args(["import", "--data"])
                .arg(scene.path(data))
                .arg(scene.path("RECORDING")));
        }
        for file in ["NEWER/journal/journal.json", "NEWER-LAKE/lake/lake.json"] {
            scene.becomes_newer(file);
        }
        fs::create_dir(scene.path("FOLDER")).unwrap();
        fs::write(scene.path("TEXT"), "nobody came\n").unwrap();
        scene
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Gives a description the version of a later program.
    fn becomes_newer(&self, file: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        let (before, after) = text.split_once("\"version\":").unwrap();
        let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        fs::write(self.path(file), format!("{before}\"version\":999{after}")).unwrap();
    }

    /// A command in this folder, so that the names above are paths.
    fn command(&self, line: &str) -> Command {
        let mut command = headcount();
        command
            .args(line.split(' ').filter(|word| !word.is_empty()))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Expects a command to be refused.
    fn refused(&self, line: &str, code: i32, words: &str) {
        self.is_refused(&mut self.command(line), line, code, words);
    }

    fn is_refused(&self, command: &mut Command, line: &str, code: i32, words: &str) {
        let output = ends(command);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(
            said.contains(words),
            "{line}: {said:?} does not say {words:?}"
        );
        let is_sentence =
            |line: &str| line.starts_with("headcount: ") || line.starts_with("error: ");
        assert!(said.lines().any(is_sentence), "{line}: {said}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{line}");
    }
}

/// All commands, with what they need to begin.
const COMMANDS: [&str; 16] = [
    "demo --no-open --data NEW",
    "run --data NEW --source sim:",
    "count RECORDING",
    "import --data NEW RECORDING",
    "summary --data DATA",
    "verify --data DATA",
    "rebuild --data DATA",
    "status --lake DATA/lake",
    "simulate --records 1",
    "stream",
    "dead-letters list --data DATA",
    "dead-letters show 1 --data DATA",
    "journal verify --data DATA",
    "journal stat --data DATA",
    "backup COPY --data DATA",
    "restore COPY RESTORED",
];

#[test]
fn every_command_refuses_an_option_that_it_does_not_have() {
    let scene = Scene::new();
    for command in COMMANDS {
        for (more, words) in [
            ("--frobnicate", "unexpected argument '--frobnicate'"),
            ("--log", "a value is required"),
            ("--log=!", "write info, debug or crate=level"),
        ] {
            scene.refused(&format!("{command} {more}"), 64, words);
        }
    }
    assert!(!scene.path("NEW").exists(), "nothing was started");
}

#[test]
fn every_command_on_data_says_why_it_cannot_work_with_a_folder() {
    let scene = Scene::new();
    for command in COMMANDS {
        let Some((before, after)) = command.split_once("--data ") else {
            continue;
        };
        let after = after.split_once(' ').map_or("", |(_, after)| after);
        let makes = command.contains("NEW");
        let refused = |data: &str, code, words: &str| {
            let listens = before.starts_with("demo") || before.starts_with("run");
            let listen = if listens { "--listen 127.0.0.1:0" } else { "" };
            let line = format!("{before} --data {data} {listen} {after}");
            scene.refused(&line, code, words);
        };
        refused("NEWER", 78, "has format version 999");
        match makes {
            true => refused("TEXT", 73, "TEXT is a file"),
            false => refused("TEXT", 66, "TEXT holds no journal"),
        }
        match makes {
            true => refused("TEXT/in", 73, "choose another with --data"),
            false => refused("NEW", 66, "NEW holds no journal"),
        }
        scene.refused(
            &format!("{before} {after} --data"),
            64,
            "a value is required",
        );
        scene.refused(
            &format!("{before} {after} --data="),
            64,
            "a value is required",
        );
    }
    assert!(!scene.path("NEW").exists(), "nothing was made");
}

/// Command lines, their codes and what is said.
const MISTAKES: &[(&str, i32, &str)] = &[
    ("backup", 64, "<DIR>"),
    ("backup COPY --data ABSENT", 66, "ABSENT holds no journal"),
    ("restore", 64, "<BACKUP>"),
    ("restore COPY", 64, "<DIR>"),
    ("restore NOTHING RESTORED", 66, "NOTHING"),
    ("restore FOLDER RESTORED", 66, "FOLDER"),
    ("frobnicate", 64, "frobnicate"),
    ("summary --data DATA more", 64, "more"),
    (
        "summary --data DATA --data DATA",
        64,
        "cannot be used multiple times",
    ),
    ("summary --serving redis://x", 64, "cassandra://"),
    ("count", 64, "FILE"),
    ("count NOTHING", 66, "NOTHING: No such file"),
    ("count RECORDING --threads 0", 64, "0 is not in 1..=256"),
    ("count RECORDING --threads many", 64, "--threads"),
    ("import", 64, "FILE"),
    ("import --data NEW NOTHING", 66, "no file or folder NOTHING"),
    ("import --data NEW RECORDING --partitions 0", 64, "1..=1000"),
    (
        "import --data NEW RECORDING --partitions 1001",
        64,
        "1..=1000",
    ),
    ("import --data NEW RECORDING --lake ftp://x", 64, "s3://"),
    (
        "import --data NEW RECORDING --lake TEXT",
        78,
        "TEXT cannot be a lake: it is a file",
    ),
    (
        "import --data NEW RECORDING --journal redis://x",
        64,
        "kafka://",
    ),
    (
        "import --data NEW RECORDING --people-key NOTHING",
        66,
        "NOTHING",
    ),
    (
        "import --data NEW RECORDING --people-key FOLDER",
        66,
        "FOLDER",
    ),
    (
        "import --data NEW RECORDING --people-key TEXT",
        78,
        "chmod 600",
    ),
    (
        "import --data NEW RECORDING --people-key TEXT --keep-people",
        64,
        "cannot be used with",
    ),
    (
        "import --data NEW RECORDING --worker=",
        64,
        "a value is required",
    ),
    (
        "run --data NEW --source sim: --worker=",
        64,
        "a value is required",
    ),
    ("import --data NEW s3://", 64, "s3://"),
    (
        "import --data NEWER-LAKE RECORDING",
        78,
        "has format version 999",
    ),
    (
        "rebuild --from NEWER-LAKE/lake",
        78,
        "has format version 999",
    ),
    ("rebuild --from NOTHING", 66, "there is no lake in NOTHING"),
    ("rebuild --from TEXT", 66, "there is no lake in TEXT"),
    ("rebuild --from FOLDER", 66, "FOLDER holds no archive"),
    ("rebuild --data DATA --judged-at noon", 64, "--judged-at"),
    (
        "rebuild --data DATA --judged-at 99999999999999999999",
        64,
        "--judged-at",
    ),
    ("status", 64, "--lake"),
    ("status --lake ftp://x", 64, "s3://"),
    ("status --lake TEXT", 66, "there is no lake in TEXT"),
    ("simulate", 64, "--records"),
    ("simulate --records many", 64, "--records"),
    ("simulate --records 99999999999999999999", 64, "--records"),
    (
        "simulate --records 1 --rate 0",
        64,
        "a rate of 0 is not possible",
    ),
    (
        "simulate --records 1 --rate nan",
        64,
        "a rate of NaN is not possible",
    ),
    (
        "simulate --records 1 --rate 1e999",
        64,
        "a rate of inf is not possible",
    ),
    ("simulate --records 1 FOLDER", 73, "FOLDER"),
    ("simulate --records 1 NOTHING/file", 73, "NOTHING/file"),
    ("stream --recording NOTHING", 66, "NOTHING: No such file"),
    ("stream --recording FOLDER", 65, "nothing to serve"),
    ("stream --recording TEXT", 65, "nothing to serve"),
    ("stream --speed 0", 64, "a speed of 0 is not possible"),
    ("stream --speed fast", 64, "or max"),
    ("stream --listen here", 64, "write 127.0.0.1:8080"),
    ("stream --listen 127.0.0.1:99999", 64, "up to 65535"),
    ("stream --listen 0.0.0.0:0", 64, "--unprotected"),
    ("dead-letters", 64, "requires a subcommand"),
    ("dead-letters show x --data DATA", 64, "OFFSET"),
    (
        "dead-letters show 99 --data DATA",
        66,
        "there is no dead letter 99",
    ),
    ("journal", 64, "requires a subcommand"),
    ("journal frobnicate", 64, "frobnicate"),
    (
        "demo --no-open --data NEW --rate 0",
        64,
        "rate=0 is not possible",
    ),
    ("run --data ABSENT", 64, "holds no journal"),
    ("run --data NEW --source gopher://x", 64, "ws://"),
    ("run --data NEW --source file:", 64, "needs a path"),
    ("run --data NEW --source ws://", 64, "names one host"),
    ("run --data NEW --source http://", 64, "names one host"),
    ("run --data NEW --source ws://h:99999/x", 64, "1 to 65535"),
    (
        "run --data NEW --source file:NOTHING",
        66,
        "NOTHING: No such file",
    ),
    (
        "run --data NEW --source sim:?rate=0",
        64,
        "rate=0 is not possible",
    ),
    (
        "run --data NEW --source sim:?rate=1e9",
        64,
        "rate=1e9 is not possible",
    ),
    ("run --data NEW --source sim:?speed=1", 64, "speed"),
    (
        "run --data NEW --source file:RECORDING?speed=-1",
        64,
        "speed=-1 is not possible",
    ),
    (
        "run --data NEW --source file:RECORDING?follow=maybe",
        64,
        "follow=maybe is not possible",
    ),
    (
        "run --data NEW --source - --source -",
        64,
        "standard input can be read only once",
    ),
    ("run --data NEW --source sim: --role king", 64, "process"),
    (
        "run --data NEW --source sim: --role serve",
        64,
        "--role ingest",
    ),
    (
        "run --data NEW --source sim: --checkpoint-every 0",
        64,
        "1..=86400",
    ),
    (
        "run --data NEW --source sim: --listen 8080",
        64,
        "write :8080",
    ),
    (
        "run --data NEW --source sim: --listen 192.0.2.1:80",
        64,
        "--unprotected",
    ),
    (
        "run --data NEW --source sim: --listen 192.0.2.1:80 --unprotected",
        73,
        "choose another with --listen",
    ),
    (
        "run --data NEW --source sim: --host http://x",
        64,
        "the name alone",
    ),
    (
        "run --data DATA --source file:RECORDING --partitions 5 --listen 127.0.0.1:0",
        64,
        "has 2 partitions, not 5",
    ),
];

#[test]
fn every_mistake_has_its_code_and_its_sentence() {
    let scene = Scene::new();
    for (line, code, words) in MISTAKES {
        scene.refused(line, *code, words);
    }
    // What was begun and then refused left no record behind.
    assert_eq!(summary(&scene.path("DATA"))["records"], 20);
}

#[test]
fn the_environment_is_refused_as_the_command_line_is() {
    let scene = Scene::new();
    for (name, value, words) in [
        ("HEADCOUNT_SOURCE", &b"gopher://x"[..], "HEADCOUNT_SOURCE"),
        ("HEADCOUNT_SOURCE", b"sim:\xff", "is not UTF-8"),
        ("HEADCOUNT_ROLE", b"king", "process"),
        ("HEADCOUNT_LISTEN", b"8080", "write :8080"),
        ("HEADCOUNT_CHECKPOINT_EVERY", b"never", "--checkpoint-every"),
        ("HEADCOUNT_LOG", b"!", "write info, debug or crate=level"),
        ("HEADCOUNT_LAKE", b"ftp://x", "s3://"),
        ("HEADCOUNT_HOST", b"a b", "the name alone"),
    ] {
        let mut command = scene.command("run --data NEW");
        command.env(name, std::ffi::OsStr::from_bytes(value));
        scene.is_refused(&mut command, name, 64, words);
    }
}

#[test]
fn odd_surroundings_change_no_answer() {
    let scene = Scene::new();
    let line = "summary --json --data DATA";
    let right = run(&mut scene.command(line)).stdout;
    for locale in ["C", "POSIX", "tr_TR.UTF-8", "no such locale"] {
        let mut command = scene.command(line);
        command.env("LC_ALL", locale).env("LANG", locale);
        assert_eq!(run(&mut command).stdout, right, "{locale}");
    }
    let mut bare = scene.command(line);
    assert_eq!(run(bare.env_clear()).stdout, right);
    // A name that is no text is the name of a file all the same.
    let odd = scene
        .folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"x\xff"));
    fs::copy(scene.path("RECORDING"), &odd).unwrap();
    assert_eq!(
        run_json(scene.command("count --json").arg(&odd))["records"],
        20
    );
    fs::remove_file(&odd).unwrap();
    let mut gone = scene.command("count");
    scene.is_refused(gone.arg(&odd), "a name that is no text", 66, "No such file");
}

/// Runs a command by the shell with its standard streams as given there.
fn redirected(scene: &Scene, line: &str, streams: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("exec \"$0\" {line} {streams}")])
        .arg(env!("CARGO_BIN_EXE_headcount"))
        .env("HEADCOUNT_LOG", "warn")
        .current_dir(scene.folder.path());
    shell
}

#[test]
fn closed_and_full_streams_are_no_surprise() {
    let scene = Scene::new();
    for line in [
        "summary --data DATA",
        "count RECORDING",
        "verify --data DATA",
    ] {
        for streams in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
            let output = ends(&mut redirected(&scene, line, streams));
            assert!(
                output.status.success(),
                "{line} {streams}: {}",
                said(&output)
            );
        }
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = scene.command(line).stdout(full).output().unwrap();
        ends_well(&output, line);
        assert_eq!(output.status.code(), Some(75), "{line}");
        assert!(said(&output).contains("write to standard output"), "{line}");
    }
    let output = ends(&mut redirected(&scene, "count -", "<&-"));
    assert!(output.status.success(), "{}", said(&output));
    // Standard input that is a folder cannot be read.
    let mut command = scene.command("count -");
    command.stdin(File::open(scene.path("FOLDER")).unwrap());
    scene.is_refused(&mut command, "count - < FOLDER", 66, "directory");
}

#[test]
fn what_may_not_be_read_or_written_is_named() {
    let scene = Scene::new();
    let shimmed = |line: &str, calls: &[&str], fault, folder: &Path| {
        let mut command = scene.command(line);
        let shim = Shim {
            last: u64::MAX >> 1,
            ..Shim::nth(calls, fault, 1)
        };
        shim.load(&mut command, folder);
        command
    };
    let here = scene.folder.path();
    for line in ["count", "import --data NEW"] {
        let recording = scene.path("RECORDING");
        let line = format!("{line} {}", recording.display());
        let output = ends(&mut shimmed(&line, &["open"], Fault::Forbidden, &recording));
        ends_well(&output, &line);
        assert_eq!(output.status.code(), Some(66), "{line}");
        assert!(said(&output).contains("Permission denied"), "{line}");
    }
    // A file system that became read-only: nothing is written, and what is there can still be asked.
    let data = scene.path("DATA").display().to_string();
    let line = format!("import --data {data} TEXT");
    let output = ends(&mut shimmed(&line, &WRITING, Fault::ReadOnly, here));
    ends_well(&output, &line);
    assert!(!output.status.success(), "{}", said(&output));
    let line = format!("summary --json --data {data}");
    let answer = run_json(&mut shimmed(&line, &WRITING, Fault::ReadOnly, here));
    assert_eq!(answer["records"], 20);
}
