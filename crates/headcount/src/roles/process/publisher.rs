//! What a partition gives away: changes to tables, steps for those who follow, and checkpoints.
//!
//! All may be slow or down for minutes, and neither counting nor each other must wait for them. So each has a thread of
//! its own that takes one thing at a time; until it is free again, changes gather in the partition, where they take no
//! more room however many there are.
//!
//! A checkpoint is kept only after the changes up to it are in the tables. So whoever goes on from it knows that
//! everything before it is served, and need not serve it again.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use headcount_clock::{Backoff, Delays};
use headcount_engine::{Changes, Step};
use headcount_serving::Serving;
use tokio::{runtime::Handle, time::timeout};

use crate::{
    metrics::METRICS,
    roles::process::acked_offsets::{AckedOffsets, Channel},
    roles::process::checkpoints::{Checkpoints, StartingPoint},
};

#[cfg(test)]
mod tests;

/// Between a failure and the next attempt.
const DELAYS: Delays = Delays {
    first: Duration::from_millis(100),
    most: Duration::from_secs(5),
};
/// How often a wait looks whether it is to be given up.
const LOOK: Duration = Duration::from_millis(50);

/// How long it may take to learn what is served.
const ASK_LIMIT: Duration = Duration::from_secs(20);

/// What is given away at one commit.
pub(crate) struct TableBatch {
    pub(crate) changes: Option<Changes>,
    /// Of a commit up to which everything is served after these changes.
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// The state at a commit, as it is kept.
pub(crate) struct Checkpoint {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

/// A step, and answers for the map as JSON.
struct Delta {
    step: Step,
    pulses: Vec<u8>,
}

/// Where parcels go.
#[derive(Clone)]
pub(crate) struct Destination {
    /// What is served, and the runtime that its network needs.
    pub(crate) serving: Option<(Serving, Handle)>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) checkpoint_every: Duration,
}

impl Destination {
    /// Where counting a partition begins.
    pub(crate) fn start(&self, journal: u64, at: u16) -> StartingPoint {
        let mut start = self.checkpoints.start(journal, at);
        if let Some((serving, runtime)) = &self.serving {
            let served = runtime.block_on(async {
                serving.begin(at).await;
                timeout(ASK_LIMIT, serving.snapshot_offset(at)).await
            });
            match served {
                Ok(Ok(base)) => start.served = base >= Some(start.partition.next_offset()),
                // Serving everything is always right.
                Ok(Err(error)) => tracing::warn!("partition {at} is served anew: {error}"),
                Err(_) => {
                    tracing::warn!("partition {at} is served anew: no answer of what is served")
                }
            }
        }
        start
    }
}

/// A partition's outbox.
pub(crate) struct Publisher {
    batches: SyncSender<TableBatch>,
    deltas: SyncSender<Delta>,
    acked: Arc<AckedOffsets>,
    threads: [JoinHandle<()>; 3],
}

impl Publisher {
    pub(crate) fn start(partition: u16, to: Destination, acked: AckedOffsets) -> Result<Self> {
        let acked = Arc::new(acked);
        let (batches, due_tables) = sync_channel(1);
        let (deltas, due_deltas) = sync_channel(1);
        let (checkpoints, due_checkpoints) = sync_channel(1);
        let checkpoint_writer = CheckpointWriter {
            partition,
            checkpoints: to.checkpoints,
            acked: Arc::clone(&acked),
        };
        let server = |channel, what| ServingWriter {
            partition,
            channel,
            what,
            serving: to.serving.clone(),
            acked: Arc::clone(&acked),
        };
        let (tables, steps) = (
            server(Channel::Tables, "tables"),
            server(Channel::Steps, "figures shown elsewhere"),
        );
        let threads = [
            spawn(format!("tables-{partition}"), move || {
                tables.write_tables(&due_tables, &checkpoints);
            })?,
            spawn(format!("steps-{partition}"), move || {
                steps.write_deltas(&due_deltas);
            })?,
            spawn(format!("keeper-{partition}"), move || {
                checkpoint_writer.run(&due_checkpoints);
            })?,
        ];
        Ok(Self {
            batches,
            deltas,
            acked,
            threads,
        })
    }

    pub(crate) fn acked(&self) -> &Arc<AckedOffsets> {
        &self.acked
    }

    /// Gives a parcel away. The lane of tables must be free, and that of checkpoints if there is one in it.
    pub(crate) fn send(&self, batch: TableBatch) {
        if batch.checkpoint.is_some() {
            self.acked.set_busy(Channel::Checkpoints, true);
        }
        self.acked.set_busy(Channel::Tables, true);
        // The thread ends only after this sender.
        let _ = self.batches.send(batch);
    }

    /// Gives a step away. Its lane must be free.
    pub(crate) fn send_delta(&self, step: Step, pulses: Vec<u8>) {
        self.acked.set_busy(Channel::Steps, true);
        let _ = self.deltas.send(Delta { step, pulses });
    }

    /// Whether all lanes are free.
    pub(crate) fn is_free(&self) -> bool {
        let channels = [Channel::Tables, Channel::Steps, Channel::Checkpoints];
        channels.iter().all(|channel| self.acked.is_free(*channel))
    }

    /// Ends it; what is under way is given up.
    pub(crate) fn close(self) {
        self.acked.abandon();
        drop((self.batches, self.deltas));
        for thread in self.threads {
            // A panic has been printed.
            let _ = thread.join();
        }
    }
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    thread::Builder::new()
        .name(name)
        .spawn(run)
        .context("start a thread")
}

/// Serves what is given to it.
struct ServingWriter {
    partition: u16,
    channel: Channel,
    /// What does not go on if it does not.
    what: &'static str,
    serving: Option<(Serving, Handle)>,
    acked: Arc<AckedOffsets>,
}

impl ServingWriter {
    fn write_tables(self, due: &Receiver<TableBatch>, checkpoints: &SyncSender<Checkpoint>) {
        while let Ok(TableBatch {
            changes,
            checkpoint,
        }) = due.recv()
        {
            // What was given up before is not served either.
            let served = changes.is_none_or(|changes| self.write_changes(&changes))
                && !self.acked.is_abandoned();
            if let Some(checkpoint) = checkpoint {
                if served {
                    // The keeper ends only after this sender.
                    let _ = checkpoints.send(checkpoint);
                } else {
                    self.acked.set_busy(Channel::Checkpoints, false);
                }
            }
            self.acked.set_busy(Channel::Tables, false);
        }
    }

    fn write_changes(&self, changes: &Changes) -> bool {
        let served =
            self.until_written(async |serving| serving.write(self.partition, changes).await);
        if let (true, Some(whole)) = (served, &changes.whole) {
            self.acked.set_served(whole.offset);
        }
        served
    }

    fn write_deltas(self, due: &Receiver<Delta>) {
        while let Ok(Delta { step, pulses }) = due.recv() {
            self.until_written(async |serving| {
                serving.write_step(self.partition, &step, &pulses).await
            });
            self.acked.set_busy(Channel::Steps, false);
        }
    }

    /// Serves, however long it takes; false if it was given up.
    fn until_written(
        &self,
        write: impl AsyncFn(&Serving) -> headcount_serving::Result<()>,
    ) -> bool {
        let Some((serving, runtime)) = &self.serving else {
            return true;
        };
        let mut backoff = Backoff::new(DELAYS);
        let mut failing = false;
        while !self.acked.is_abandoned() {
            // A write may be dropped at any moment: what it writes is absolute.
            let written = runtime.block_on(async {
                tokio::select! {
                    written = write(serving) => Some(written),
                    () = self.acked.abandoned() => None,
                }
            });
            let Some(written) = written else {
                return false;
            };
            match written {
                Ok(()) => {
                    if failing {
                        tracing::info!("partition {}: {} go on", self.partition, self.what);
                    }
                    return true;
                }
                Err(error) => {
                    METRICS.publish_failures.of(self.channel).inc();
                    if !failing {
                        tracing::warn!(
                            "partition {}: {} stand still: {error}; it is tried again, nothing is lost meanwhile",
                            self.partition,
                            self.what
                        );
                    }
                    failing = true;
                    self.pause(backoff.next_delay());
                }
            }
        }
        false
    }

    fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while Instant::now() < until && !self.acked.is_abandoned() {
            thread::sleep(LOOK);
        }
    }
}

struct CheckpointWriter {
    partition: u16,
    checkpoints: Checkpoints,
    acked: Arc<AckedOffsets>,
}

impl CheckpointWriter {
    fn run(self, due: &Receiver<Checkpoint>) {
        while let Ok(checkpoint) = due.recv() {
            self.keep(&checkpoint);
            self.acked.set_busy(Channel::Checkpoints, false);
        }
    }

    /// Keeps a checkpoint. It only saves time at the next start, so a failure must not end the
    /// counting: the next attempt is made when its time has come.
    fn keep(&self, checkpoint: &Checkpoint) {
        let kept = self
            .checkpoints
            .save(self.partition, checkpoint.offset, &checkpoint.bytes);
        match kept {
            Ok(()) => {
                METRICS
                    .checkpoint_bytes
                    .inc_by(checkpoint.bytes.len() as u64);
                self.acked.set_checkpointed(checkpoint.offset);
            }
            Err(error) => {
                METRICS.publish_failures.of(Channel::Checkpoints).inc();
                tracing::warn!(
                    "no checkpoint of partition {} was written: {error:#}",
                    self.partition
                );
            }
        }
    }
}
