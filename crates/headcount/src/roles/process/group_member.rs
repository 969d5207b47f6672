//! Membership in a group of processes that share the partitions of a journal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use headcount_journal::{Change, Membership};

use crate::{
    event_bus::EventBus,
    roles::process::held_partitions::{CountingOptions, HeldPartitions},
    roles::process::held_progress::HeldProgress,
};

/// How long a member waits for a change of its assignment before it checks for failures.
const CHANGE_WAIT: Duration = Duration::from_millis(200);

/// A member of a group of processes that share the partitions.
pub(crate) struct GroupMember {
    stop: Arc<AtomicBool>,
    progress: HeldProgress,
    thread: JoinHandle<Result<()>>,
}

impl GroupMember {
    /// Joins the group. Partitions come and go from now on; the bus reports a failure.
    pub(crate) fn join(options: CountingOptions, membership: Membership) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let bus = options.bus.clone();
        let held = HeldPartitions::new(options);
        let progress = held.progress();
        let mut run = MemberLoop {
            bus,
            held,
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
                // The group assigns the partitions to others only after this, when the membership
                // ends.
                ended.and(run.held.leave_all())
            })
            .context("start a thread")?;
        Ok(Self {
            stop,
            progress,
            thread,
        })
    }

    /// How far the held partitions are, kept up to date.
    pub(crate) fn progress(&self) -> HeldProgress {
        self.progress.clone()
    }

    /// Leaves the group after a checkpoint of each held partition.
    pub(crate) fn leave(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| anyhow!("the member's thread panicked"))?
    }
}

struct MemberLoop {
    held: HeldPartitions,
    membership: Membership,
    bus: EventBus,
    stop: Arc<AtomicBool>,
}

impl MemberLoop {
    fn run(&mut self) -> Result<()> {
        while !self.stop.load(Ordering::Relaxed) {
            match self
                .membership
                .next(CHANGE_WAIT)
                .context("share the partitions")?
            {
                Some(Change::Assigned(partitions)) => {
                    tracing::info!("assigned {}", named(&partitions));
                    for at in partitions {
                        self.take(at)?;
                    }
                }
                Some(Change::Revoked(partitions, ack)) => {
                    tracing::info!("releasing {}", named(&partitions));
                    self.held.leave(&partitions, true)?;
                    drop(ack);
                }
                Some(Change::Lost(partitions)) => {
                    tracing::warn!("{}", lost(&partitions));
                    self.held.leave(&partitions, false)?;
                }
                None => {}
            }
            self.look_for_failures()?;
        }
        Ok(())
    }

    /// Takes a partition and waits for servers that are away: a process that ended instead would only be started again to
    /// wait.
    fn take(&mut self, at: u16) -> Result<()> {
        let mut told = false;
        loop {
            match self.held.take(at) {
                Err(error) if may_pass(&error) && !self.stop.load(Ordering::Relaxed) => {
                    if !told {
                        tracing::warn!("partition {at}: counting is paused: {error:#}");
                    }
                    told = true;
                    thread::sleep(CHANGE_WAIT);
                }
                taken => return taken,
            }
        }
    }

    /// Ends the membership if a partition cannot be counted here, so that others get it.
    fn look_for_failures(&self) -> Result<()> {
        self.held.failed_early()?;
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
    let belong = if partitions.len() == 1 {
        "belongs"
    } else {
        "belong"
    };
    format!("{} now {belong} to another process", named(partitions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_belongs_and_several_belong() {
        for (partitions, said) in [
            (&[1][..], "partition 1 now belongs to another process"),
            (&[0, 1], "partitions 0, 1 now belong to another process"),
        ] {
            assert_eq!(lost(partitions), said);
        }
    }
}
