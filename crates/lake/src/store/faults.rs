//! Puts that fail when a test says so: nothing done, or done and not heard of.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::error::{Error, Result};

/// Fails one put.
pub(crate) struct Faults {
    /// How many puts succeed before.
    left: AtomicU64,
    /// Whether the put that fails is done nevertheless.
    done: bool,
}

impl Faults {
    pub(crate) fn after(puts: u64, done: bool) -> Self {
        Self {
            left: AtomicU64::new(puts),
            done,
        }
    }

    pub(super) fn put<T>(&self, key: &str, put: impl FnOnce() -> Result<T>) -> Result<T> {
        let left = self
            .left
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        if left.is_ok() {
            return put();
        }
        if self.done {
            put()?;
        }
        Err(Error::Unavailable {
            lake: "the test".to_owned(),
            action: "put",
            key: key.to_owned(),
            tried: Duration::ZERO,
            said: "killed".to_owned(),
        })
    }
}
