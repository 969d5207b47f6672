//! How far a partition has given away what it counted, seen by all who ask.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The ways out of a partition. What is on one does not hold up another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Changes for tables.
    Tables,
    /// Steps, for those who follow.
    Steps,
    /// Checkpoints.
    Checkpoints,
}

/// How far a partition has given away.
#[derive(Default)]
pub(crate) struct Delivered {
    /// By lane: something is on its way.
    busy: [AtomicBool; 3],
    abandoned: AtomicBool,
    /// One more than the offset up to which tables are served; 0 before the first time.
    served: AtomicU64,
    checkpointed: AtomicU64,
}

impl Delivered {
    pub(crate) fn new(served: Option<u64>, checkpointed: u64) -> Self {
        let delivered = Self {
            checkpointed: checkpointed.into(),
            ..Self::default()
        };
        if let Some(served) = served {
            delivered.set_served(served);
        }
        delivered
    }

    /// Whether something can be given away on this lane.
    pub(crate) fn is_free(&self, lane: Lane) -> bool {
        !self.busy[lane as usize].load(Ordering::Acquire)
    }

    pub(crate) fn set_busy(&self, lane: Lane, busy: bool) {
        self.busy[lane as usize].store(busy, Ordering::Release);
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
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}
