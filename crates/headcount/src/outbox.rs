//! What a partition gives away: changes to what is served, and checkpoints.
//!
//! Both may be slow or down for minutes, and counting must not wait for them. So a thread of its
//! own takes one parcel at a time; until it is free again, changes gather in the partition, where
//! they take no more room however many there are.
//!
//! A checkpoint is kept only after the changes up to it are served. So whoever goes on from it
//! knows that everything before it is served, and need not serve it again. Keeping it is the work of
//! another thread: what is served does not wait for the lake.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use headcount_engine::Changes;
use headcount_sink::serving::Serving;
use tokio::{runtime::Handle, time::timeout};

use crate::checkpoints::{Checkpoints, Start};

/// The first wait after a failure; it doubles up to the last.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(5);
/// How often a wait looks whether it is to be given up.
const LOOK: Duration = Duration::from_millis(50);

/// How long it may take to learn what is served.
const ASK_LIMIT: Duration = Duration::from_secs(20);

/// What is given away at one commit.
pub(crate) struct Parcel {
    pub(crate) changes: Option<Changes>,
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// The state at a commit, as it is kept.
pub(crate) struct Checkpoint {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Where parcels go.
#[derive(Clone)]
pub(crate) struct Destination {
    /// What is served, and the runtime that its network needs.
    pub(crate) serving: Option<(Serving, Handle)>,
    pub(crate) checkpoints: Checkpoints,
}

impl Destination {
    /// Where counting a partition begins.
    pub(crate) fn start(&self, journal: u64, at: u16) -> Start {
        let mut start = self.checkpoints.start(journal, at);
        if let Some((serving, runtime)) = &self.serving {
            let served = runtime.block_on(async { timeout(ASK_LIMIT, serving.books()).await });
            match served {
                Ok(Ok(books)) => {
                    let offset = start.partition.next_offset();
                    start.served = books
                        .iter()
                        .any(|(served, until, _)| *served == at && *until >= offset);
                }
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

/// How far a partition has given away.
#[derive(Default)]
pub(crate) struct Delivered {
    busy: AtomicBool,
    /// A checkpoint is on its way.
    keeping: AtomicBool,
    abandoned: AtomicBool,
    served: AtomicU64,
    checkpointed: AtomicU64,
}

impl Delivered {
    /// Whether a parcel can be taken.
    pub(crate) fn is_free(&self) -> bool {
        !self.busy.load(Ordering::Acquire)
    }

    /// Whether a checkpoint can be taken.
    pub(crate) fn can_keep(&self) -> bool {
        !self.keeping.load(Ordering::Acquire)
    }

    /// The offset up to which is served.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// The offset of the last checkpoint.
    pub(crate) fn checkpointed(&self) -> u64 {
        self.checkpointed.load(Ordering::Relaxed)
    }

    /// Ends all waiting: the partition belongs to somebody else.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

/// A partition's outbox.
pub(crate) struct Outbox {
    parcels: SyncSender<Parcel>,
    delivered: Arc<Delivered>,
    threads: [JoinHandle<()>; 2],
}

impl Outbox {
    pub(crate) fn start(partition: u16, checkpointed: u64, to: Destination) -> Result<Self> {
        let (parcels, inbox) = sync_channel(1);
        let delivered = Arc::new(Delivered::default());
        delivered
            .checkpointed
            .store(checkpointed, Ordering::Relaxed);
        let (checkpoints, kept) = sync_channel(1);
        let keeper = Keeper {
            partition,
            checkpoints: to.checkpoints.clone(),
            delivered: Arc::clone(&delivered),
        };
        let run = Run {
            partition,
            to,
            delivered: Arc::clone(&delivered),
            checkpoints,
        };
        let serving = thread::Builder::new()
            .name(format!("outbox-{partition}"))
            .spawn(move || run.run(&inbox))
            .context("start a thread")?;
        let keeping = thread::Builder::new()
            .name(format!("keeper-{partition}"))
            .spawn(move || keeper.run(&kept))
            .context("start a thread")?;
        Ok(Self {
            parcels,
            delivered,
            threads: [serving, keeping],
        })
    }

    pub(crate) fn delivered(&self) -> &Arc<Delivered> {
        &self.delivered
    }

    /// Gives a parcel away. The outbox must be free, also to keep a checkpoint if there is one in it.
    pub(crate) fn send(&self, parcel: Parcel) {
        let keeping = parcel.checkpoint.is_some();
        self.delivered.keeping.fetch_or(keeping, Ordering::AcqRel);
        self.delivered.busy.store(true, Ordering::Release);
        // The thread ends only after this sender.
        let _ = self.parcels.send(parcel);
    }

    /// Whether it is free for anything within `limit`.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while !(self.delivered.is_free() && self.delivered.can_keep()) {
            if Instant::now() >= until || self.delivered.is_abandoned() {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// Ends it; what is under way is given up.
    pub(crate) fn close(self) {
        self.delivered.abandon();
        drop(self.parcels);
        for thread in self.threads {
            // A panic has been printed.
            let _ = thread.join();
        }
    }
}

struct Run {
    partition: u16,
    to: Destination,
    delivered: Arc<Delivered>,
    checkpoints: SyncSender<Checkpoint>,
}

impl Run {
    fn run(self, inbox: &Receiver<Parcel>) {
        while let Ok(parcel) = inbox.recv() {
            let served = self.serve(parcel.changes.as_ref());
            if let Some(checkpoint) = parcel.checkpoint {
                if served {
                    // The keeper ends only after this sender.
                    let _ = self.checkpoints.send(checkpoint);
                } else {
                    self.delivered.keeping.store(false, Ordering::Release);
                }
            }
            self.delivered.busy.store(false, Ordering::Release);
        }
    }

    /// Serves changes, however long it takes; false if it was given up.
    fn serve(&self, changes: Option<&Changes>) -> bool {
        let (Some(changes), Some((serving, runtime))) = (changes, &self.to.serving) else {
            return true;
        };
        let mut wait = RETRY_FIRST;
        let mut failing = false;
        while !self.delivered.is_abandoned() {
            match runtime.block_on(serving.write(self.partition, changes)) {
                Ok(()) => {
                    if failing {
                        tracing::info!("partition {}: what is served goes on", self.partition);
                    }
                    self.delivered
                        .served
                        .store(changes.offset, Ordering::Relaxed);
                    return true;
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(
                            "partition {}: what is served stands still: {error}",
                            self.partition
                        );
                    }
                    failing = true;
                    self.pause(wait);
                    wait = (wait * 2).min(RETRY_LAST);
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
    fn run(self, inbox: &Receiver<Checkpoint>) {
        while let Ok(checkpoint) = inbox.recv() {
            self.keep(&checkpoint);
            self.delivered.keeping.store(false, Ordering::Release);
        }
    }

    /// Keeps a checkpoint. It only saves time at the next start, so a failure must not end the
    /// counting: the next attempt is made when its time has come.
    fn keep(&self, checkpoint: &Checkpoint) {
        let kept = self
            .checkpoints
            .save(self.partition, checkpoint.offset, &checkpoint.bytes);
        match kept {
            Ok(()) => self
                .delivered
                .checkpointed
                .store(checkpoint.offset, Ordering::Relaxed),
            Err(error) => tracing::warn!(
                "no checkpoint of partition {} was written: {error:#}",
                self.partition
            ),
        }
    }
}
