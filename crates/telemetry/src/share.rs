//! Gauges that several parts of a process add to.

use std::sync::atomic::{AtomicI64, Ordering};

use prometheus_client::metrics::gauge::Gauge;

/// One's own part of a gauge, such as one queue's of all that waits. It is taken back when it is
/// dropped.
#[derive(Debug)]
pub struct Share {
    gauge: Gauge,
    own: AtomicI64,
}

impl Share {
    /// Adds nothing yet.
    #[must_use]
    pub fn of(gauge: &Gauge) -> Self {
        Self {
            gauge: gauge.clone(),
            own: AtomicI64::new(0),
        }
    }

    /// Says what one's own part is now.
    pub fn set(&self, value: usize) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        let before = self.own.swap(value, Ordering::Relaxed);
        self.gauge.inc_by(value - before);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}
