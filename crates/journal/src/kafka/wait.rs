//! Waiting on a thread of one's own: for a future, or for a moment that can be cut short.

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

/// A switch that is thrown once, and that one can wait beside.
#[derive(Default)]
pub(super) struct Switch {
    thrown: Mutex<bool>,
    told: Condvar,
}

impl Switch {
    pub(super) fn throw(&self) {
        *self.thrown.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    pub(super) fn is_thrown(&self) -> bool {
        *self.thrown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long, or until it is thrown; returns whether it is.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let thrown = self.thrown.lock().unwrap_or_else(PoisonError::into_inner);
        let (thrown, _) = self
            .told
            .wait_timeout_while(thrown, time, |thrown| !*thrown)
            .unwrap_or_else(PoisonError::into_inner);
        *thrown
    }
}

/// Rung when there may be something to do.
pub(super) struct Bell {
    rung: Mutex<bool>,
    told: Condvar,
}

impl Bell {
    /// One that has been rung.
    pub(super) fn rung() -> Self {
        Self {
            rung: Mutex::new(true),
            told: Condvar::new(),
        }
    }

    pub(super) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    /// Waits until it is rung, or so long, and takes the ringing away.
    pub(super) fn wait(&self, time: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .told
            .wait_timeout_while(rung, time, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}
