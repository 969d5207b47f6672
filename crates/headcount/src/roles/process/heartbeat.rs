//! The heartbeat of this process in the cluster: it reports that it is alive and how far it is, and reads the reports of
//! the others.
//!
//! Reports are small objects in the lake. They decide nothing: the group assigns partitions, and all
//! owners write the same values. Reports are there for people to look at.

use headcount_query::ClusterStatus;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
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

use crate::{event_bus::EventBus, roles::process::held_progress::HeldProgress};

/// Between two heartbeats.
const INTERVAL: Duration = Duration::from_secs(2);
/// The thread that writes heartbeats.
pub(crate) struct Heartbeat {
    /// Nothing is ever sent; dropping it stops the thread.
    running: SyncSender<()>,
    thread: JoinHandle<()>,
}

/// What a process reports of itself, and where.
pub(crate) struct HeartbeatOptions {
    pub(crate) lake: Lake,
    pub(crate) me: WorkerHeartbeat,
    /// The partitions that it counts.
    pub(crate) held: HeldProgress,
    /// Receives the state of the whole cluster, if this process serves the dashboard.
    pub(crate) shown: Option<watch::Sender<Option<Arc<ClusterStatus>>>>,
}

impl Heartbeat {
    pub(crate) fn start(options: HeartbeatOptions, bus: &EventBus) -> Result<Self> {
        let (running, stopped) = sync_channel(0);
        let guard = bus.guard("the thread that reports to the cluster");
        let mut run = HeartbeatLoop {
            claims: Claims::new(&options.lake),
            options,
            owned: BTreeMap::new(),
            trouble: false,
        };
        let thread = thread::Builder::new()
            .name("cluster".to_owned())
            .spawn(move || {
                let _guard = guard;
                run.run(&stopped);
            })
            .context("start a thread")?;
        Ok(Self { running, thread })
    }

    /// Withdraws the heartbeat, releases the claims and stops.
    pub(crate) fn stop(self) -> Result<()> {
        drop(self.running);
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
    fn run(&mut self, stopped: &Receiver<()>) {
        loop {
            let beat = Instant::now();
            match self.beat() {
                Ok(()) if self.trouble => {
                    tracing::info!("the lake answers again");
                    self.trouble = false;
                }
                Ok(()) => {}
                Err(error) if !self.trouble => {
                    tracing::warn!("cannot write the heartbeat of this process: {error:#}");
                    self.trouble = true;
                }
                Err(_) => {}
            }
            let rest = INTERVAL.saturating_sub(beat.elapsed());
            if stopped.recv_timeout(rest) != Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
        if let Err(error) = self.end() {
            tracing::warn!("cannot withdraw the heartbeat of this process: {error:#}");
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
        // A partition that is no longer held was released, or another process is known to hold it.
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

    /// Reads the state of the whole cluster.
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
