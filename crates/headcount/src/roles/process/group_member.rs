//! Membership in a group of processes that share the partitions of a journal.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel},
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

/// How long a member waits for a change of its assignment before it checks for failures. The group cannot be waited for
/// together with them.
const CHANGE_WAIT: Duration = Duration::from_millis(200);
/// Between two attempts to take a partition while a server is away.
const TAKE_RETRY: Duration = Duration::from_secs(1);

/// A member of a group of processes that share the partitions.
pub(crate) struct GroupMember {
    /// Nothing is ever sent; dropping it stops the thread.
    running: SyncSender<()>,
    progress: HeldProgress,
    thread: JoinHandle<Result<()>>,
}

impl GroupMember {
    /// Joins the group. Partitions come and go from now on; the bus reports a failure.
    pub(crate) fn join(options: CountingOptions, membership: Membership) -> Result<Self> {
        let (running, stopped) = sync_channel(0);
        let bus = options.bus.clone();
        let guard = bus.guard("the thread that shares the partitions");
        let held = HeldPartitions::new(options);
        let progress = held.progress();
        let mut run = MemberLoop {
            bus,
            held,
            membership,
            stopped,
        };
        let thread = thread::Builder::new()
            .name("member".to_owned())
            .spawn(move || {
                let _guard = guard;
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
            running,
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
        drop(self.running);
        self.thread
            .join()
            .map_err(|_| anyhow!("the member's thread panicked"))?
    }
}

struct MemberLoop {
    held: HeldPartitions,
    membership: Membership,
    bus: EventBus,
    stopped: Receiver<()>,
}

impl MemberLoop {
    fn is_stopped(&self) -> bool {
        self.stopped.try_recv() != Err(TryRecvError::Empty)
    }

    fn run(&mut self) -> Result<()> {
        while !self.is_stopped() {
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
                Err(error) if may_pass(&error) => {
                    if !told {
                        tracing::warn!("partition {at}: counting is paused: {error:#}");
                    }
                    told = true;
                    if self.stopped.recv_timeout(TAKE_RETRY) != Err(RecvTimeoutError::Timeout) {
                        return Err(error);
                    }
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
