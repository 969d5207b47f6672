//! Publishes what a partition counted: tables and deltas to the serving store, and checkpoints.
//!
//! Each of the three channels may be slow or down for minutes, and neither counting nor another channel must wait for it.
//! So each has a thread of its own that takes one thing at a time. Until that thread is free again, changes accumulate in
//! the partition, where several changes of one key take the room of one.
//!
//! A checkpoint is stored only after the tables hold the changes up to it. A process that resumes from it therefore knows
//! that everything before it is in the tables, and need not write that again.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};
use headcount_clock::{Backoff, Delays};
use headcount_engine::{Changes, Delta};
use headcount_serving::Serving;
use tokio::{runtime::Handle, time::timeout};

use crate::{
    event_bus::EventBus,
    metrics::METRICS,
    roles::process::acked_offsets::{AckedOffsets, Channel},
    roles::process::checkpoints::{Checkpoints, StartingPoint},
};

#[cfg(test)]
mod tests;

/// Delays between a failed attempt and the next.
const DELAYS: Delays = Delays {
    first: Duration::from_millis(100),
    most: Duration::from_secs(5),
};
/// How long the serving store may take to say up to where its tables are.
const ASK_LIMIT: Duration = Duration::from_secs(20);

/// What goes to the tables at one commit.
pub(crate) struct TableBatch {
    pub(crate) changes: Option<Changes>,
    /// Of a commit up to which the tables are complete after these changes.
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// The state of a partition at a commit.
pub(crate) struct Checkpoint {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

/// A delta, and the answers that the map shows for it, as JSON.
struct DeltaBatch {
    delta: Delta,
    pulses: Vec<u8>,
}

/// Where a partition is published.
#[derive(Clone)]
pub(crate) struct Destination {
    /// The serving store, and the runtime that its connections need.
    pub(crate) serving: Option<(Serving, Handle)>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) checkpoint_every: Duration,
}

impl Destination {
    /// Finds where counting partition `at` starts, and whether its tables are complete up to there.
    pub(crate) fn start(&self, journal: u64, at: u16) -> StartingPoint {
        let mut start = self.checkpoints.start(journal, at);
        if let Some((serving, runtime)) = &self.serving {
            let served = runtime.block_on(async {
                serving.begin(at).await;
                timeout(ASK_LIMIT, serving.snapshot_offset(at)).await
            });
            match served {
                Ok(Ok(base)) => start.served = base >= Some(start.partition.next_offset()),
                // Writing everything is always right.
                Ok(Err(error)) => {
                    tracing::warn!("partition {at}: writing all tables again: {error}")
                }
                Err(_) => {
                    tracing::warn!(
                        "partition {at}: writing all tables again: the serving store did not answer"
                    )
                }
            }
        }
        start
    }
}

/// Publishes one partition: three channels, each with its thread.
pub(crate) struct Publisher {
    batches: SyncSender<TableBatch>,
    deltas: SyncSender<DeltaBatch>,
    acked: Arc<AckedOffsets>,
    threads: [JoinHandle<()>; 3],
}

impl Publisher {
    pub(crate) fn start(
        partition: u16,
        to: Destination,
        acked: AckedOffsets,
        bus: &EventBus,
    ) -> Result<Self> {
        let acked = Arc::new(acked);
        let (batches, due_tables) = sync_channel(1);
        let (deltas, due_deltas) = sync_channel(1);
        let (checkpoints, due_checkpoints) = sync_channel(1);
        let checkpoint_writer = CheckpointWriter {
            partition,
            checkpoints: to.checkpoints,
            acked: Arc::clone(&acked),
            failing: false,
        };
        let server = |channel, what| ServingWriter {
            partition,
            channel,
            what,
            serving: to.serving.clone(),
            acked: Arc::clone(&acked),
        };
        let (table_writer, delta_writer) = (
            server(Channel::Tables, "tables"),
            server(Channel::Deltas, "deltas for serving processes"),
        );
        let threads = [
            spawn(bus, format!("tables-{partition}"), move || {
                table_writer.write_tables(&due_tables, &checkpoints);
            })?,
            spawn(bus, format!("deltas-{partition}"), move || {
                delta_writer.write_deltas(&due_deltas);
            })?,
            spawn(bus, format!("checkpoints-{partition}"), move || {
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

    /// Sends changes to the tables. Their channel must be free, and that of checkpoints if the batch has one.
    pub(crate) fn send(&self, batch: TableBatch) {
        if batch.checkpoint.is_some() {
            self.acked.set_busy(Channel::Checkpoints, true);
        }
        self.acked.set_busy(Channel::Tables, true);
        // The thread ends only after this sender.
        let _ = self.batches.send(batch);
    }

    /// Sends a delta. Its channel must be free.
    pub(crate) fn send_delta(&self, delta: Delta, pulses: Vec<u8>) {
        self.acked.set_busy(Channel::Deltas, true);
        let _ = self.deltas.send(DeltaBatch { delta, pulses });
    }

    /// Whether all channels are free.
    pub(crate) fn is_free(&self) -> bool {
        let channels = [Channel::Tables, Channel::Deltas, Channel::Checkpoints];
        channels.iter().all(|channel| self.acked.is_free(*channel))
    }

    /// Stops the threads. What they have not written is abandoned.
    pub(crate) fn close(self) {
        self.acked.abandon();
        drop((self.batches, self.deltas));
        for thread in self.threads {
            // A panic has been printed.
            let _ = thread.join();
        }
    }
}

fn spawn(
    bus: &EventBus,
    name: String,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>> {
    let guard = bus.guard(format!("the thread {name}"));
    thread::Builder::new()
        .name(name)
        .spawn(move || {
            let _guard = guard;
            run();
        })
        .context("start a thread")
}

/// Writes one channel to the serving store.
struct ServingWriter {
    partition: u16,
    channel: Channel,
    /// What this channel writes, for a sentence in the log.
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
            // Changes that were abandoned are not in the tables.
            let served = changes.is_none_or(|changes| self.write_changes(&changes))
                && !self.acked.is_abandoned();
            if let Some(checkpoint) = checkpoint {
                if served {
                    // The thread of checkpoints ends only after this sender.
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
        if let (true, Some(complete)) = (served, &changes.snapshot_complete) {
            self.acked.set_served(complete.offset);
        }
        served
    }

    fn write_deltas(self, due: &Receiver<DeltaBatch>) {
        while let Ok(DeltaBatch { delta, pulses }) = due.recv() {
            self.until_written(async |serving| {
                serving.write_delta(self.partition, &delta, &pulses).await
            });
            self.acked.set_busy(Channel::Deltas, false);
        }
    }

    /// Writes, however long it takes; false if the partition was abandoned.
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
                        tracing::info!("partition {}: writing {} again", self.partition, self.what);
                    }
                    return true;
                }
                Err(error) => {
                    METRICS.publish_failures.of(self.channel).inc();
                    if !failing {
                        tracing::warn!(
                            "partition {}: cannot write {}: {error}; retrying, and nothing is lost meanwhile",
                            self.partition,
                            self.what
                        );
                    }
                    failing = true;
                    self.acked.pause(backoff.next_delay());
                }
            }
        }
        false
    }
}

struct CheckpointWriter {
    partition: u16,
    checkpoints: Checkpoints,
    acked: Arc<AckedOffsets>,
    /// Whether the last attempt failed.
    failing: bool,
}

impl CheckpointWriter {
    fn run(mut self, due: &Receiver<Checkpoint>) {
        while let Ok(checkpoint) = due.recv() {
            self.save(&checkpoint);
            self.acked.set_busy(Channel::Checkpoints, false);
        }
    }

    /// Stores a checkpoint. It only saves time at the next start, so a failure must not stop
    /// counting: the next checkpoint is the next attempt.
    fn save(&mut self, checkpoint: &Checkpoint) {
        let kept = self
            .checkpoints
            .save(self.partition, checkpoint.offset, &checkpoint.bytes);
        match kept {
            Ok(()) => {
                METRICS
                    .checkpoint_bytes
                    .inc_by(checkpoint.bytes.len() as u64);
                self.acked.set_checkpointed(checkpoint.offset);
                if std::mem::take(&mut self.failing) {
                    tracing::info!("partition {}: writing checkpoints again", self.partition);
                }
            }
            Err(error) => {
                METRICS.publish_failures.of(Channel::Checkpoints).inc();
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(
                        "cannot write a checkpoint of partition {}: {error:#}; nothing is lost, but the next start \
                         takes longer",
                        self.partition
                    );
                }
            }
        }
    }
}
