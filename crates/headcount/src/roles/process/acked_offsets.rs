//! How far a partition has given away what it counted, seen by all who ask.

use std::{
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use headcount_telemetry::Share;
use tokio::sync::Notify;

use crate::metrics::METRICS;

/// The ways out of a partition. What is on one does not hold up another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// Changes for tables.
    Tables,
    /// Steps, for those who follow.
    Steps,
    /// Checkpoints.
    Checkpoints,
}

/// This partition's part of the partitions that publish, by lane.
struct BusyShares([Share; 3]);

impl Default for BusyShares {
    fn default() -> Self {
        let channels = [Channel::Tables, Channel::Steps, Channel::Checkpoints];
        Self(channels.map(|channel| Share::of(METRICS.publish_busy.of(channel))))
    }
}

/// How far a partition has given away.
#[derive(Default)]
pub(crate) struct AckedOffsets {
    /// By lane: something is on its way.
    busy: [AtomicBool; 3],
    /// By lane: since when.
    busy_since: Mutex<[Option<Instant>; 3]>,
    shown: BusyShares,
    abandoned: AtomicBool,
    /// How often a lane became free, or all waiting was ended.
    freed: Mutex<u64>,
    more_freed: Condvar,
    ended: Notify,
    /// One more than the offset up to which tables are served; 0 before the first time.
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

    /// Whether something can be given away on this lane.
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

    /// How often a lane became free. To be asked before looking at lanes, and then to be waited from.
    pub(crate) fn freed(&self) -> u64 {
        *self.freed.lock().expect("the lock is not poisoned")
    }

    /// Waits until a lane has become free since `freed` was so many, until all waiting is ended, or until then.
    pub(crate) fn wait_for_more(&self, freed: u64, until: Instant) {
        let limit = until.saturating_duration_since(Instant::now());
        let now = self.freed.lock().expect("the lock is not poisoned");
        let waited = self
            .more_freed
            .wait_timeout_while(now, limit, |now| *now == freed);
        drop(waited.expect("the lock is not poisoned"));
    }

    fn count_freed(&self) {
        *self.freed.lock().expect("the lock is not poisoned") += 1;
        self.more_freed.notify_all();
    }

    /// The offset up to which tables are served, if they ever were.
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

    /// Ends all waiting: the partition belongs to somebody else.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
        self.count_freed();
        self.ended.notify_waiters();
    }

    /// Waits until all waiting is ended.
    pub(crate) async fn abandoned(&self) {
        let ended = self.ended.notified();
        // Whoever ended it before was not heard.
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
    use std::{thread, time::Duration};

    use super::*;

    #[test]
    fn whoever_waits_is_woken_by_a_free_lane_and_by_the_end() {
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
}
