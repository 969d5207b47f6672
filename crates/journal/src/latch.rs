//! Waiting that another thread can end.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Set once and for ever; every waiting thread continues at that moment.
#[derive(Default)]
pub(crate) struct Latch {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Latch {
    pub(crate) fn set(&self) {
        *self.lock() = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_set(&self) -> bool {
        *self.lock()
    }

    /// Waits until it is set, at most for `limit`; returns whether it is.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let (is_set, _) = self
            .changed
            .wait_timeout_while(self.lock(), limit, |is_set| !*is_set)
            .unwrap_or_else(PoisonError::into_inner);
        *is_set
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
