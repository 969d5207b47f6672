//! A thread a partition: it follows the journal, keeps the counts and answers surveys.
//!
//! Nothing is shared but the figures of its progress, so the engine needs no locks.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use headcount_engine::{Entry, Head, Partition, Pulse, Scope, Survey};
use headcount_journal::{Batch, Frame, Journal, Reader};
use tokio::sync::{broadcast, oneshot, watch};

use crate::data::DataDir;

/// Bytes of the journal applied between two looks at requests.
const READ_BYTES: usize = 1 << 20;
/// How long an idle partition waits for entries before it looks at requests again.
const POLL: Duration = Duration::from_millis(5);
/// A checkpoint is written after so many entries ...
const CHECKPOINT_ENTRIES: u64 = 500_000;
/// ... or, if there were any, after so long.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);
/// Pulses that may wait for a slow reader before the oldest are dropped.
const PULSES: usize = 256;
/// Requests that may wait at one partition.
const REQUESTS: usize = 64;

/// How far a partition has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) next_offset: u64,
    pub(crate) stream_time: Option<i64>,
    pub(crate) idle: bool,
}

enum Request {
    Survey(Scope, oneshot::Sender<Survey>),
    Stop,
}

/// Where the followers tell what they have done.
#[derive(Clone)]
pub(crate) struct News {
    /// Changes with every commit of any partition.
    pub(crate) commits: watch::Sender<u64>,
    pub(crate) pulses: broadcast::Sender<Arc<[Pulse]>>,
    /// Why figures or records stand still, once they do.
    pub(crate) failed: watch::Sender<Option<String>>,
}

impl News {
    /// News that nobody listens to yet.
    pub(crate) fn new() -> Self {
        Self {
            commits: watch::channel(0).0,
            pulses: broadcast::channel(PULSES).0,
            failed: watch::channel(None).0,
        }
    }

    /// Says that a part of the process has stopped for good.
    pub(crate) fn fail(&self, error: &anyhow::Error) {
        tracing::error!("{error:#}");
        self.failed.send_replace(Some(format!("{error:#}")));
    }
}

/// The handle of a running follower.
pub(crate) struct Follower {
    requests: SyncSender<Request>,
    progress: Arc<Mutex<Progress>>,
    thread: JoinHandle<()>,
}

impl Follower {
    /// Starts following from where `partition` stands, `unsaved` entries after its checkpoint.
    pub(crate) fn start(
        data: &DataDir,
        journal: &Journal,
        at: u16,
        partition: Partition,
        unsaved: u64,
        news: News,
    ) -> Result<Self> {
        let reader = journal.reader(at, partition.next_offset())?;
        let (requests, inbox) = sync_channel(REQUESTS);
        let progress = Arc::new(Mutex::new(progress_of(&partition)));
        let run = Run {
            partition,
            reader,
            folder: data.state(at),
            head: Head {
                journal: journal.id(),
                partition: at,
                hint: Vec::new(),
            },
            inbox,
            progress: Arc::clone(&progress),
            news,
            saved_at: Instant::now(),
            unsaved,
        };
        let thread = thread::Builder::new()
            .name(format!("partition-{at}"))
            .spawn(move || run.run())
            .context("start a thread")?;
        Ok(Self {
            requests,
            progress,
            thread,
        })
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.lock().expect("no follower panicked").clone()
    }

    /// Asks for a survey; the answer comes between two reads of the journal.
    pub(crate) fn survey(&self, scope: Scope) -> Result<oneshot::Receiver<Survey>> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .try_send(Request::Survey(scope, reply))
            .map_err(|_| anyhow!("the partition has stopped or has too much to answer"))?;
        Ok(answer)
    }

    /// Stops after what is in the journal now, checkpoint written.
    pub(crate) fn stop(self) -> Result<()> {
        // A follower that has failed does not listen any more; it has said why.
        let _ = self.requests.send(Request::Stop);
        self.thread
            .join()
            .map_err(|_| anyhow!("a partition's thread panicked"))?;
        Ok(())
    }
}

struct Run {
    partition: Partition,
    reader: Reader,
    folder: std::path::PathBuf,
    /// Whose state the checkpoints hold.
    head: Head,
    inbox: Receiver<Request>,
    progress: Arc<Mutex<Progress>>,
    news: News,
    saved_at: Instant,
    unsaved: u64,
}

impl Run {
    fn run(mut self) {
        if let Err(error) = self.follow() {
            self.news.fail(&error);
        }
    }

    fn follow(&mut self) -> Result<()> {
        let mut batch = Batch::new();
        let mut stop = false;
        loop {
            // A read may end within a batch. Figures are taken of whole batches only; the rest of
            // this one is durable already, so it is there at the next read.
            if self.partition.is_at_commit() {
                // Once told to stop, it goes on only to the end of what is in the journal.
                stop |= self.answer();
            }
            let wait = if stop { Duration::ZERO } else { POLL };
            let read = self
                .reader
                .read(&mut batch, READ_BYTES, wait)
                .context("read the journal")?;
            if read == 0 && stop {
                self.checkpoint();
                return Ok(());
            }
            if read > 0 {
                apply(&mut self.partition, &batch)?;
                self.unsaved += read as u64;
                if self.partition.is_at_commit() {
                    self.tell();
                }
            }
            let due = self.unsaved > 0 && self.saved_at.elapsed() >= CHECKPOINT_EVERY;
            let due = due || self.unsaved >= CHECKPOINT_ENTRIES;
            if due && self.partition.is_at_commit() {
                self.checkpoint();
            }
        }
    }

    /// Answers what was asked; whether it is time to stop.
    fn answer(&self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Request::Survey(scope, reply)) => {
                    // Nobody waits any more if the client has gone.
                    let _ = reply.send(self.partition.survey(&scope));
                }
                Ok(Request::Stop) | Err(TryRecvError::Disconnected) => return true,
                Err(TryRecvError::Empty) => return false,
            }
        }
    }

    fn tell(&mut self) {
        *self.progress.lock().expect("only this thread panics here") = progress_of(&self.partition);
        let pulses = self.partition.take_pulses();
        if !pulses.is_empty() {
            // Nobody may be looking.
            let _ = self.news.pulses.send(pulses.into());
        }
        self.news.commits.send_modify(|commit| *commit += 1);
    }

    /// Writes a checkpoint. It only saves time at the next start, so a disk that is full must not
    /// end the counting: the next attempt is made when its time has come.
    fn checkpoint(&mut self) {
        if self.unsaved > 0 {
            match self.partition.save(&self.folder, &self.head) {
                Ok(()) => self.unsaved = 0,
                Err(error) => {
                    tracing::warn!("no checkpoint was written: {error}");
                    self.unsaved = 1;
                }
            }
        }
        self.saved_at = Instant::now();
    }
}

fn progress_of(partition: &Partition) -> Progress {
    let (stream_time, idle) = partition.stream_time();
    Progress {
        next_offset: partition.next_offset(),
        stream_time,
        idle,
    }
}

/// Brings a partition up to offset `end`.
pub(crate) fn replay(partition: &mut Partition, mut reader: Reader, end: u64) -> Result<()> {
    let mut batch = Batch::new();
    while partition.next_offset() < end {
        let read = reader.read(&mut batch, READ_BYTES, Duration::from_secs(10))?;
        ensure!(
            read > 0,
            "the journal ends at offset {} before {end}",
            partition.next_offset()
        );
        for frame in batch.iter().take_while(|frame| frame.offset < end) {
            partition.apply(entry(&frame))?;
        }
    }
    partition.take_pulses();
    Ok(())
}

fn apply(partition: &mut Partition, batch: &Batch) -> Result<()> {
    for frame in batch.iter() {
        partition.apply(entry(&frame))?;
    }
    Ok(())
}

/// A frame of the journal as the engine takes it.
fn entry<'a>(frame: &Frame<'a>) -> Entry<'a> {
    Entry {
        offset: frame.offset,
        arrived: frame.appended_at_ms,
        kind: frame.kind,
        source: frame.source,
        body: frame.body,
    }
}
