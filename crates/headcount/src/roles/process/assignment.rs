//! The partitions that this process counts: all of them, or those that its group gives it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use headcount_engine::Partition;
use headcount_journal::{Change, Journal, Membership};
use headcount_lake::{Lake, archive::ArchiveFigures, claims::ClaimProgress};

use crate::{
    event_bus::EventBus,
    roles::ingest::known_sources::KnownSources,
    roles::process::acked_offsets::AckedOffsets,
    roles::process::archive::Archiving,
    roles::process::checkpoints::StartingPoint,
    roles::process::partition::Follower,
    roles::process::publisher::Destination,
    roles::serve::partition_handle::{PartitionHandle, PartitionHandles},
};

/// How often a member looks after its partitions.
const LOOK: Duration = Duration::from_millis(200);

/// What counting a partition takes.
#[derive(Clone)]
pub(crate) struct CountingOptions {
    pub(crate) journal: Arc<Journal>,
    pub(crate) to: Destination,
    /// Where the raw stream is archived, if it is.
    pub(crate) raw: Option<Lake>,
    pub(crate) handles: PartitionHandles,
    pub(crate) bus: EventBus,
    /// Counts from the journal's beginning, checkpoints left aside, and holds record times against
    /// this moment too, ms since 1970.
    pub(crate) anew: Option<i64>,
}

/// The partitions that this process holds.
pub(crate) struct HeldPartitions {
    options: CountingOptions,
    held: BTreeMap<u16, HeldPartition>,
    held_progress: HeldProgress,
    /// The process ends, and its last objects are waited for so long.
    ending: Option<Instant>,
}

/// One partition: its counts, and the archive of its raw stream.
struct HeldPartition {
    follower: Follower,
    archiving: Option<Archiving>,
}

impl HeldPartitions {
    pub(crate) fn new(options: CountingOptions) -> Self {
        Self {
            options,
            held: BTreeMap::new(),
            held_progress: HeldProgress::default(),
            ending: None,
        }
    }

    /// Counts all partitions; returns when everything that is in the journal is counted, with what
    /// they know of sources.
    pub(crate) fn take_all(&mut self) -> Result<Vec<KnownSources>> {
        for at in 0..self.options.journal.partitions() {
            self.take(at)?;
        }
        self.held
            .values()
            .map(|held| held.follower.caught_up())
            .collect()
    }

    fn take(&mut self, at: u16) -> Result<()> {
        let CountingOptions {
            journal, to, anew, ..
        } = &self.options;
        let start = match *anew {
            Some(moment) => StartingPoint::anew(Partition::judging_at(moment)),
            None => to.start(journal.id(), at),
        };
        let follower = Follower::start(journal, at, start, to.clone(), self.options.bus.clone())?;
        let archiving = self.options.raw.as_ref();
        let archiving = archiving
            .map(|lake| Archiving::start(journal, at, lake, &self.options.bus))
            .transpose();
        let archiving = match archiving {
            Ok(archiving) => archiving,
            Err(error) => {
                follower.stop(false)?;
                return Err(error);
            }
        };
        let handle = follower.handle().clone();
        self.options.handles.insert(at, handle.clone());
        let archive = archiving
            .as_ref()
            .map(|archiving| Arc::clone(archiving.figures()));
        let inputs = ProgressInputs {
            handle,
            acked: Arc::clone(follower.acked()),
            serves: self.options.to.serving.is_some(),
            archive,
        };
        self.held_progress.insert(at, inputs);
        let held = HeldPartition {
            follower,
            archiving,
        };
        self.held.insert(at, held);
        Ok(())
    }

    /// Leaves partitions to others: in order, with a checkpoint of where they stand, or at once
    /// because they are another's already.
    fn leave(&mut self, partitions: &[u16], in_order: bool) -> Result<()> {
        // All at once, so that they write beside each other.
        for held in partitions.iter().filter_map(|at| self.held.get(at)) {
            held.follower.ask_to_stop(in_order);
        }
        let mut first = Ok(());
        for at in partitions {
            first = first.and(self.part(*at, in_order));
        }
        first
    }

    fn part(&mut self, at: u16, in_order: bool) -> Result<()> {
        let Some(HeldPartition {
            follower,
            archiving,
        }) = self.held.remove(&at)
        else {
            return Ok(());
        };
        self.options.handles.remove(at);
        self.held_progress.remove(at);
        follower.stop(in_order)?;
        // Only who ends closes the hour; who hands a partition over leaves that to the next.
        archiving.map_or(Ok(()), |archiving| archiving.end(self.ending))
    }

    /// Leaves all partitions. A process that others wait for does not wait long for its last objects.
    pub(crate) fn leave_all(self) -> Result<()> {
        self.leave_all_by(Archiving::last_objects())
    }

    /// The same; what is not archived by then is archived after the next start.
    pub(crate) fn leave_all_by(mut self, limit: Instant) -> Result<()> {
        for archiving in self
            .held
            .values()
            .filter_map(|held| held.archiving.as_ref())
        {
            archiving.finish();
        }
        self.ending = Some(limit);
        let all: Vec<_> = self.held.keys().copied().collect();
        self.leave(&all, true)
    }

    /// The books about what is held, kept up to date.
    pub(crate) fn held_progress(&self) -> HeldProgress {
        self.held_progress.clone()
    }
}

/// How far the held partitions are, for whoever wants to tell others.
#[derive(Clone, Default)]
pub(crate) struct HeldProgress(Arc<Mutex<BTreeMap<u16, ProgressInputs>>>);

struct ProgressInputs {
    handle: PartitionHandle,
    acked: Arc<AckedOffsets>,
    serves: bool,
    archive: Option<Arc<ArchiveFigures>>,
}

impl HeldProgress {
    fn insert(&self, at: u16, inputs: ProgressInputs) {
        let mut held_progress = self.0.lock().expect("the lock is not poisoned");
        held_progress.insert(at, inputs);
    }

    fn remove(&self, at: u16) {
        let mut held_progress = self.0.lock().expect("the lock is not poisoned");
        held_progress.remove(&at);
    }

    pub(crate) fn progress(&self) -> BTreeMap<u16, ClaimProgress> {
        let held_progress = self.0.lock().expect("the lock is not poisoned");
        let each = held_progress.iter().map(|(at, inputs)| {
            let counted = inputs.handle.progress();
            let progress = ClaimProgress {
                offset: counted.next_offset,
                lag: counted.behind,
                archived: inputs
                    .archive
                    .as_ref()
                    .map(|figures| figures.lag().archived),
                stream_time: counted.stream_time,
                served: inputs.serves.then(|| inputs.acked.served()).flatten(),
                checkpointed: inputs.acked.checkpointed(),
                version: String::new(),
            };
            (*at, progress)
        });
        each.collect()
    }
}

/// A member of a group of processes that share the partitions.
pub(crate) struct GroupMember {
    stop: Arc<AtomicBool>,
    held_progress: HeldProgress,
    thread: JoinHandle<Result<()>>,
}

impl GroupMember {
    /// Joins. Partitions come and go from now on; a failure is in the news.
    pub(crate) fn join(options: CountingOptions, membership: Membership) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let bus = options.bus.clone();
        let holdings = HeldPartitions::new(options);
        let held_progress = holdings.held_progress();
        let mut run = MemberLoop {
            bus,
            holdings,
            membership,
            stop: Arc::clone(&stop),
        };
        let thread = thread::Builder::new()
            .name("member".to_owned())
            .spawn(move || {
                let ended = run.run();
                if let Err(error) = &ended {
                    run.bus.fail(error);
                }
                // The group gives the partitions to others only when they are laid down: after this,
                // with the end of the membership.
                ended.and(run.holdings.leave_all())
            })
            .context("start a thread")?;
        Ok(Self {
            stop,
            held_progress,
            thread,
        })
    }

    /// How far the partitions are that this process holds at the time of asking.
    pub(crate) fn held_progress(&self) -> HeldProgress {
        self.held_progress.clone()
    }

    /// Leaves the group, its partitions with a checkpoint.
    pub(crate) fn leave(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| anyhow!("the member's thread panicked"))?
    }
}

struct MemberLoop {
    holdings: HeldPartitions,
    membership: Membership,
    bus: EventBus,
    stop: Arc<AtomicBool>,
}

impl MemberLoop {
    fn run(&mut self) -> Result<()> {
        while !self.stop.load(Ordering::Relaxed) {
            match self.membership.next(LOOK).context("share the partitions")? {
                Some(Change::Assigned(partitions)) => {
                    tracing::info!("counting {}", named(&partitions));
                    for at in partitions {
                        self.take(at)?;
                    }
                }
                Some(Change::Revoked(partitions, ack)) => {
                    tracing::info!("giving up {}", named(&partitions));
                    self.holdings.leave(&partitions, true)?;
                    drop(ack);
                }
                Some(Change::Lost(partitions)) => {
                    tracing::warn!("{}", lost(&partitions));
                    self.holdings.leave(&partitions, false)?;
                }
                None => {}
            }
            self.look_for_failures()?;
        }
        Ok(())
    }

    /// Takes a partition. Servers that are away just now are waited for: a process that ended instead would only be
    /// started again to wait.
    fn take(&mut self, at: u16) -> Result<()> {
        let mut told = false;
        loop {
            match self.holdings.take(at) {
                Err(error) if may_pass(&error) && !self.stop.load(Ordering::Relaxed) => {
                    if !told {
                        tracing::warn!("partition {at}: counting waits: {error:#}");
                    }
                    told = true;
                    thread::sleep(LOOK);
                }
                taken => return taken,
            }
        }
    }

    /// A partition that cannot be counted here is left to others.
    fn look_for_failures(&self) -> Result<()> {
        for held in self.holdings.held.values() {
            held.follower.failed_early()?;
        }
        self.bus.failure()
    }
}

fn may_pass(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let journal = cause.downcast_ref::<headcount_journal::Error>();
        let archive = cause.downcast_ref::<headcount_lake::archive::Error>();
        journal.is_some_and(headcount_journal::Error::may_pass)
            || archive.is_some_and(headcount_lake::archive::Error::may_pass)
    })
}

fn named(partitions: &[u16]) -> String {
    let numbers: Vec<_> = partitions.iter().map(u16::to_string).collect();
    let word = if partitions.len() == 1 {
        "partition"
    } else {
        "partitions"
    };
    format!("{word} {}", numbers.join(", "))
}

fn lost(partitions: &[u16]) -> String {
    let are = if partitions.len() == 1 { "is" } else { "are" };
    format!("{} {are} another process's by now", named(partitions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_and_several_are() {
        for (partitions, said) in [
            (&[1][..], "partition 1 is another process's by now"),
            (&[0, 1], "partitions 0, 1 are another process's by now"),
        ] {
            assert_eq!(lost(partitions), said);
        }
    }
}
