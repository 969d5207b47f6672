//! This process among others: it says that it is there and how far it is, and learns of the rest.
//!
//! What is said lies in the lake, as small objects. It decides nothing: who counts a partition is
//! decided by the group, and what is written is right whoever writes it. It is there to be looked
//! at.

use headcount_query::ClusterStatus;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};

use headcount_clock::now_ms;
use headcount_lake::{
    Lake,
    claims::{ClaimProgress, Claims, PartitionClaim, Renewed, WorkerHeartbeat},
};

use tokio::sync::watch;

use crate::roles::process::assignment::HeldProgress;

/// How often a process says how it is.
const INTERVAL: Duration = Duration::from_secs(2);
/// How often it looks whether it is to stop.
const STOP_POLL: Duration = Duration::from_millis(50);

/// The thread that speaks for this process.
pub(crate) struct Heartbeat {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// What a process says of itself.
pub(crate) struct HeartbeatOptions {
    pub(crate) lake: Lake,
    pub(crate) me: WorkerHeartbeat,
    /// The partitions that it counts.
    pub(crate) held: HeldProgress,
    /// Hears of the whole cluster, if somebody looks at it here.
    pub(crate) shown: Option<watch::Sender<Option<Arc<ClusterStatus>>>>,
}

impl Heartbeat {
    pub(crate) fn start(options: HeartbeatOptions) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut run = HeartbeatLoop {
            claims: Claims::new(&options.lake),
            options,
            owned: BTreeMap::new(),
            trouble: false,
        };
        let told = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("cluster".to_owned())
            .spawn(move || run.run(&told))
            .context("start a thread")?;
        Ok(Self { stop, thread })
    }

    /// Says that the process is gone.
    pub(crate) fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| anyhow!("the cluster's thread panicked"))
    }
}

struct HeartbeatLoop {
    claims: Claims,
    options: HeartbeatOptions,
    owned: BTreeMap<u16, PartitionClaim>,
    trouble: bool,
}

impl HeartbeatLoop {
    fn run(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let beat = Instant::now();
            match self.beat() {
                Ok(()) if self.trouble => {
                    tracing::info!("the lake answers again");
                    self.trouble = false;
                }
                Ok(()) => {}
                Err(error) if !self.trouble => {
                    tracing::warn!("others cannot see how this process is: {error:#}");
                    self.trouble = true;
                }
                Err(_) => {}
            }
            while beat.elapsed() < INTERVAL && !stop.load(Ordering::Relaxed) {
                thread::sleep(STOP_POLL);
            }
        }
        if let Err(error) = self.end() {
            tracing::warn!("others are not told that this process is gone: {error:#}");
        }
    }

    fn beat(&mut self) -> Result<()> {
        let now = now_ms();
        self.options.me.at = now;
        self.claims.heartbeat(&self.options.me)?;
        if let Some(shown) = &self.options.shown {
            shown.send_replace(Some(Arc::new(self.look()?)));
        }
        let held = self.options.held.progress();
        // What is not held any more was given up in order, or is known to be another's.
        self.owned.retain(|at, _| held.contains_key(at));
        for (at, progress) in held {
            let progress = ClaimProgress {
                version: self.options.me.version.clone(),
                ..progress
            };
            let mut claim = match self.owned.remove(&at) {
                Some(claim) => claim,
                None => self.claims.claim(at, &self.options.me.name, now)?,
            };
            match claim.renew(progress, now)? {
                Renewed::StillOurs => {
                    self.owned.insert(at, claim);
                }
                Renewed::LostTo { owner, epoch } => {
                    let owner = owner.unwrap_or_else(|| "nobody".to_owned());
                    // The group decides, and tells the loser itself. While a partition moves, both
                    // may claim it; what they write is the same.
                    tracing::debug!("partition {at} belongs to {owner} since epoch {epoch}");
                }
            }
        }
        Ok(())
    }

    /// The whole cluster, as its processes say.
    fn look(&self) -> Result<ClusterStatus> {
        let partitions = self.claims.partitions()?;
        let owned_by = |name: &str| {
            let theirs = partitions
                .iter()
                .filter(|part| part.owner.as_deref() == Some(name));
            theirs.map(|part| part.partition).collect()
        };
        let workers = self.claims.workers()?;
        Ok(ClusterStatus {
            workers: workers
                .into_iter()
                .map(|worker| headcount_query::ClusterWorker {
                    partitions: owned_by(&worker.name),
                    name: worker.name,
                    roles: worker.roles,
                    version: worker.version,
                    started: worker.started,
                    seen: worker.at,
                    sources: worker.sources,
                })
                .collect(),
            partitions: partitions
                .iter()
                .map(|part| headcount_query::ClusterPartition {
                    partition: part.partition,
                    owner: part.owner.clone(),
                    epoch: part.epoch,
                    offset: part.progress.offset,
                    lag: Some(part.progress.lag),
                    stream_time: part.progress.stream_time,
                    served_offset: part.progress.served,
                    checkpoint_offset: Some(part.progress.checkpointed),
                })
                .collect(),
        })
    }

    fn end(&mut self) -> Result<()> {
        for claim in std::mem::take(&mut self.owned).into_values() {
            claim.release(now_ms())?;
        }
        Ok(self.claims.forget(&self.options.me.name)?)
    }
}
