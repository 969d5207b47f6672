//! What a journal is waiting for, to be shown to people.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::latch::Latch;

/// Why appends are not getting on at the moment, by partition. Nothing is lost while they wait.
pub(crate) struct Waiting {
    /// Set when nothing is waited for any longer.
    pub(crate) give_up: Latch,
    reasons: Mutex<BTreeMap<u16, String>>,
    shown: watch::Sender<Option<String>>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            give_up: Latch::default(),
            reasons: Mutex::default(),
            shown: watch::Sender::new(None),
        }
    }
}

impl Waiting {
    /// Says, also in the log, that a partition waits from now on.
    pub(crate) fn begin(&self, partition: u16, reason: String) {
        tracing::warn!(partition, "{reason}");
        self.change(|reasons| {
            reasons.insert(partition, reason);
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
