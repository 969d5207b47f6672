//! One thread for each partition: it follows the journal, holds the counts and answers aggregates.
//!
//! Threads share nothing but the figures of their progress, so the engine needs no locks.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use headcount_engine::{JournaledEntry, Partition};
use headcount_journal::{Batch, Error as JournalError, Frame, Journal, Place, Reader};
use headcount_record::Kind;

use crate::{
    event_bus::EventBus,
    metrics::{DecodeStage, METRICS},
    roles::ingest::known_sources::KnownSources,
    roles::process::acked_offsets::AckedOffsets,
    roles::process::checkpoints::StartingPoint,
    roles::process::publisher::{Destination, Publisher},
    roles::process::schedule::PublishSchedule,
    roles::serve::partition_handle::{
        PartitionHandle, PartitionProgress, RequestInbox, partition_handle,
    },
};

/// Bytes of the journal applied before the thread answers requests again.
const READ_BYTES: usize = 1 << 20;
/// How long an idle partition waits before it looks around. Entries, requests and channels that become free wake it, so this is
/// only a safety net.
const IDLE: Duration = Duration::from_secs(600);
/// The same while it catches up: nothing tells that the last thing in a shared journal was a transaction that came to nothing.
const CATCHING_UP: Duration = Duration::from_secs(1);
/// Between two attempts to read a journal that is away. Requests are answered in between.
const OUTAGE_RETRY: Duration = Duration::from_millis(250);
/// The handle of a running follower.
pub(crate) struct Follower {
    handle: PartitionHandle,
    acked: Arc<AckedOffsets>,
    ready: Receiver<Result<KnownSources>>,
    thread: JoinHandle<()>,
}

impl Follower {
    /// Starts following from where `start` stands.
    pub(crate) fn start(
        journal: &Journal,
        at: u16,
        start: StartingPoint,
        to: Destination,
        bus: EventBus,
    ) -> Result<Self> {
        let StartingPoint {
            mut partition,
            hint,
            served,
        } = start;
        let place = Place {
            offset: partition.next_offset(),
            hint,
        };
        let reader = journal.reader_at(at, &place)?;
        let waker = reader.waker();
        let (handle, requests) =
            partition_handle(progress_of(&partition, false, 0), move || waker.wake());
        let (tell_ready, ready) = sync_channel(1);
        let serves = to.serving.is_some();
        let offset = partition.next_offset();
        let acked = AckedOffsets::new(served.then_some(offset), offset);
        let checkpoint_every = to.checkpoint_every;
        let publisher = Publisher::start(at, to, acked, &bus)?;
        let acked = Arc::clone(publisher.acked());
        acked.set_waker(reader.waker());
        if serves {
            partition.watch(!served);
        }
        let guard = bus.guard(format!("the thread that counts partition {at}"));
        let run = FollowerLoop {
            at,
            partition,
            reader,
            requests,
            schedule: PublishSchedule::new(journal.id(), at, serves, checkpoint_every, publisher),
            bus,
            waits: false,
            ready: Some(tell_ready),
        };
        let thread = thread::Builder::new()
            .name(format!("partition-{at}"))
            .spawn(move || {
                let _guard = guard;
                run.run();
            })
            .context("start a thread")?;
        Ok(Self {
            handle,
            acked,
            ready,
            thread,
        })
    }

    pub(crate) fn handle(&self) -> &PartitionHandle {
        &self.handle
    }

    /// Begins to stop, so that several followers may stop in parallel.
    pub(crate) fn ask_to_stop(&self, in_order: bool) {
        if !in_order {
            self.acked.abandon();
        }
        self.handle.stop();
    }

    pub(crate) fn acked(&self) -> &Arc<AckedOffsets> {
        &self.acked
    }

    /// Waits until everything that was in the journal at the start is counted.
    pub(crate) fn caught_up(&self) -> Result<KnownSources> {
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

    /// Stops. In order: after everything in the journal is counted and a checkpoint is stored. Otherwise at
    /// once and without publishing anything more, because another process owns the partition.
    pub(crate) fn stop(self, in_order: bool) -> Result<()> {
        self.ask_to_stop(in_order);
        self.thread
            .join()
            .map_err(|_| anyhow!("a partition's thread panicked"))
    }
}

struct FollowerLoop {
    at: u16,
    partition: Partition,
    reader: Reader,
    requests: RequestInbox,
    schedule: PublishSchedule,
    bus: EventBus,
    /// Whether the journal cannot be read at present.
    waits: bool,
    /// Present until everything that was in the journal at the start is counted.
    ready: Option<SyncSender<Result<KnownSources>>>,
}

impl FollowerLoop {
    fn run(mut self) {
        if let Err(error) = self.follow() {
            match self.ready.take() {
                // A caller that waits for the start reports the error; after the start the bus does.
                Some(ready) => {
                    let _ = ready.send(Err(error));
                }
                None => self.bus.fail(&error),
            }
        }
        self.schedule.close();
    }

    fn follow(&mut self) -> Result<()> {
        let mut batch = Batch::new();
        let (mut stop, mut read) = (false, 0);
        let mut first = true;
        loop {
            if self.schedule.acked().is_abandoned() {
                return Ok(());
            }
            // A read may end within a batch. Aggregates see whole batches only; the rest of this one is
            // durable already, so the next read brings it.
            if self.partition.is_at_commit() {
                // After a request to stop, it counts on only to the end of the journal.
                stop |= self
                    .requests
                    .answer(|scope| self.partition.aggregate(scope));
            }
            // Whether everything is read is asked when there is nothing at hand.
            let goes_on = self.ready.is_some() && (read > 0 || std::mem::take(&mut first));
            let wait = match goes_on || stop {
                true => Duration::ZERO,
                false => self.wait(),
            };
            read = match self.reader.read(&mut batch, READ_BYTES, wait) {
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
                let fallbacks = self.partition.fallbacks();
                apply(&mut self.partition, &batch)?;
                let fallbacks = self.partition.fallbacks() - fallbacks;
                METRICS
                    .decode_fallbacks
                    .of(DecodeStage::Process)
                    .inc_by(fallbacks);
                self.schedule.counted(read);
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
                self.schedule.flush(&mut self.partition, &self.reader);
                return Ok(());
            }
            self.schedule.publish_due(&mut self.partition, &self.reader);
        }
    }

    /// How long to wait for entries.
    fn wait(&mut self) -> Duration {
        if self.ready.is_some() || !self.partition.is_at_commit() {
            return CATCHING_UP;
        }
        IDLE.min(self.schedule.due_in(&self.partition).unwrap_or(IDLE))
    }

    /// The journal is away: waits a moment before the next attempt.
    fn waits_for(&mut self, error: &JournalError) {
        if !self.waits {
            tracing::warn!("partition {}: counting is paused: {error}", self.at);
        }
        self.waits = true;
        self.requests.wait(OUTAGE_RETRY);
    }

    fn goes_on(&mut self) {
        if std::mem::take(&mut self.waits) {
            tracing::info!("partition {}: counting resumed", self.at);
        }
    }

    fn now_caught_up(&mut self) {
        if let Some(ready) = self.ready.take() {
            // The caller may have stopped waiting.
            let _ = ready.send(Ok(KnownSources::of(&self.partition)));
        }
        self.schedule.caught_up();
        // The map shows only answers that arrive after the start.
        self.partition.take_pulses();
        self.requests.tell(progress_of(&self.partition, true, 0));
        self.bus.commits.send_modify(|commit| *commit += 1);
    }

    fn tell(&mut self) {
        let caught_up = self.ready.is_none();
        let behind = self
            .reader
            .durable_end()
            .saturating_sub(self.partition.next_offset());
        self.requests
            .tell(progress_of(&self.partition, caught_up, behind));
        let pulses = self.partition.take_pulses();
        if !caught_up {
            return;
        }
        if !pulses.is_empty() {
            self.schedule.show(&pulses);
            // There may be no dashboard open.
            let _ = self.bus.pulses.send(pulses.into());
        }
        self.bus.commits.send_modify(|commit| *commit += 1);
    }
}

fn progress_of(partition: &Partition, caught_up: bool, behind: u64) -> PartitionProgress {
    PartitionProgress {
        next_offset: partition.next_offset(),
        stream_time: partition.stream_time(),
        caught_up,
        behind,
    }
}

/// Applies the journal to a partition up to offset `end`.
pub(crate) fn replay(partition: &mut Partition, mut reader: Reader, end: u64) -> Result<()> {
    let mut batch = Batch::new();
    while partition.next_offset() < end {
        let read = reader.read(&mut batch, READ_BYTES, Duration::from_secs(10))?;
        ensure!(
            read > 0,
            "the journal ends at offset {}, before {end}",
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
fn entry<'a>(frame: &Frame<'a>) -> JournaledEntry<'a> {
    JournaledEntry {
        offset: frame.offset,
        arrived: frame.appended_at_ms,
        kind: Kind::new(frame.kind),
        source: frame.source,
        body: frame.body,
    }
}

#[cfg(test)]
mod tests;
