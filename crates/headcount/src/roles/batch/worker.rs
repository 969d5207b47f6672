//! Starts the batch worker, watches it, starts it again when it has died, and ends it with this process.
//!
//! The worker may die, hang or be missing at any time: nobody here waits for it but the task that watches it. Should this
//! process be killed, the worker's standard input ends, and that is how it learns to end itself.

use std::{fs, io, net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use headcount_clock::{Backoff, Delays};
use headcount_query::BatchWorkerStatus;
use headcount_source::shutdown::{Shutdown, Trigger, shutdown};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, setpriority_process};
use tokio::{
    net::UnixStream,
    process::{Child, ChildStdin, Command},
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{last_lines::LastLines, program::find_program};
use crate::{engines::blocking, event_bus::EventBus, metrics::METRICS};

/// Between attempts to start it again.
const DELAYS: Delays = Delays {
    first: Duration::from_millis(500),
    most: Duration::from_secs(60),
};
/// A worker that lived this long was well: the next delay is the first again.
const WELL: Duration = Duration::from_secs(60);
/// Between two looks for an executable that somebody may be building.
const LOOK: Duration = Duration::from_secs(2);
/// Between two looks whether a worker that was started listens.
const LISTENING: Duration = Duration::from_millis(100);
/// How long it may take to end when it is told to.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How long its last words may take once it is dead: a child of its own may hold the other end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Bytes of a socket's path, on Linux.
const SOCKET_PATH_MAX: usize = 107;
/// Processor time that is scarce belongs to the live process.
const NICENESS: i32 = 10;
/// The kernel that is out of memory takes the worker first.
const OOM_SCORE: &str = "500";
/// What this process gets from its environment and tells the worker itself, or keeps to itself.
const NOT_PASSED_ON: [&str; 6] = [
    "HEADCOUNT_PG_LISTEN",
    "HEADCOUNT_DATA",
    "HEADCOUNT_LAKE",
    "HEADCOUNT_JOURNAL",
    "HEADCOUNT_SOURCE",
    "HEADCOUNT_CASSANDRA_PASSWORD",
];

/// Addresses for the batch worker, as they were typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypedAddresses {
    pub(crate) lake: Option<String>,
    pub(crate) postgres: Option<String>,
    /// Where it serves PostgreSQL's clients. Whether others may reach it has been decided.
    pub(crate) pg_listen: Option<SocketAddr>,
}

/// What the worker is told.
#[derive(Debug)]
pub(crate) struct BatchWorkerOptions {
    /// The data folder.
    pub(crate) data: PathBuf,
    pub(crate) addresses: TypedAddresses,
    /// Where this process serves its counts.
    pub(crate) live: String,
}

/// The task that watches the worker.
pub(crate) struct BatchWorker {
    stop: Trigger,
    task: JoinHandle<()>,
}

struct Supervisor {
    options: BatchWorkerOptions,
    socket: PathBuf,
    status: watch::Sender<BatchWorkerStatus>,
    stopped: Shutdown,
}

/// How one run of the worker ended.
enum RunOutcome {
    /// It was told to.
    Stopped,
    /// By itself; half a sentence says how.
    Died(String),
}

impl BatchWorker {
    /// Starts the worker, now or as soon as there is an executable.
    pub(crate) fn start(
        options: BatchWorkerOptions,
        status: watch::Sender<BatchWorkerStatus>,
        bus: &EventBus,
    ) -> Self {
        let (stop, stopped) = shutdown();
        let supervisor = Supervisor {
            socket: options.data.join("batch").join("worker.sock"),
            options,
            status,
            stopped,
        };
        let guard = bus.guard("the task that watches the batch worker");
        let task = tokio::spawn(async move {
            let _guard = guard;
            supervisor.run().await;
        });
        Self { stop, task }
    }

    /// Ends the worker; it has [`ENDS_WITHIN`] for that.
    pub(crate) fn tell_to_stop(&self) {
        self.stop.stop();
    }

    /// Waits for its end after [`tell_to_stop`](Self::tell_to_stop).
    pub(crate) async fn ended(self) {
        // A panic was reported by the guard.
        let _ = self.task.await;
    }
}

impl Supervisor {
    async fn run(mut self) {
        let length = self.socket.as_os_str().len();
        if length > SOCKET_PATH_MAX {
            let reason = format!(
                "the path of its socket, {}, has {length} bytes, and the system takes {SOCKET_PATH_MAX}",
                self.socket.display()
            );
            let remedy = "start headcount with a data folder whose path is shorter";
            tracing::warn!("no batch worker: {reason}; {remedy}");
            self.is_absent(reason, remedy);
            return;
        }
        let mut backoff = Backoff::new(DELAYS);
        while let Some(program) = self.program().await {
            let started = Instant::now();
            let outcome = self.run_once(program).await;
            METRICS.batch_worker_up.set(0);
            let how = match outcome {
                RunOutcome::Stopped => {
                    self.is_absent("headcount is stopping", "ask again when it is back");
                    return;
                }
                RunOutcome::Died(how) => how,
            };
            if started.elapsed() >= WELL {
                backoff.reset();
            }
            let delay = backoff.next_delay();
            tracing::warn!(
                "the batch worker {how}; starting it again in {:.1} s",
                delay.as_secs_f32()
            );
            self.is_absent(
                format!("the batch worker {how}; headcount starts it again within a minute"),
                "ask again later; the log of headcount has its last words",
            );
            tokio::select! {
                () = self.stopped.requested() => return,
                () = sleep(delay) => {}
            }
            METRICS.batch_worker_restarts.inc();
        }
    }

    /// The executable, waited for if there is none; nothing when it is time to stop before. Somebody who has just built
    /// headcount builds the worker next.
    async fn program(&mut self) -> Option<PathBuf> {
        let mut told = false;
        loop {
            // The search never fails otherwise.
            let found = blocking(|| Ok(find_program())).await.ok()?;
            let missing = match found {
                Ok(program) => return Some(program),
                Err(missing) => missing,
            };
            if !told {
                tracing::info!("no tables and no SQL: {missing}");
                self.is_absent(missing.reason, missing.remedy);
                told = true;
            }
            tokio::select! {
                () = self.stopped.requested() => return None,
                () = sleep(LOOK) => {}
            }
        }
    }

    async fn run_once(&mut self, program: PathBuf) -> RunOutcome {
        self.is_absent("the batch worker is starting", "ask again in a few seconds");
        let (mut child, _input) = match self.spawn(&program) {
            Ok(started) => started,
            Err(error) => {
                let program = program.display();
                return RunOutcome::Died(format!("could not be started ({program}: {error})"));
            }
        };
        give_way(&child);
        let lines = LastLines::default();
        let reading = child
            .stderr
            .take()
            .map(|stderr| tokio::spawn(lines.clone().follow(stderr)));
        let mut listening = false;
        let socket = self.socket.clone();
        let status = loop {
            tokio::select! {
                ended = child.wait() => break ended,
                () = listens(&socket), if !listening => {
                    listening = true;
                    tracing::info!("the batch worker keeps the tables and answers statements");
                    METRICS.batch_worker_up.set(1);
                    self.status.send_replace(BatchWorkerStatus::Listening(socket.clone()));
                }
                () = self.stopped.requested() => {
                    end(child).await;
                    return RunOutcome::Stopped;
                }
            }
        };
        if let Some(reading) = reading {
            // What comes later is lost to the log.
            let _ = timeout(LAST_WORDS, reading).await;
        }
        for line in lines.take() {
            tracing::warn!("headcount-batch: {line}");
        }
        RunOutcome::Died(match status {
            Ok(status) => format!("ended ({status})"),
            Err(error) => format!("cannot be watched ({error})"),
        })
    }

    /// Starts it; its standard input is ours to hold.
    fn spawn(&self, program: &PathBuf) -> io::Result<(Child, Option<ChildStdin>)> {
        let mut command = Command::new(program);
        command.arg("serve").arg("--data").arg(&self.options.data);
        let addresses = &self.options.addresses;
        for (option, value) in [
            ("--lake", &addresses.lake),
            ("--postgres", &addresses.postgres),
        ] {
            if let Some(value) = value {
                command.args([option, value]);
            }
        }
        if let Some(address) = addresses.pg_listen {
            command.args(["--pg-listen", &address.to_string(), "--unprotected"]);
        }
        command.arg("--socket").arg(&self.socket);
        command.args(["--live", &self.options.live, "--watch-stdin"]);
        for name in NOT_PASSED_ON {
            command.env_remove(name);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C is for us; the worker is told in its turn.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        Ok((child, input))
    }

    fn is_absent(&self, reason: impl Into<String>, remedy: impl Into<String>) {
        let status = BatchWorkerStatus::absent(reason, remedy);
        self.status.send_replace(status);
    }
}

/// Lets the live process go first where the system allows to say so.
fn give_way(child: &Child) {
    let Some(id) = pid(child) else { return };
    if let Err(error) = setpriority_process(Some(id), NICENESS) {
        tracing::debug!("the batch worker runs at our priority: {error}");
    }
    let file = format!("/proc/{}/oom_score_adj", id.as_raw_nonzero());
    if let Err(error) = fs::write(&file, OOM_SCORE) {
        tracing::debug!("write {file}: {error}");
    }
}

/// Returns when somebody accepts connections there.
async fn listens(socket: &PathBuf) {
    while UnixStream::connect(socket).await.is_err() {
        sleep(LISTENING).await;
    }
}

/// SIGTERM, and SIGKILL to it and all its children if that does not help.
async fn end(mut child: Child) {
    let Some(id) = pid(&child) else { return };
    // It may have ended a moment ago.
    let _ = kill_process(id, Signal::TERM);
    if timeout(ENDS_WITHIN, child.wait()).await.is_err() {
        tracing::warn!(
            "the batch worker did not end within {} s; killing it",
            ENDS_WITHIN.as_secs()
        );
        let _ = kill_process_group(id, Signal::KILL);
        let _ = child.wait().await;
    }
}

/// Nothing once it has been waited for.
fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(child.id()?.try_into().ok()?)
}
