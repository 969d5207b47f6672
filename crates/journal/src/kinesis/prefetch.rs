//! Reads a partition ahead in a task of the runtime, for a thread that waits for batches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use headcount_kinesis::{
    Client, HashKey, ReadPlan, SequenceNumber, ShardStart, StreamEvent, StreamReader,
};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::assembly::{ArrivedRecord, Assembly, PackedBatch, ResumePoint};
use super::record::StreamManifest;
use crate::Offset;
use crate::error::{Error, Result};

/// How many bytes of batches may wait for their reader, besides the batch that exceeds it and one answer of the service.
const AHEAD_BYTES: usize = 8 << 20;

/// Reads one partition ahead. The task ends when this is dropped.
pub(super) struct Prefetch {
    shared: Arc<PrefetchShared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct PrefetchShared {
    state: Mutex<PrefetchState>,
    /// For the thread: something came.
    filled: Condvar,
    /// For the task: there is room.
    drained: Notify,
}

#[derive(Default)]
struct PrefetchState {
    batches: VecDeque<PackedBatch>,
    bytes: usize,
    /// One past the last entry that was read of the stream.
    end: Offset,
    /// Everything that was durable at this moment was read of the stream.
    whole: Option<Instant>,
    failed: Option<Error>,
    /// Whoever waits is to look again whether there is still something to wait for.
    notified: bool,
}

/// What a wait came to.
pub(super) enum Prefetched {
    Batch(Box<PackedBatch>),
    /// Everything that was durable at the moment in question was taken.
    Whole,
    TimedOut,
    /// Somebody has ended the wait.
    Notified,
}

impl Prefetch {
    pub(super) fn start(
        runtime: &Handle,
        client: &Client,
        manifest: &StreamManifest,
        partition: u16,
        from: ResumePoint,
    ) -> Self {
        let shared = Arc::new(PrefetchShared::default());
        shared.lock().end = from.offset;
        let starts = if from.sequence.is_empty() {
            BTreeMap::new()
        } else {
            let after = ShardStart::After {
                sequence: SequenceNumber::new(&from.sequence),
                whole_ms: from.arrived_ms,
            };
            BTreeMap::from([(from.shard.clone(), after)])
        };
        let plan = ReadPlan {
            beginning: ShardStart::Oldest,
            starts,
            only: Some(HashKey::middle_of(partition, manifest.partitions)),
            tolerates_loss: false,
        };
        let reader = StreamReader::new(client.clone(), plan);
        let assembly = Assembly::new(manifest.journal, partition, from);
        let task = runtime.spawn(run(reader, assembly, Arc::clone(&shared)));
        Prefetch { shared, task }
    }

    /// What ends waits for this prefetch.
    pub(super) fn notifier(&self) -> PrefetchNotifier {
        PrefetchNotifier(Arc::downgrade(&self.shared))
    }

    /// One past the last entry that was read of the stream.
    pub(super) fn end(&self) -> Offset {
        self.shared.lock().end
    }

    /// The next batch; or that there is none which was durable at `asked`, if that is given and shows within the time.
    pub(super) fn wait(&self, asked: Option<Instant>, timeout: Duration) -> Result<Prefetched> {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.lock();
        loop {
            if let Some(batch) = state.batches.pop_front() {
                state.bytes -= batch.payload.len();
                drop(state);
                self.shared.drained.notify_one();
                return Ok(Prefetched::Batch(Box::new(batch)));
            }
            // After what was read before it: an error takes nothing back.
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            if asked.is_some_and(|asked| state.whole.is_some_and(|whole| whole >= asked)) {
                return Ok(Prefetched::Whole);
            }
            if std::mem::take(&mut state.notified) {
                return Ok(Prefetched::Notified);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Prefetched::TimedOut);
            }
            state = self
                .shared
                .filled
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// How many entries were read of the stream and not taken.
    pub(super) fn waiting(&self) -> u64 {
        let state = self.shared.lock();
        state.batches.iter().map(|batch| batch.entries).sum()
    }

    /// Waits until everything that is durable now was read, or something waits to be taken.
    pub(super) fn whole_or_waiting(&self, asked: Instant, timeout: Duration) -> Result<bool> {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.lock();
        loop {
            if !state.batches.is_empty() {
                return Ok(true);
            }
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            if state.whole.is_some_and(|whole| whole >= asked) {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            state = self
                .shared
                .filled
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Wakes the thread that waits for a prefetch.
pub(super) struct PrefetchNotifier(Weak<PrefetchShared>);

impl PrefetchNotifier {
    pub(super) fn is_alive(&self) -> bool {
        self.0.strong_count() > 0
    }

    pub(super) fn notify(&self) {
        if let Some(shared) = self.0.upgrade() {
            // Under the lock, so that no thread is between its check and its wait.
            shared.change(|state| state.notified = true);
        }
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl PrefetchShared {
    /// Nothing that is done under this lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, PrefetchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut PrefetchState)) {
        change(&mut self.lock());
        self.filled.notify_all();
    }

    async fn room(&self) {
        loop {
            let drained = self.drained.notified();
            if self.lock().bytes < AHEAD_BYTES {
                return;
            }
            drained.await;
        }
    }
}

async fn run(mut reader: StreamReader, mut assembly: Assembly, shared: Arc<PrefetchShared>) {
    let failed = loop {
        shared.room().await;
        let event = match reader.next().await {
            Ok(event) => event,
            Err(error) => break error.into(),
        };
        match event {
            StreamEvent::Records {
                shard,
                records,
                whole_at,
                ..
            } => {
                if let Err(error) = take(&mut assembly, &shard, &records, &shared).await {
                    break error;
                }
                if whole_at.is_some() {
                    shared.change(|state| state.whole = whole_at);
                }
            }
            StreamEvent::Trouble(cause) => {
                tracing::warn!(cause, "could not read the journal's stream; trying again")
            }
            StreamEvent::Ended { .. } | StreamEvent::Lost { .. } => {}
        }
    };
    shared.change(|state| state.failed = Some(failed));
}

async fn take(
    assembly: &mut Assembly,
    shard: &str,
    records: &[headcount_kinesis::StreamRecord],
    shared: &PrefetchShared,
) -> Result<()> {
    for record in records {
        let batch = assembly.take(&ArrivedRecord {
            shard,
            sequence: record.sequence.as_str(),
            arrived_ms: record.arrived_ms,
            data: &record.data,
        })?;
        if let Some(batch) = batch {
            shared.room().await;
            let end = assembly.end();
            shared.change(|state| {
                state.bytes += batch.payload.len();
                state.end = end;
                state.batches.push_back(batch);
            });
        }
    }
    Ok(())
}
