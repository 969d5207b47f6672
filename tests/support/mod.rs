//! What the tests of the whole program share: the built program, its data, its API.
#![allow(dead_code, reason = "every test file uses its own part of this")]
#![allow(clippy::unwrap_used, unreachable_pub)]

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use serde_json::Value;

/// How long anything may take before a test calls it stuck.
pub const LIMIT: Duration = Duration::from_secs(120);

/// A live stream says something each second; one that has no figures yet says nothing.
const SILENCE: Duration = Duration::from_secs(2);

/// The four undamaged recordings, which `merged.json` is the answer of.
pub const UNDAMAGED: [&str; 4] = [
    "2015-03-08.ndjson",
    "2017-03-19.ndjson",
    "2017-05-07.ndjson",
    "2018-05-20-pretty.json",
];

/// The built program with arguments.
pub fn headcount() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
    command
        .env_remove("HEADCOUNT_DATA")
        // It may be built beside the program; the tests that want it say so.
        .env("HEADCOUNT_TABLES", "off")
        .env("HEADCOUNT_LOG", "warn");
    command
}

/// The folder of the recordings, or nothing, said aloud, when they are not on this machine.
pub fn recordings() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        env::var_os("HEADCOUNT_SHARED_DATA").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.join("golden").is_dir() {
        return Some(folder);
    }
    eprintln!(
        "NOT TESTED: the recordings are not in {} (set HEADCOUNT_SHARED_DATA to where they are)",
        folder.display()
    );
    None
}

/// The right answer of a recording.
pub fn golden(data: &Path, name: &str) -> Value {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let file = data.join("golden").join(format!("{stem}.json"));
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// Asserts that an answer has every member of the right one, `but` those that depend on order.
#[track_caller]
pub fn assert_golden(found: &Value, golden: &Value, but: &[&str]) {
    let mut wrong = Vec::new();
    for (name, expected) in golden.as_object().unwrap() {
        if !but.contains(&name.as_str()) && found.get(name) != Some(expected) {
            wrong.push(format!(
                "{name}: {:?} instead of {expected}",
                found.get(name)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The members of an answer that may depend on the order and repetition of records.
pub const ORDERED: [&str; 3] = ["records", "malformed", "kinds"];

/// Runs to the end and expects success.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs to the end and reads the JSON it printed.
#[track_caller]
pub fn run_json(command: &mut Command) -> Value {
    serde_json::from_slice(&run(command).stdout).unwrap()
}

/// The answer from what was kept.
#[track_caller]
pub fn summary(data: &Path) -> Value {
    run_json(headcount().args(["summary", "--json", "--data"]).arg(data))
}

/// Expects what is kept to be what the journal gives.
#[track_caller]
pub fn verify(data: &Path) {
    run(headcount().args(["verify", "--data"]).arg(data));
}

/// A process that is ended with the test.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// `headcount run` on a free port, ready to answer.
    pub fn run(data: &Path, sources: &[String], more: &[&str]) -> Self {
        let process = Self::run_unready(data, sources, more);
        process.wait_until("the server is ready", Self::is_ready);
        process
    }

    /// The same, not waited for.
    pub fn run_unready(data: &Path, sources: &[String], more: &[&str]) -> Self {
        Self::run_with(headcount(), data, sources, more)
    }

    /// The same with a prepared command.
    pub fn run_with(mut command: Command, data: &Path, sources: &[String], more: &[&str]) -> Self {
        command.stdin(Stdio::null());
        Self::spawn(command, data, sources, more)
    }

    /// The same, whose source is its standard input; nothing else is taken.
    pub fn run_fed(mut command: Command, data: &Path, more: &[&str]) -> (Self, ChildStdin) {
        command.stdin(Stdio::piped());
        let mut process = Self::spawn(command, data, &["-".to_owned()], more);
        let input = process.child.stdin.take().unwrap();
        (process, input)
    }

    /// The same with its log, which the command sends into a pipe.
    pub fn run_logged(command: Command, data: &Path, sources: &[String]) -> (Self, ChildStderr) {
        Self::run_logged_with(command, data, sources, &[])
    }

    /// The same with more arguments.
    pub fn run_logged_with(
        mut command: Command,
        data: &Path,
        sources: &[String],
        more: &[&str],
    ) -> (Self, ChildStderr) {
        command.stdin(Stdio::null());
        let mut process = Self::spawn(command, data, sources, more);
        let log = process.child.stderr.take().unwrap();
        (process, log)
    }

    fn spawn(mut command: Command, data: &Path, sources: &[String], more: &[&str]) -> Self {
        let address = free_address();
        command
            .arg("run")
            .arg("--data")
            .arg(data)
            .args(["--listen", &address.to_string()]);
        for source in sources {
            command.args(["--source", source]);
        }
        command.args(more);
        Self {
            child: command.spawn().unwrap(),
            address,
        }
    }

    /// `headcount stream` on a free port, listening.
    pub fn stream(more: &[&str]) -> Self {
        let address = free_address();
        let mut command = headcount();
        command
            .args(["stream", "--listen", &address.to_string()])
            .args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.contains(&address.to_string()), "{line}");
        Self { child, address }
    }

    /// A server of another make that prints its port first.
    pub fn peer(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port: u16 = line.trim().parse().unwrap();
        Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        }
    }

    /// SIGSTOP: it does nothing, and does not know it.
    pub fn pause(&self) {
        run(Command::new("kill").args(["-STOP", &self.child.id().to_string()]));
    }

    /// SIGCONT.
    pub fn resume(&self) {
        run(Command::new("kill").args(["-CONT", &self.child.id().to_string()]));
    }

    /// Whether it can serve figures.
    pub fn is_ready(&self) -> bool {
        get(self.address, "/readyz").0 == 200
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub fn tell_to_stop(&self) {
        run(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// SIGTERM, and a clean end is expected.
    #[track_caller]
    pub fn stop(mut self) {
        self.tell_to_stop();
        let status = ended_within(&mut self.child, LIMIT).expect("the process ends");
        assert!(status.success(), "{status}");
    }

    /// It ends by itself, and says that something is wrong.
    #[track_caller]
    pub fn ends_with_an_error(mut self) {
        let status = ended_within(&mut self.child, LIMIT).expect("the process ends");
        assert!(!status.success(), "{status}");
    }

    /// Waits for a condition, with a limit, and looks again when the process tells that something has changed: with every
    /// event of its live stream. Before it listens it cannot tell, so until then it is asked.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        loop {
            if condition(self) {
                return;
            }
            if let Some(mut stream) = open_live(self.address) {
                while stream.next_event() && start.elapsed() < LIMIT {
                    if condition(self) {
                        return;
                    }
                }
            }
            assert!(
                start.elapsed() < LIMIT,
                "waited {LIMIT:?} and still not: {what}"
            );
            pause();
        }
    }

    /// The answer of the running process.
    pub fn summary(&self) -> Value {
        let (status, body) = get(self.address, "/api/v1/summary");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody listens on now.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// GET by hand: status and body. Status 0 when nobody listens.
pub fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return (0, String::new());
    };
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    if stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_end(&mut answer))
        .is_err()
    {
        return (0, String::new());
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let body = if head.to_lowercase().contains("transfer-encoding: chunked") {
        dechunk(body)
    } else {
        body.to_owned()
    };
    (status, body)
}

fn dechunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        if length == 0 {
            break;
        }
        whole.push_str(&rest[..length]);
        body = rest[length..].trim_start_matches("\r\n");
    }
    whole
}

/// Waits for a condition, with a limit.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(what, || condition().then_some(()));
}

/// Waits for a value, with a limit.
#[track_caller]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(
            start.elapsed() < LIMIT,
            "waited {LIMIT:?} and still not: {what}"
        );
        pause();
    }
}

/// A moment between two looks, so that whoever is waited for gets the processor.
pub fn pause() {
    let (_alive, pause) = mpsc::channel::<()>();
    let _ = pause.recv_timeout(Duration::from_millis(10));
}

/// How far a test goes: as for every change, or with `HEADCOUNT_TESTS=full` to the length that a release deserves.
pub fn extent<T>(usual: T, full: T) -> T {
    if env::var("HEADCOUNT_TESTS").is_ok_and(|value| value == "full") {
        full
    } else {
        usual
    }
}

/// Numbers from a seed that is printed, so that a failure can be repeated with SEED=...
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        let seed = env::var("SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| {
                u64::from(std::process::id()) ^ Instant::now().elapsed().as_nanos() as u64 ^ 0x5eed
            });
        eprintln!("SEED={seed}");
        Self(seed | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// Ends a child after a while, unless it has ended by itself; whether it was killed.
pub fn kill_after(child: &mut Child, after: Duration) -> bool {
    if ended_within(child, after).is_some() {
        return false;
    }
    let killed = child.kill().is_ok();
    child.wait().unwrap();
    killed
}

/// How a child ends, if it does within a while: the kernel tells.
pub fn ended_within(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let id = Pid::from_child(child);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        // The child stays to be waited for by its owner, so its number belongs to no other process meanwhile.
        let _ = waitid(
            WaitId::Pid(id),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        );
        let _ = tell.send(());
    });
    told.recv_timeout(limit).ok()?;
    Some(child.wait().unwrap())
}

/// An open live stream of figures.
struct LiveEvents(BufReader<TcpStream>);

/// The live stream of a process; nothing when nobody listens or no stream is given.
fn open_live(address: SocketAddr) -> Option<LiveEvents> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let request = format!("GET /api/v1/live HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    line.contains(" 200 ").then_some(LiveEvents(stream))
}

impl LiveEvents {
    /// Waits for the next event or sign of life, or for some silence: false when the stream has ended.
    fn next_event(&mut self) -> bool {
        let mut line = Vec::new();
        match self.0.read_until(b'\n', &mut line) {
            // A process that shows nothing, one that only ingests say, sends nothing but signs of life.
            Ok(length) => length > 0,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

/// The records of a recording, one JSON text each; broken lines left out.
pub fn lines_of(file: &Path) -> Vec<String> {
    let mut lines = all_lines_of(file);
    lines.retain(|line| serde_json::from_str::<Value>(line).is_ok());
    lines
}

/// The same with broken lines, as somebody sends them who does not look.
pub fn all_lines_of(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    if let Ok(Value::Array(records)) = serde_json::from_str(&text) {
        return records.iter().map(Value::to_string).collect();
    }
    text.lines().map(ToOwned::to_owned).collect()
}
