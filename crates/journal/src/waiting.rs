//! What a journal is waiting for, to be shown to people.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::latch::Latch;

/// Why appends are not getting on at the moment, by partition. Nothing is lost while they wait.
pub(crate) struct Waiting {
    /// Set when nothing is waited for any longer.
    pub(crate) give_up: Latch,
    reasons: Mutex<BTreeMap<u16, String>>,
    shown: watch::Sender<Option<String>>,
    /// Why appends are held back, though they might succeed.
    held: Mutex<Option<String>>,
    released: Condvar,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            give_up: Latch::default(),
            reasons: Mutex::default(),
            shown: watch::Sender::new(None),
            held: Mutex::default(),
            released: Condvar::new(),
        }
    }
}

impl Waiting {
    /// Says, also in the log, that a partition waits from now on. While it waits its first reason stands: what follows
    /// from it is not said again at each attempt.
    pub(crate) fn begin(&self, partition: u16, reason: String) {
        self.change(|reasons| {
            reasons.entry(partition).or_insert_with(|| {
                tracing::warn!(partition, "{reason}");
                reason
            });
        });
    }

    /// Says that a partition gets on again, if it has been waiting.
    pub(crate) fn end(&self, partition: u16) {
        self.change(|reasons| {
            if reasons.remove(&partition).is_some() {
                tracing::info!(partition, "appending to the journal continues");
            }
        });
    }

    /// Waits no longer for anything. What was held back is written, for that may succeed.
    pub(crate) fn give_up(&self) {
        self.give_up.set();
        self.hold(None);
    }

    /// Holds appends back for a reason, or lets them go on. Whoever holds them says so in the log.
    pub(crate) fn hold(&self, reason: Option<String>) {
        *self.lock_held() = reason;
        self.released.notify_all();
    }

    /// Waits while appends are held back, unless nothing is waited for any longer.
    pub(crate) fn while_held(&self, partition: u16) {
        let mut held = self.lock_held();
        let mut is_shown = false;
        while let Some(reason) = held.clone().filter(|_| !self.give_up.is_set()) {
            self.change(|reasons| {
                reasons.insert(partition, reason);
            });
            is_shown = true;
            held = self
                .released
                .wait(held)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(held);
        if is_shown {
            self.change(|reasons| {
                reasons.remove(&partition);
            });
        }
    }

    fn lock_held(&self) -> MutexGuard<'_, Option<String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever what is waited for does.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<String>> {
        self.shown.subscribe()
    }

    /// Shows one reason: where several partitions wait, it is for the same one.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<u16, String>)) {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut reasons);
        let first = reasons.values().next();
        self.shown.send_if_modified(|shown| {
            let changed = shown.as_ref() != first;
            *shown = first.cloned();
            changed
        });
    }
}
