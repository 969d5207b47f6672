//! Schedulers and executors as processes.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use headcount_batch::cluster::ClusterAddress;

/// The longest that anything here may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A process of `headcount-batch`, which ends with its test.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    /// Starts one.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, String)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_headcount-batch"))
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start headcount-batch");
        let (send, lines) = channel();
        let errors = BufReader::new(child.stderr.take().expect("its errors"));
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// The first line it logs from now on that has this in it.
    pub(crate) fn line(&mut self, part: &str) -> String {
        let until = Instant::now() + LIMIT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(_) => panic!("no line with {part:?} in\n{}", self.seen.join("\n")),
            }
        }
    }

    /// Kills it as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Tells it to end.
    pub(crate) fn terminate(&self) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        let process = rustix::process::Pid::from_raw(id).expect("a process id");
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("signal");
    }

    /// How it ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return status;
            }
            assert!(
                Instant::now() < until,
                "it did not end:\n{}",
                self.seen.join("\n")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.seen.extend(self.lines.try_iter());
            eprintln!("--- process {}:\n{}", self.child.id(), self.seen.join("\n"));
        }
    }
}

/// A scheduler and executors on free ports of this machine.
pub(crate) struct Cluster {
    pub(crate) address: ClusterAddress,
    pub(crate) scheduler: Process,
    pub(crate) executors: Vec<Process>,
    lake: String,
    environment: Vec<(&'static str, String)>,
}

impl Cluster {
    /// Starts them. A lost executor is noticed as soon as can be.
    pub(crate) fn start(
        lake: &str,
        executors: usize,
        environment: Vec<(&'static str, String)>,
    ) -> Self {
        let mut scheduler = Process::start(
            &[
                "scheduler",
                "--listen",
                "127.0.0.1:0",
                "--executor-timeout",
                "6",
            ],
            &[],
        );
        let line = scheduler.line("listens on");
        let address = line
            .split("listens on ")
            .nth(1)
            .and_then(|rest| rest.split(';').next());
        let address = address.expect("its address").parse().expect("an address");
        let mut cluster = Self {
            address,
            scheduler,
            executors: Vec::new(),
            lake: lake.to_owned(),
            environment,
        };
        for _ in 0..executors {
            cluster.add(None);
        }
        cluster
    }

    /// Starts another executor.
    pub(crate) fn add(&mut self, work_dir: Option<&Path>) {
        let scheduler = self.address.to_string();
        let mut arguments = vec![
            "executor",
            "--scheduler",
            &scheduler,
            "--lake",
            &self.lake,
            "--listen",
            "127.0.0.1:0",
            "--task-port",
            "0",
            "--cores",
            "1",
            "--memory",
            "512",
            "--log",
            "warn,headcount_batch=info,ballista_executor=info",
        ];
        if let Some(dir) = work_dir {
            arguments.extend(["--work-dir", dir.to_str().expect("UTF-8")]);
        }
        let mut executor = Process::start(&arguments, &self.environment);
        executor.line("registration succeed");
        self.executors.push(executor);
    }
}
