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
    roles::process::acked::{Delivered, Lane},
    roles::process::checkpoints::{Checkpoints, Start},
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
pub(crate) struct Parcel {
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
struct Letter {
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
    pub(crate) fn start(&self, journal: u64, at: u16) -> Start {
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
pub(crate) struct Outbox {
    parcels: SyncSender<Parcel>,
    letters: SyncSender<Letter>,
    delivered: Arc<Delivered>,
    threads: [JoinHandle<()>; 3],
}

impl Outbox {
    pub(crate) fn start(partition: u16, to: Destination, delivered: Delivered) -> Result<Self> {
        let delivered = Arc::new(delivered);
        let (parcels, due_tables) = sync_channel(1);
        let (letters, due_steps) = sync_channel(1);
        let (checkpoints, due_checkpoints) = sync_channel(1);
        let keeper = Keeper {
            partition,
            checkpoints: to.checkpoints,
            delivered: Arc::clone(&delivered),
        };
        let server = |lane, what| Server {
            partition,
            lane,
            what,
            serving: to.serving.clone(),
            delivered: Arc::clone(&delivered),
        };
        let (tables, steps) = (
            server(Lane::Tables, "tables"),
            server(Lane::Steps, "figures shown elsewhere"),
        );
        let threads = [
            spawn(format!("tables-{partition}"), move || {
                tables.serve_tables(&due_tables, &checkpoints);
            })?,
            spawn(format!("steps-{partition}"), move || {
                steps.serve_steps(&due_steps);
            })?,
            spawn(format!("keeper-{partition}"), move || {
                keeper.run(&due_checkpoints);
            })?,
        ];
        Ok(Self {
            parcels,
            letters,
            delivered,
            threads,
        })
    }

    pub(crate) fn delivered(&self) -> &Arc<Delivered> {
        &self.delivered
    }

    /// Gives a parcel away. The lane of tables must be free, and that of checkpoints if there is one in it.
    pub(crate) fn send(&self, parcel: Parcel) {
        if parcel.checkpoint.is_some() {
            self.delivered.set_busy(Lane::Checkpoints, true);
        }
        self.delivered.set_busy(Lane::Tables, true);
        // The thread ends only after this sender.
        let _ = self.parcels.send(parcel);
    }

    /// Gives a step away. Its lane must be free.
    pub(crate) fn send_step(&self, step: Step, pulses: Vec<u8>) {
        self.delivered.set_busy(Lane::Steps, true);
        let _ = self.letters.send(Letter { step, pulses });
    }

    /// Whether all lanes are free.
    pub(crate) fn is_free(&self) -> bool {
        let lanes = [Lane::Tables, Lane::Steps, Lane::Checkpoints];
        lanes.iter().all(|lane| self.delivered.is_free(*lane))
    }

    /// Ends it; what is under way is given up.
    pub(crate) fn close(self) {
        self.delivered.abandon();
        drop((self.parcels, self.letters));
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
struct Server {
    partition: u16,
    lane: Lane,
    /// What does not go on if it does not.
    what: &'static str,
    serving: Option<(Serving, Handle)>,
    delivered: Arc<Delivered>,
}

impl Server {
    fn serve_tables(self, due: &Receiver<Parcel>, checkpoints: &SyncSender<Checkpoint>) {
        while let Ok(Parcel {
            changes,
            checkpoint,
        }) = due.recv()
        {
            // What was given up before is not served either.
            let served = changes.is_none_or(|changes| self.serve_changes(&changes))
                && !self.delivered.is_abandoned();
            if let Some(checkpoint) = checkpoint {
                if served {
                    // The keeper ends only after this sender.
                    let _ = checkpoints.send(checkpoint);
                } else {
                    self.delivered.set_busy(Lane::Checkpoints, false);
                }
            }
            self.delivered.set_busy(Lane::Tables, false);
        }
    }

    fn serve_changes(&self, changes: &Changes) -> bool {
        let served =
            self.until_served(async |serving| serving.write(self.partition, changes).await);
        if let (true, Some(complete)) = (served, &changes.snapshot_complete) {
            self.delivered.set_served(complete.offset);
        }
        served
    }

    fn serve_steps(self, due: &Receiver<Letter>) {
        while let Ok(Letter { step, pulses }) = due.recv() {
            self.until_served(async |serving| {
                serving.write_step(self.partition, &step, &pulses).await
            });
            self.delivered.set_busy(Lane::Steps, false);
        }
    }

    /// Serves, however long it takes; false if it was given up.
    fn until_served(&self, write: impl AsyncFn(&Serving) -> headcount_serving::Result<()>) -> bool {
        let Some((serving, runtime)) = &self.serving else {
            return true;
        };
        let mut backoff = Backoff::new(DELAYS);
        let mut failing = false;
        while !self.delivered.is_abandoned() {
            // A write may be dropped at any moment: what it writes is absolute.
            let written = runtime.block_on(async {
                tokio::select! {
                    written = write(serving) => Some(written),
                    () = self.delivered.abandoned() => None,
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
                    METRICS.publish_failures.of(self.lane).inc();
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
        while Instant::now() < until && !self.delivered.is_abandoned() {
            thread::sleep(LOOK);
        }
    }
}

struct Keeper {
    partition: u16,
    checkpoints: Checkpoints,
    delivered: Arc<Delivered>,
}

impl Keeper {
    fn run(self, due: &Receiver<Checkpoint>) {
        while let Ok(checkpoint) = due.recv() {
            self.keep(&checkpoint);
            self.delivered.set_busy(Lane::Checkpoints, false);
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
                self.delivered.set_checkpointed(checkpoint.offset);
            }
            Err(error) => {
                METRICS.publish_failures.of(Lane::Checkpoints).inc();
                tracing::warn!(
                    "no checkpoint of partition {} was written: {error:#}",
                    self.partition
                );
            }
        }
    }
}
