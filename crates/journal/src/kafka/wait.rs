//! Waiting on a thread of one's own: for a future, or for a wake-up.

use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future that needs no runtime; `None` if it is not ready in time.
pub(super) fn ready_within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}

/// Tells one thread that there may be something to do. A notification that comes before the wait is not lost.
#[derive(Default)]
pub(super) struct Wakeup {
    notified: Mutex<bool>,
    woken: Condvar,
}

impl Wakeup {
    pub(super) fn notify(&self) {
        *self.notified.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.woken.notify_all();
    }

    /// Waits for a notification, at most for `limit`, and takes it away.
    pub(super) fn wait(&self, limit: Duration) {
        let notified = self.notified.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut notified, _) = self
            .woken
            .wait_timeout_while(notified, limit, |notified| !*notified)
            .unwrap_or_else(PoisonError::into_inner);
        *notified = false;
    }
}
