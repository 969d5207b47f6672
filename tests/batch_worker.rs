//! The batch worker beside the live process: started, watched, started again and ended by it, and never waited for.
//!
//! Most of it is tested with a stand-in, which this file is as well: [`stand_in`] speaks for `headcount-batch serve`.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    env,
    fs::{self, Permissions},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
};

use serde_json::Value;
use support::*;
use tempfile::TempDir;

const BUILD: &str = "cargo build --release -p headcount-batch";
/// Where the stand-in writes what happens to it.
const EVENTS: &str = "STAND_IN_EVENTS";

/// A folder with a data folder, a stand-in and what it has written.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("headcount-batch")
    }

    /// An executable of this text.
    fn install(&self, script: &str) {
        let beside = self.folder.path().join("new");
        fs::write(&beside, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&beside, Permissions::from_mode(0o755)).unwrap();
        fs::rename(beside, self.program()).unwrap();
    }

    /// The stand-in; `before` is done first.
    fn install_stand_in(&self, before: &str) {
        let this = env::current_exe().unwrap();
        let events = self.events_file();
        self.install(&format!(
            "{before}\nSTAND_IN_ARGS=\"$*\" {EVENTS}='{}' exec '{}' stand_in --exact --ignored --nocapture",
            events.display(),
            this.display()
        ));
    }

    fn events_file(&self) -> PathBuf {
        self.folder.path().join("events")
    }

    fn events(&self) -> Vec<String> {
        let text = fs::read_to_string(self.events_file()).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    fn has_happened(&self, what: &str) {
        wait_until(what, || self.events().iter().any(|event| event == what));
    }

    /// The number of the last stand-in that was started.
    fn pid(&self) -> u32 {
        let events = self.events();
        let mut pids = events
            .iter()
            .rev()
            .filter_map(|event| event.strip_prefix("pid "));
        pids.next().expect("it was started").parse().unwrap()
    }

    fn command(&self) -> Command {
        let mut command = headcount();
        command
            .env("HEADCOUNT_TABLES", "on")
            .env("HEADCOUNT_BATCH", self.program())
            .env("HEADCOUNT_LOG", "info")
            .stderr(fs::File::create(self.log_file()).unwrap());
        command
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap()
    }

    fn run(&self) -> Process {
        let sources = ["sim:?rate=20&seed=1".to_owned()];
        let process = Process::run_with(self.command(), &self.data(), &sources, &[]);
        process.wait_until("the server is ready", Process::is_ready);
        process
    }
}

/// What `/api/v1/batch` says, which never fails.
fn state(process: &Process) -> Value {
    let (status, body) = get(process.address, "/api/v1/batch");
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn is_available(process: &Process) -> bool {
    state(process)["available"] == true
}

fn metric(process: &Process, name: &str) -> u64 {
    let (_, text) = get(process.address, "/metrics");
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    values.next().expect("it is shown")
}

/// The status and the body of the answer to a statement.
fn ask(address: SocketAddr, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let request = format!(
        "POST /api/v1/sql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn is_alive(pid: u32) -> bool {
    // A zombie has a name and no memory.
    fs::read_to_string(format!("/proc/{pid}/statm")).is_ok_and(|text| !text.starts_with('0'))
}

fn end(process: Process) -> ExitStatus {
    process.tell_to_stop();
    let mut process = process;
    wait_for("the process ends", || process.ended())
}

/// Not a test: the stand-in for `headcount-batch serve`. It answers every request with its address, `/api/v1/boards/die`
/// by dying, and tells what it is told.
#[test]
#[ignore = "a program that the tests start"]
fn stand_in() {
    let Some(events) = env::var_os(EVENTS) else {
        return;
    };
    let tell = move |what: &str| {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&events)
            .unwrap();
        file.write_all(format!("{what}\n").as_bytes()).unwrap();
    };
    let args = env::var("STAND_IN_ARGS").unwrap();
    tell(&format!("args {args}"));
    for name in [
        "HEADCOUNT_LAKE",
        "HEADCOUNT_SOURCE",
        "HEADCOUNT_CASSANDRA_PASSWORD",
    ] {
        if env::var_os(name).is_some() {
            tell(&format!("knows {name}"));
        }
    }
    tell(&format!("pid {}", std::process::id()));
    let mut words = args.split(' ').skip_while(|word| *word != "--socket");
    let socket = words.nth(1).unwrap().to_owned();
    fs::create_dir_all(Path::new(&socket).parent().unwrap()).unwrap();
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(socket).unwrap();
    let watched = tell.clone();
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        watched("input ended");
        std::process::exit(0);
    });
    let signals = tell.clone();
    thread::spawn(move || told_by_signal(&signals));
    for stream in listener.incoming() {
        let tell = tell.clone();
        thread::spawn(move || answer(stream.unwrap(), &tell));
    }
}

/// Ends the process when a signal comes, unless the script that started it has switched that off.
fn told_by_signal(tell: &impl Fn(&str)) {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let name = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).unwrap();
        let mut interrupt = signal(SignalKind::interrupt()).unwrap();
        tokio::select! {
            _ = terminate.recv() => "terminated",
            _ = interrupt.recv() => "interrupted",
        }
    });
    tell(name);
    if env::var_os("STAND_IN_IS_DEAF").is_none() {
        std::process::exit(0);
    }
}

fn answer(mut stream: UnixStream, tell: &impl Fn(&str)) {
    let mut bytes = [0; 4096];
    let length = stream.read(&mut bytes).unwrap_or(0);
    let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
    let Some(path) = request.split(' ').nth(1) else {
        return; // somebody looks whether it listens
    };
    if path == "/api/v1/boards/die" {
        eprintln!("the last word of the stand-in");
        std::process::exit(3);
    }
    tell(&format!("asked {path}"));
    let body = format!("{{\"available\":true,\"path\":\"{path}\"}}");
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes());
    // Until the other side has it.
    let _ = stream.read(&mut bytes);
}

#[test]
fn it_is_started_with_what_it_needs_and_ended_by_a_signal() {
    let scene = Scene::new();
    scene.install_stand_in("");
    let mut command = scene.command();
    command
        .env("HEADCOUNT_SOURCE", "sim:?rate=20&seed=1")
        .env("HEADCOUNT_CASSANDRA_PASSWORD", "secret");
    let lake = scene.folder.path().join("lake");
    let postgres = "postgres://me@host/db";
    let more = ["--lake", lake.to_str().unwrap(), "--postgres", postgres];
    let process = Process::run_with(command, &scene.data(), &[], &more);
    wait_until("it answers", || {
        get(process.address, "/api/v1/batch").0 == 200 && is_available(&process)
    });
    let args = format!(
        "args serve --data {0} --lake {1} --postgres {postgres} --socket {0}/batch/worker.sock --live http://{2} --watch-stdin",
        scene.data().display(),
        lake.display(),
        process.address
    );
    let events = scene.events();
    assert_eq!(events[0], args);
    assert!(events[1].starts_with("pid "), "{events:?}");
    assert_eq!(metric(&process, "headcount_batch_worker_up "), 1);
    assert_eq!(
        metric(&process, "headcount_batch_worker_restarts_total "),
        0
    );
    let (status, body) = ask(process.address, "{\"sql\":\"SELECT 1\"}");
    assert_eq!(status, 200);
    assert!(body.contains("/api/v1/sql"), "{body}");
    // It gives way to the live process.
    let score = fs::read_to_string(format!("/proc/{}/oom_score_adj", scene.pid())).unwrap();
    assert_eq!(score.trim(), "500");
    let pid = scene.pid();
    assert!(end(process).success());
    assert_eq!(scene.events().last().unwrap(), "terminated");
    assert!(!is_alive(pid));
}

#[test]
fn it_is_started_again_when_it_dies_and_the_live_process_goes_on() {
    let scene = Scene::new();
    scene.install_stand_in("");
    let process = scene.run();
    for died in 1..=2 {
        process.wait_until("it answers", is_available);
        let (status, body) = get(process.address, "/api/v1/boards/die");
        assert_eq!(status, 503, "{body}");
        assert!(body.contains("starts it again"), "{body}");
        assert!(process.is_ready());
        wait_until("it was started again", || {
            metric(&process, "headcount_batch_worker_restarts_total ") == died
        });
    }
    process.wait_until("it answers", is_available);
    let log = scene.log();
    assert!(log.contains("the last word of the stand-in"), "{log}");
    assert!(
        log.contains("the batch worker ended (exit status: 3); starting it again in"),
        "{log}"
    );
    assert!(end(process).success());
}

#[test]
fn a_worker_that_always_dies_is_tried_ever_more_rarely() {
    let scene = Scene::new();
    scene.install("echo 'error: the index is damaged' >&2; exit 65");
    let process = scene.run();
    wait_until("it was tried four times", || {
        scene.log().matches("starting it again in").count() >= 4
    });
    let state = state(&process);
    let reason = state["reason"].as_str().unwrap();
    assert!(reason.contains("exit status: 65"), "{state}");
    assert!(state["remedy"].as_str().unwrap().contains("log"), "{state}");
    assert!(process.is_ready());
    assert_eq!(metric(&process, "headcount_batch_worker_up "), 0);
    let log = scene.log();
    assert!(
        log.contains("headcount-batch: error: the index is damaged"),
        "{log}"
    );
    let delays: Vec<f64> = log
        .split("starting it again in ")
        .skip(1)
        .map(|text| text.split(' ').next().unwrap().parse().unwrap())
        .collect();
    for (number, delay) in delays.iter().enumerate() {
        let most = 0.5 * f64::powi(2.0, number as i32);
        // They are said to a tenth of a second.
        assert!(
            (most / 2.0 - 0.06..=most + 0.06).contains(delay),
            "{delays:?}"
        );
    }
    // Nobody waits for the next attempt.
    assert!(end(process).success());
}

#[test]
fn it_ends_when_the_live_process_is_killed() {
    let scene = Scene::new();
    scene.install_stand_in("");
    let process = scene.run();
    process.wait_until("it answers", is_available);
    let pid = scene.pid();
    process.kill();
    scene.has_happened("input ended");
    wait_until("it is gone", || !is_alive(pid));
}

#[test]
fn a_worker_that_does_not_end_is_killed_with_its_children() {
    let scene = Scene::new();
    let child = scene.folder.path().join("child");
    scene.install_stand_in(&format!(
        "sleep 1000 &\necho $! >'{}'\nexport STAND_IN_IS_DEAF=1",
        child.display()
    ));
    let process = scene.run();
    process.wait_until("it answers", is_available);
    let pids = [
        scene.pid(),
        fs::read_to_string(child).unwrap().trim().parse().unwrap(),
    ];
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    assert!(end(process).success());
    assert_eq!(scene.events().last().unwrap(), "terminated");
    wait_until("both are gone", || !pids.iter().any(|pid| is_alive(*pid)));
    let log = scene.log();
    assert!(log.contains("did not end within 10 s"), "{log}");
}

#[test]
fn ctrl_c_reaches_it_in_its_turn() {
    let scene = Scene::new();
    scene.install_stand_in("");
    let mut command = scene.command();
    command.process_group(0);
    let sources = ["sim:?rate=20&seed=1".to_owned()];
    let mut process = Process::run_with(command, &scene.data(), &sources, &[]);
    process.wait_until("the server is ready", Process::is_ready);
    process.wait_until("it answers", is_available);
    // As a terminal does it: to the whole group.
    run(Command::new("kill").args(["-INT", "--", &format!("-{}", process.id())]));
    let status = wait_for("the process ends", || process.ended());
    assert!(status.success(), "{status}");
    let events = scene.events();
    assert_eq!(events.last().unwrap(), "terminated", "{events:?}");
    assert!(!scene.log().contains("starting it again"));
}

#[test]
fn it_may_be_built_later() {
    let scene = Scene::new();
    let process = scene.run();
    process.wait_until("it is missed", |process| {
        state(process)["remedy"].as_str().unwrap().contains(BUILD)
    });
    let state = state(&process);
    assert_eq!(state["available"], false);
    let reason = state["reason"].as_str().unwrap();
    assert!(
        reason.contains(scene.program().to_str().unwrap()),
        "{reason}"
    );
    let (status, body) = ask(process.address, "{}");
    assert_eq!(status, 503);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["detail"], reason);
    assert!(body["remedy"].as_str().unwrap().contains(BUILD), "{body}");
    assert!(process.is_ready());
    scene.install_stand_in("");
    process.wait_until("it answers", is_available);
    assert_eq!(scene.log().matches("no tables and no SQL").count(), 1);
    assert!(end(process).success());
}

#[test]
fn it_can_be_left_out_and_run_alone() {
    let scene = Scene::new();
    scene.install_stand_in("");
    let sources = ["sim:?rate=20&seed=1".to_owned()];
    let off = ["--tables", "off"];
    let process = Process::run_with(scene.command(), &scene.data(), &sources, &off);
    process.wait_until("the server is ready", Process::is_ready);
    let said = state(&process);
    assert!(
        said["reason"].as_str().unwrap().contains("--tables off"),
        "{said}"
    );
    assert_eq!(metric(&process, "headcount_batch_worker_up "), 0);

    // Another process keeps the tables of the same folder.
    let role = ["--role", "batch"];
    let worker = Process::run_with(scene.command(), &scene.data(), &[], &role);
    worker.wait_until("it is ready", Process::is_ready);
    worker.wait_until("it answers", is_available);
    assert!(end(worker).success());
    assert!(end(process).success());

    for (args, code, words) in [
        (&["--role", "batch", "--tables", "off"][..], 64, "drop one"),
        (
            &["--role", "batch", "--source", "sim:"],
            64,
            "--role ingest",
        ),
        (
            &["--tables", "off", "--postgres", "postgres://host/db"],
            64,
            "drop one",
        ),
        (&["--postgres", "mysql://host/db"], 64, "PGPASSWORD"),
    ] {
        let output = headcount().arg("run").args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let missing = Scene::new();
    let output = missing
        .command()
        .args(["run", "--role", "batch", "--data"])
        .arg(missing.data())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains(BUILD), "{said}");
}

#[test]
fn its_commands_are_handed_over_as_they_are() {
    let scene = Scene::new();
    scene.install("printf '[%s]' \"$@\"; echo; cat; echo \"log $HEADCOUNT_LOG\" >&2; exit 3");
    let commands = [
        "tables",
        "sql",
        "report",
        "scheduler",
        "executor",
        "run-jobs",
    ];
    for name in commands {
        for args in [
            &[][..],
            &["--help"],
            &["--json", "-n", "SELECT 1; -- \"x\"", "", "--", "-"],
            &["--version"],
            &["--", "-- a comment"],
            &["verify", "--data", "DIR", "--log", "trace"],
        ] {
            let mut command = scene.command();
            command.arg(name).args(args);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let mut input = child.stdin.take().unwrap();
            input.write_all(b"from input").unwrap();
            drop(input);
            let output = child.wait_with_output().unwrap();
            let said: String = [name]
                .iter()
                .chain(args)
                .map(|arg| format!("[{arg}]"))
                .collect();
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                format!("{said}\nfrom input")
            );
            assert_eq!(String::from_utf8_lossy(&output.stderr), "log info\n");
            assert_eq!(output.status.code(), Some(3));
        }
    }
    let mut command = scene.command();
    command
        .args(["--log", "debug", "sql", "--help"])
        .stderr(Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "log debug\n");

    // It is the same process from then on, so a signal reaches it.
    scene.install("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
    let mut command = scene.command();
    let mut child = command.arg("sql").stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    run(Command::new("kill").args(["-TERM", &child.id().to_string()]));
    let status = ended_within(&mut child, LIMIT).expect("it ends");
    assert_eq!(status.code(), Some(7));

    let missing = Scene::new();
    for name in commands {
        let mut command = missing.command();
        let output = command.arg(name).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{said}");
        assert!(said.contains(BUILD), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(output.stdout.is_empty());
    }
    let help = run(headcount().arg("--help"));
    let help = String::from_utf8(help.stdout).unwrap();
    for name in commands {
        let line = help
            .lines()
            .find(|line| line.trim_start().starts_with(name));
        assert!(
            line.is_some_and(|line| line.contains("headcount-batch")),
            "{help}"
        );
    }
}

/// With the worker itself, where it is built: its answer is the one on the page.
#[test]
fn the_worker_itself_answers_through_the_live_process() {
    let own = Path::new(env!("CARGO_BIN_EXE_headcount"));
    let program = own.with_file_name("headcount-batch");
    if !program.exists() {
        eprintln!("NOT TESTED: {} is not built", program.display());
        return;
    }
    let scene = Scene::new();
    let mut command = scene.command();
    command.env("HEADCOUNT_BATCH", program);
    let (process, mut input) = Process::run_fed(command, &scene.data(), &[]);
    for id in 1..=500_u64 {
        let time = 1_489_925_470_960_u64 + id;
        let line = serde_json::json!({
            "rsvp_id": 1 + id % 400, "response": "yes", "guests": 0, "mtime": time, "visibility": "public",
            "member": { "member_id": id },
            "event": { "event_id": format!("e{}", id % 7), "event_name": "n" },
            "group": { "group_id": 1, "group_country": "us", "group_city": "c", "group_topics": [] }
        });
        writeln!(input, "{line}").unwrap();
    }
    process.wait_until("all are counted", |process| {
        process.is_ready() && process.summary()["ledger"]["kept"] == 500
    });
    process.wait_until("it answers", is_available);
    let rsvps = process.summary()["rsvps"].as_u64().unwrap();
    assert!(rsvps > 0);
    let statement = "{\"sql\":\"SELECT count(*) AS n FROM rsvps\"}";
    let last = wait_for("the statement is answered", || {
        let (status, body) = ask(process.address, statement);
        (status == 200).then_some(body)
    });
    assert!(last.contains(&format!("[{rsvps}]")), "{last}: {rsvps}");
    assert!(end(process).success());
    assert!(
        !scene.log().contains("starting it again"),
        "{}",
        scene.log()
    );
}
