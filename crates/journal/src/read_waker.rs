//! Ending a wait for entries from another thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Wakes a [`Reader`](crate::Reader) that waits for entries, from any thread. Clones wake the same reader.
#[derive(Clone)]
pub struct ReadWaker {
    interrupt: Interrupt,
    /// Makes a waiting reader look at its interrupt.
    notify: Arc<dyn Fn() + Send + Sync>,
}

/// Whether a reader has been asked to return; the reader's end of a [`ReadWaker`].
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Whether the waker was used since the last call.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }

    /// The other end. `notify` must end every wait that began before it is called.
    pub(crate) fn waker(&self, notify: impl Fn() + Send + Sync + 'static) -> ReadWaker {
        ReadWaker {
            interrupt: self.clone(),
            notify: Arc::new(notify),
        }
    }
}

impl ReadWaker {
    /// The reader's wait, or if it is not waiting the next one, ends at once, without an entry if none is there.
    pub fn wake(&self) {
        // First the reason and then the wake-up: a reader that wakes must find it.
        self.interrupt.0.store(true, Ordering::Release);
        (self.notify)();
    }
}

impl fmt::Debug for ReadWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadWaker").finish_non_exhaustive()
    }
}
