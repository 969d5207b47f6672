//! A thread a partition: it follows the journal, keeps the counts and answers surveys.
//!
//! Nothing is shared but the figures of its progress, so the engine needs no locks.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use headcount_engine::{Entry, Head, Partition, Pulse};
use headcount_journal::{Batch, Error as JournalError, Frame, Journal, Place, Reader};

use crate::{
    checkpoints::Start,
    known::Known,
    news::{News, PULSES_MAX},
    outbox::{Checkpoint, Delivered, Destination, Outbox, Parcel},
    surveyor::{Desk, Progress, Surveyor, surveyor},
};

/// Bytes of the journal applied between two looks at requests.
const READ_BYTES: usize = 1 << 20;
/// How long an idle partition waits for entries before it looks at requests again.
const POLL: Duration = Duration::from_millis(5);
/// How long to wait before a journal that cannot be read is asked again.
const OUTAGE_POLL: Duration = Duration::from_millis(50);
/// A checkpoint is written after so many entries ...
const CHECKPOINT_ENTRIES: u64 = 500_000;
/// ... or, if there were any, after so long.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);
/// What is served is brought up to date so often, if there is anything new ...
const SERVE_EVERY: Duration = Duration::from_millis(100);
/// ... but while there is a backlog only so often: what changes twice meanwhile is written once.
const SERVE_BACKLOG_EVERY: Duration = Duration::from_secs(10);
/// A store that takes longer than this has enough to do, and is left in peace as long again, but not longer than that.
const SERVE_SLOW: Duration = Duration::from_millis(500);
const SERVE_PAUSE_MAX: Duration = Duration::from_secs(3);
/// How long the last parcel of a partition may take when it is left.
const LAST_PARCEL: Duration = Duration::from_secs(10);

/// The handle of a running follower.
pub(crate) struct Follower {
    surveyor: Surveyor,
    delivered: Arc<Delivered>,
    ready: Receiver<Result<Known>>,
    thread: JoinHandle<()>,
}

impl Follower {
    /// Starts following from where `start` stands.
    pub(crate) fn start(
        journal: &Journal,
        at: u16,
        start: Start,
        to: Destination,
        news: News,
    ) -> Result<Self> {
        let Start {
            partition,
            hint,
            served,
        } = start;
        let place = Place {
            offset: partition.next_offset(),
            hint,
        };
        let reader = journal.reader_at(at, &place)?;
        let (surveyor, desk) = surveyor(progress_of(&partition, false, 0));
        let (tell_ready, ready) = sync_channel(1);
        let serves = to.serving.is_some();
        let outbox = Outbox::start(at, partition.next_offset(), to)?;
        let delivered = Arc::clone(outbox.delivered());
        let mut run = Run {
            journal: journal.id(),
            at,
            partition,
            reader,
            desk,
            outbox,
            serves,
            news,
            pulses: Vec::new(),
            served_at: Instant::now(),
            more: false,
            serve_from: Some(Instant::now() + SERVE_BACKLOG_EVERY),
            saved_at: Instant::now(),
            unsaved: 0,
            waits: false,
            ready: Some(tell_ready),
        };
        if serves {
            run.partition.watch(!served);
        }
        let thread = thread::Builder::new()
            .name(format!("partition-{at}"))
            .spawn(move || run.run())
            .context("start a thread")?;
        Ok(Self {
            surveyor,
            delivered,
            ready,
            thread,
        })
    }

    pub(crate) fn surveyor(&self) -> &Surveyor {
        &self.surveyor
    }

    /// Begins to stop, so that several may stop beside each other.
    pub(crate) fn ask_to_stop(&self, in_order: bool) {
        if !in_order {
            self.delivered.abandon();
        }
        self.surveyor.stop();
    }

    pub(crate) fn delivered(&self) -> &Arc<Delivered> {
        &self.delivered
    }

    /// Waits until everything that was in the journal at the start is counted.
    pub(crate) fn caught_up(&self) -> Result<Known> {
        self.ready
            .recv()
            .map_err(|_| anyhow!("a partition's thread stopped while it read the journal"))?
    }

    /// Whether it has failed while catching up.
    pub(crate) fn failed_early(&self) -> Result<()> {
        match self.ready.try_recv() {
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }

    /// Waits for the end: in order after what is in the journal now and its checkpoint; otherwise
    /// at once, and nothing is given away any more, for the partition is another's.
    pub(crate) fn stop(self, in_order: bool) -> Result<()> {
        self.ask_to_stop(in_order);
        self.thread
            .join()
            .map_err(|_| anyhow!("a partition's thread panicked"))
    }
}

struct Run {
    journal: u64,
    at: u16,
    partition: Partition,
    reader: Reader,
    desk: Desk,
    outbox: Outbox,
    serves: bool,
    news: News,
    /// Answers for the map that have not been served yet.
    pulses: Vec<Pulse>,
    served_at: Instant,
    /// What was given away last was a piece of more.
    more: bool,
    /// From when what is served may be brought up to date again; none while the outbox is at it.
    serve_from: Option<Instant>,
    saved_at: Instant,
    unsaved: u64,
    /// The journal cannot be read at present.
    waits: bool,
    /// Until everything that was there at the start is counted.
    ready: Option<SyncSender<Result<Known>>>,
}

impl Run {
    fn run(mut self) {
        if let Err(error) = self.follow() {
            match self.ready.take() {
                // Whoever waits for the start tells it; otherwise nobody does.
                Some(ready) => {
                    let _ = ready.send(Err(error));
                }
                None => self.news.fail(&error),
            }
        }
        self.outbox.close();
    }

    fn follow(&mut self) -> Result<()> {
        let mut batch = Batch::new();
        let mut stop = false;
        loop {
            if self.outbox.delivered().is_abandoned() {
                return Ok(());
            }
            // A read may end within a batch. Figures are taken of whole batches only; the rest of
            // this one is durable already, so it is there at the next read.
            if self.partition.is_at_commit() {
                // Once told to stop, it goes on only to the end of what is in the journal.
                stop |= self.desk.answer(|scope| self.partition.survey(scope));
            }
            let wait = if stop { Duration::ZERO } else { POLL };
            let read = match self.reader.read(&mut batch, READ_BYTES, wait) {
                Err(error) if error.may_pass() => {
                    self.waits_for(&error);
                    if stop && !self.partition.is_at_commit() {
                        // The rest of the batch does not come; it is counted at the next start.
                        return Ok(());
                    }
                    0
                }
                read => {
                    read.with_context(|| format!("read partition {} of the journal", self.at))?
                }
            };
            if read > 0 {
                self.goes_on();
                apply(&mut self.partition, &batch)?;
                self.unsaved += read as u64;
            }
            if !self.partition.is_at_commit() {
                continue;
            }
            if read > 0 {
                self.tell();
            }
            if self.ready.is_some() {
                match self.reader.caught_up() {
                    Ok(true) => self.now_caught_up(),
                    Ok(false) => {}
                    Err(error) if error.may_pass() => self.waits_for(&error),
                    Err(error) => return Err(error.into()),
                }
            }
            if read == 0 && stop {
                self.give_last();
                return Ok(());
            }
            self.give(read == 0);
        }
    }

    /// The brokers are away: they are asked again.
    fn waits_for(&mut self, error: &JournalError) {
        if !self.waits {
            tracing::warn!("partition {}: counting waits: {error}", self.at);
        }
        self.waits = true;
        thread::sleep(OUTAGE_POLL);
    }

    fn goes_on(&mut self) {
        if std::mem::take(&mut self.waits) {
            tracing::info!("partition {}: counting goes on", self.at);
        }
    }

    fn now_caught_up(&mut self) {
        if let Some(ready) = self.ready.take() {
            // Nobody may be waiting.
            let _ = ready.send(Ok(Known::of(&self.partition)));
        }
        if self.serve_from.is_some() {
            self.serve_from = Some(Instant::now());
        }
        // What is found at the start is not news for the map.
        self.partition.take_pulses();
        self.desk.tell(progress_of(&self.partition, true, 0));
        self.news.commits.send_modify(|commit| *commit += 1);
    }

    fn tell(&mut self) {
        let caught_up = self.ready.is_none();
        let behind = self
            .reader
            .durable_end()
            .saturating_sub(self.partition.next_offset());
        self.desk
            .tell(progress_of(&self.partition, caught_up, behind));
        let pulses = self.partition.take_pulses();
        if !caught_up {
            return;
        }
        if !pulses.is_empty() {
            if self.serves {
                self.pulses.extend(pulses.iter().cloned());
                let many = self.pulses.len().saturating_sub(PULSES_MAX);
                self.pulses.drain(..many);
            }
            // Nobody may be looking.
            let _ = self.news.pulses.send(pulses.into());
        }
        self.news.commits.send_modify(|commit| *commit += 1);
    }

    /// Gives away what is due, if the outbox is free. `nothing_came` at the last read.
    fn give(&mut self, nothing_came: bool) {
        if !self.outbox.delivered().is_free() {
            return;
        }
        let from = self.serve_from.unwrap_or_else(|| self.next_serving());
        self.serve_from = Some(from);
        // A journal may never say that all is read; when nothing comes, there is no backlog either.
        let rests = nothing_came && self.ready.is_some() && self.served_at.elapsed() >= SERVE_EVERY;
        let due = rests || Instant::now() >= from;
        let changes = self.serves && due && self.partition.has_changes();
        let checkpoint = self.outbox.delivered().can_keep()
            && (self.unsaved >= CHECKPOINT_ENTRIES
                || (self.unsaved > 0 && self.saved_at.elapsed() >= CHECKPOINT_EVERY));
        if changes || checkpoint {
            self.send(checkpoint);
        }
    }

    /// When it is time again, asked as soon as the outbox is free.
    fn next_serving(&self) -> Instant {
        let took = self.served_at.elapsed();
        let every = match (self.more, self.ready.is_some()) {
            (true, _) => Duration::ZERO,
            (false, true) => SERVE_BACKLOG_EVERY,
            (false, false) if took > SERVE_SLOW => took + took.min(SERVE_PAUSE_MAX),
            (false, false) => SERVE_EVERY,
        };
        self.served_at + every
    }

    /// Gives away everything before the end.
    fn give_last(&mut self) {
        let until = Instant::now() + LAST_PARCEL;
        loop {
            let in_time = self
                .outbox
                .wait(until.saturating_duration_since(Instant::now()));
            let due = self.unsaved > 0 || (self.serves && self.partition.has_changes());
            if in_time && due {
                self.send(true);
                continue;
            }
            if !in_time && !self.outbox.delivered().is_abandoned() {
                tracing::warn!(
                    "partition {}: left without a checkpoint of its last entries; they are counted \
                     again at the next start",
                    self.at
                );
            }
            return;
        }
    }

    fn send(&mut self, checkpoint: bool) {
        let changes = (self.serves && self.partition.has_changes()).then(|| {
            let mut changes = self.partition.take_changes();
            let pulses = std::mem::take(&mut self.pulses);
            changes.pulses = serde_json::to_vec(&pulses).expect("pulses are plain data");
            changes
        });
        // Only when the last piece is served, everything up to here is.
        let whole = changes.as_ref().is_none_or(|changes| !changes.more);
        let checkpoint = (checkpoint && whole).then(|| Checkpoint {
            offset: self.partition.next_offset(),
            bytes: self.partition.to_bytes(&Head {
                journal: self.journal,
                partition: self.at,
                hint: self.reader.place().hint,
            }),
        });
        if checkpoint.is_some() {
            self.unsaved = 0;
            self.saved_at = Instant::now();
        }
        (self.served_at, self.serve_from) = (Instant::now(), None);
        self.more = !whole;
        self.outbox.send(Parcel {
            changes,
            checkpoint,
        });
    }
}

fn progress_of(partition: &Partition, caught_up: bool, behind: u64) -> Progress {
    let (stream_time, idle) = partition.stream_time();
    Progress {
        next_offset: partition.next_offset(),
        stream_time,
        idle,
        caught_up,
        behind,
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
