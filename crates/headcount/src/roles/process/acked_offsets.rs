//! How far what a partition counted is published: the offsets that the serving store and the checkpoints acknowledged.

use std::{
    sync::{
        Condvar, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use headcount_journal::ReadWaker;
use headcount_telemetry::Share;
use tokio::sync::Notify;

use crate::metrics::METRICS;

/// The channels that a partition publishes on. None of them waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// Changes for tables.
    Tables,
    /// Deltas from commit to commit, for serving processes.
    Deltas,
    /// Checkpoints.
    Checkpoints,
}

/// This partition's share of the gauge of publishing partitions, by channel.
struct BusyShares([Share; 3]);

impl Default for BusyShares {
    fn default() -> Self {
        let channels = [Channel::Tables, Channel::Deltas, Channel::Checkpoints];
        Self(channels.map(|channel| Share::of(METRICS.publish_busy.of(channel))))
    }
}

/// How far a partition is published, and which of its channels are busy.
#[derive(Default)]
pub(crate) struct AckedOffsets {
    /// By channel: whether something is being written.
    busy: [AtomicBool; 3],
    /// By channel: since when.
    busy_since: Mutex<[Option<Instant>; 3]>,
    shown: BusyShares,
    abandoned: AtomicBool,
    /// Set while there is too little room for checkpoints.
    holds_checkpoints: AtomicBool,
    /// How often a channel became free, or all waiting was ended.
    freed: Mutex<u64>,
    more_freed: Condvar,
    ended: Notify,
    /// Wakes the follower, which decides what a free channel takes next.
    waker: OnceLock<ReadWaker>,
    /// One more than the offset up to which the tables are complete; 0 before the first time.
    served: AtomicU64,
    checkpointed: AtomicU64,
}

impl AckedOffsets {
    pub(crate) fn new(served: Option<u64>, checkpointed: u64) -> Self {
        let acked = Self {
            checkpointed: checkpointed.into(),
            ..Self::default()
        };
        if let Some(served) = served {
            acked.set_served(served);
        }
        acked
    }

    /// Whether this channel can take something.
    pub(crate) fn is_free(&self, channel: Channel) -> bool {
        !self.busy[channel as usize].load(Ordering::Acquire)
    }

    pub(crate) fn set_busy(&self, channel: Channel, busy: bool) {
        self.measure(channel, busy);
        self.busy[channel as usize].store(busy, Ordering::Release);
        if !busy {
            self.count_freed();
        }
    }

    fn measure(&self, channel: Channel, busy: bool) {
        let now = busy.then(Instant::now);
        let mut since = self.busy_since.lock().expect("the lock is not poisoned");
        let before = std::mem::replace(&mut since[channel as usize], now);
        if let (Some(began), None) = (before, now) {
            let took = began.elapsed().as_secs_f64();
            METRICS.publish_seconds.of(channel).observe(took);
        }
        self.shown.0[channel as usize].set(busy.into());
    }

    /// How often a channel became free. Read it before you look at channels, and pass it to
    /// [`wait_for_more`](Self::wait_for_more).
    pub(crate) fn freed(&self) -> u64 {
        *self.freed.lock().expect("the lock is not poisoned")
    }

    /// Waits until a channel became free since [`freed`](Self::freed) returned `freed`, all waiting is ended, or it is
    /// `until`.
    pub(crate) fn wait_for_more(&self, freed: u64, until: Instant) {
        let limit = until.saturating_duration_since(Instant::now());
        let now = self.freed.lock().expect("the lock is not poisoned");
        let waited = self
            .more_freed
            .wait_timeout_while(now, limit, |now| *now == freed);
        drop(waited.expect("the lock is not poisoned"));
    }

    /// Waits this long, or until all waiting is ended.
    pub(crate) fn pause(&self, wait: Duration) {
        let freed = self.freed.lock().expect("the lock is not poisoned");
        let waited = self
            .more_freed
            .wait_timeout_while(freed, wait, |_| !self.is_abandoned());
        drop(waited.expect("the lock is not poisoned"));
    }

    /// Has the follower woken whenever a channel becomes free. Called once.
    pub(crate) fn set_waker(&self, waker: ReadWaker) {
        let is_first = self.waker.set(waker).is_ok();
        debug_assert!(is_first, "a partition has one follower");
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake();
        }
    }

    fn count_freed(&self) {
        *self.freed.lock().expect("the lock is not poisoned") += 1;
        self.more_freed.notify_all();
        self.wake();
    }

    /// The offset up to which the tables are complete, if they were ever written.
    pub(crate) fn served(&self) -> Option<u64> {
        self.served.load(Ordering::Relaxed).checked_sub(1)
    }

    pub(crate) fn set_served(&self, offset: u64) {
        self.served.store(offset + 1, Ordering::Relaxed);
    }

    /// The offset of the last checkpoint.
    pub(crate) fn checkpointed(&self) -> u64 {
        self.checkpointed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_checkpointed(&self, offset: u64) {
        self.checkpointed.store(offset, Ordering::Relaxed);
    }

    /// Has no checkpoints written, or lets them go on.
    pub(crate) fn hold_checkpoints(&self, hold: bool) {
        let held = self.holds_checkpoints.swap(hold, Ordering::Relaxed);
        if held && !hold {
            self.wake();
        }
    }

    /// Whether no checkpoint is to be written.
    pub(crate) fn holds_checkpoints(&self) -> bool {
        self.holds_checkpoints.load(Ordering::Relaxed)
    }

    /// Ends all waiting: another process owns the partition.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
        self.count_freed();
        self.ended.notify_waiters();
    }

    /// Waits until all waiting is ended.
    pub(crate) async fn abandoned(&self) {
        let ended = self.ended.notified();
        // It may have ended before `notified` was called.
        if !self.is_abandoned() {
            ended.await;
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn whoever_waits_is_woken_by_a_free_channel_and_by_the_end() {
        let wakers: [fn(&AckedOffsets); 2] = [
            |acked| acked.set_busy(Channel::Tables, false),
            AckedOffsets::abandon,
        ];
        // Far beyond the limit of any test: without being woken it never ends.
        let never = Instant::now() + Duration::from_secs(86_400);
        for wake in wakers {
            let acked = AckedOffsets::new(None, 0);
            acked.set_busy(Channel::Tables, true);
            let seen = acked.freed();
            thread::scope(|scope| {
                scope.spawn(|| acked.wait_for_more(seen, never));
                wake(&acked);
            });
        }
    }

    #[test]
    fn a_pause_ends_when_the_partition_is_abandoned() {
        let acked = AckedOffsets::new(None, 0);
        thread::scope(|scope| {
            scope.spawn(|| acked.pause(Duration::from_secs(86_400)));
            acked.abandon();
        });
    }
}
