//! The parent's side: one child process for each statement, a few at once, and an end to each of them.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, timeout_at},
};

use super::{
    error::{SqlError, sqlstate},
    frame::{self, FrameKind},
    request::{AnswerColumn, AnswerEnd, Grant, StatementLimits, StatementRequest},
    sandbox,
};
use crate::snapshot::TablesSnapshot;

/// Statements that run at once.
const RUNNING: usize = 4;
/// Statements that may wait until one of them has ended.
const WAITING: usize = 16;
/// Pieces of an answer that wait for whoever reads it.
const PIECES: usize = 4;
/// What is kept of a child's last words.
const LAST_WORDS: u64 = 16 << 10;

/// Runs statements, each in a process of its own.
#[derive(Clone, Debug)]
pub struct StatementRunner {
    program: Arc<Path>,
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// The answer to a statement, as it comes.
#[derive(Debug)]
pub struct StreamedAnswer {
    /// Its columns.
    pub columns: Vec<AnswerColumn>,
    pieces: mpsc::Receiver<Result<Piece, SqlError>>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes in the format that was asked for.
    Data(Vec<u8>),
    /// It was the last.
    End(AnswerEnd),
}

impl StreamedAnswer {
    /// The next piece; none after the end. Whoever drops the answer ends the statement.
    pub async fn next(&mut self) -> Option<Result<Piece, SqlError>> {
        self.pieces.recv().await
    }

    /// The whole answer in memory.
    ///
    /// # Errors
    /// If the statement fails in the middle.
    pub async fn whole(mut self) -> Result<(Vec<u8>, AnswerEnd), SqlError> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await {
            match piece? {
                Piece::Data(bytes) => all.extend_from_slice(&bytes),
                Piece::End(end) => return Ok((all, end)),
            }
        }
        Err(died("the statement's process has ended without an end"))
    }
}

/// A child at work.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    last_words: Option<ChildStderr>,
    limits: StatementLimits,
    deadline: Instant,
    _place: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl StatementRunner {
    /// `program` is `headcount-batch`.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        if !sandbox::kernel_shuts() {
            tracing::info!(
                "this kernel has no Landlock: statements are held by their limits, and could open files if the engine \
                 had a flaw"
            );
        }
        Self {
            program: program.into(),
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
            running: Arc::new(Semaphore::new(RUNNING)),
        }
    }

    /// Starts a statement and answers when its first rows are there. The time that it may take begins now, waiting for
    /// others included.
    ///
    /// # Errors
    /// If the statement is refused or wrong, if too many run, or if it takes more than it may.
    pub async fn run(&self, request: &StatementRequest) -> Result<StreamedAnswer, SqlError> {
        let deadline = Instant::now() + Duration::from_millis(request.limits.wall_ms);
        let place = self.place(deadline, &request.limits).await?;
        let mut running = self.start(request, deadline, place)?;
        if let Err(error) = running.ask(request).await {
            return Err(running.failed(&error).await);
        }
        let columns = match running.read().await? {
            (FrameKind::Columns, payload) => parsed(&payload)?,
            (FrameKind::Error, payload) => return Err(parsed(&payload)?),
            _ => return Err(died("the statement's process says what nobody asked for")),
        };
        let (sender, pieces) = mpsc::channel(PIECES);
        tokio::spawn(running.pump(sender));
        Ok(StreamedAnswer { columns, pieces })
    }

    async fn place(
        &self,
        deadline: Instant,
        limits: &StatementLimits,
    ) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), SqlError> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| {
            SqlError::new(
                sqlstate::TOO_MANY,
                format!(
                    "{RUNNING} statements run and {WAITING} wait; try again when some have ended"
                ),
            )
        })?;
        let running = timeout_at(deadline, self.running.clone().acquire_owned()).await;
        let running = running.map_err(|_| too_long(limits))?;
        let closed = |_| died("the worker is about to end");
        Ok((admitted, running.map_err(closed)?))
    }

    fn start(
        &self,
        request: &StatementRequest,
        deadline: Instant,
        place: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    ) -> Result<Running, SqlError> {
        let mut command = Command::new(&*self.program);
        command
            .arg("statement")
            .env_clear()
            // The C library reserves 64 MiB of address space for each arena.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if network(&request.snapshot) {
            command.envs(std::env::vars_os().filter(|(name, _)| store_setting(name)));
        }
        let failed = |error: std::io::Error| {
            let program = self.program.display();
            SqlError::new(
                sqlstate::SYSTEM,
                format!("{program} cannot be started: {error}"),
            )
        };
        let mut child = command.spawn().map_err(failed)?;
        let output = child.stdout.take();
        let output =
            output.ok_or_else(|| died("the statement's process has no standard output"))?;
        Ok(Running {
            output: BufReader::with_capacity(64 << 10, output),
            last_words: child.stderr.take(),
            child,
            limits: request.limits.clone(),
            deadline,
            _place: place,
        })
    }
}

/// What a child needs to know of an object store.
fn store_setting(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("AWS_") || name.starts_with("SSL_CERT_")
}

fn network(snapshot: &TablesSnapshot) -> bool {
    let mut tables = snapshot
        .tables
        .iter()
        .filter_map(|table| table.delta.as_ref());
    tables.any(|delta| !delta.url.starts_with("file:"))
}

/// Folders and files that a statement over a snapshot reads.
fn readable(snapshot: &TablesSnapshot) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for table in &snapshot.tables {
        let url = table
            .delta
            .as_ref()
            .and_then(|delta| url::Url::parse(&delta.url).ok());
        paths.extend(url.and_then(|url| url.to_file_path().ok()));
        paths.extend(table.rows.clone());
        paths.extend(table.hidden.clone());
    }
    paths
}

impl Running {
    async fn ask(&mut self, request: &StatementRequest) -> std::io::Result<()> {
        let grant = Grant {
            limits: request.limits.clone(),
            readable: readable(&request.snapshot),
            network: network(&request.snapshot),
        };
        let grant = frame::frame(FrameKind::Grant, &serde_json::to_vec(&grant)?)?;
        let request = frame::frame(FrameKind::Request, &serde_json::to_vec(request)?)?;
        let mut input: ChildStdin = self
            .child
            .stdin
            .take()
            .ok_or_else(|| std::io::Error::other("the child has no standard input"))?;
        let written = async {
            input.write_all(&grant).await?;
            input.write_all(&request).await?;
            input.shutdown().await
        };
        match timeout_at(self.deadline, written).await {
            Ok(written) => written,
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        }
    }

    /// The next frame, or why there is none.
    async fn read(&mut self) -> Result<(FrameKind, Vec<u8>), SqlError> {
        match timeout_at(self.deadline, frame::read_async(&mut self.output)).await {
            Err(_) => Err(too_long(&self.limits)),
            Ok(Ok(Some(frame))) => Ok(frame),
            Ok(Ok(None)) => Err(self.failed(&std::io::ErrorKind::UnexpectedEof.into()).await),
            Ok(Err(error)) => Err(self.failed(&error).await),
        }
    }

    /// Hands on the answer until it has ended, nobody wants it, or its time is over. Then the child ends too.
    async fn pump(mut self, pieces: mpsc::Sender<Result<Piece, SqlError>>) {
        loop {
            let read = tokio::select! {
                read = self.read() => read,
                () = pieces.closed() => return,
            };
            let piece = match read {
                Ok((FrameKind::Data, bytes)) => Ok(Piece::Data(bytes)),
                Ok((FrameKind::End, payload)) => parsed(&payload).map(Piece::End),
                Ok((FrameKind::Error, payload)) => {
                    Err(parsed(&payload).unwrap_or_else(|error| error))
                }
                Ok(_) => Err(died("the statement's process says what nobody asked for")),
                Err(error) => Err(error),
            };
            let last = !matches!(piece, Ok(Piece::Data(_)));
            // Whoever does not read keeps the child no longer than it may run.
            match timeout_at(self.deadline, pieces.send(piece)).await {
                Ok(Ok(())) if !last => {}
                _ => return,
            }
        }
    }

    /// Why a child says no more.
    async fn failed(&mut self, error: &std::io::Error) -> SqlError {
        if error.kind() == std::io::ErrorKind::TimedOut {
            return too_long(&self.limits);
        }
        let mut words = Vec::new();
        if let Some(stderr) = self.last_words.take() {
            let all = async { stderr.take(LAST_WORDS).read_to_end(&mut words).await };
            let _ = timeout_at(self.deadline, all).await;
        }
        match timeout_at(self.deadline, self.child.wait()).await {
            Ok(Ok(status)) => of_status(status, &String::from_utf8_lossy(&words), &self.limits),
            Ok(Err(error)) => died(&error.to_string()),
            Err(_) => too_long(&self.limits),
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<T, SqlError> {
    serde_json::from_slice(payload).map_err(|error| died(&error.to_string()))
}

fn died(why: &str) -> SqlError {
    SqlError::new(sqlstate::SYSTEM, why)
}

fn too_long(limits: &StatementLimits) -> SqlError {
    SqlError::new(
        sqlstate::CANCELED,
        format!(
            "the statement took longer than {} s and was ended; select less, or filter by time",
            limits.wall_ms.div_ceil(1000)
        ),
    )
}

/// What the death of a child means for its statement.
fn of_status(status: ExitStatus, words: &str, limits: &StatementLimits) -> SqlError {
    use std::os::unix::process::ExitStatusExt;
    const SIGXCPU: i32 = 24;
    const SIGKILL: i32 = 9;
    // Arrow panics where an array of texts would have more than 2 GiB.
    let memory = [
        "memory allocation of",
        "Cannot allocate memory",
        "offset overflow",
        "capacity overflow",
    ];
    if memory.iter().any(|said| words.contains(said)) {
        return SqlError::out_of_memory();
    }
    if words.contains("overflowed its stack") {
        return SqlError::new(
            sqlstate::TOO_COMPLEX,
            "the statement is nested too deeply; split it with WITH",
        );
    }
    match status.signal() {
        // At the hard limit of processor time the kernel kills. A kernel out of memory kills too, but not so soon.
        Some(SIGXCPU | SIGKILL) => SqlError::new(
            sqlstate::CANCELED,
            format!(
                "the statement was ended, most likely for it used {} s of processor time; select less, or filter by time",
                limits.cpu_seconds
            ),
        ),
        Some(_) => SqlError::out_of_memory(),
        None => SqlError::new(
            sqlstate::INTERNAL,
            format!(
                "the statement's process has ended with {status}: {}",
                words.trim()
            ),
        ),
    }
}
