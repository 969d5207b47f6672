//! Bytes that come and do not become a value: nothing may be lost in silence.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::status::Reporter;

/// Follows a stream of bytes, and tells once when they have not become a value for too long.
///
/// A text without an end (prose without line ends, an object that is never closed) is held until it ends or is too big;
/// until then the account has nothing of it, and the connection looks alive.
#[derive(Debug)]
pub(crate) struct ValueWatch {
    limit: Duration,
    /// Since when a value is unfinished.
    since: Option<Instant>,
    told: bool,
}

impl ValueWatch {
    pub(crate) fn new(limit: Duration) -> Self {
        ValueWatch {
            limit,
            since: None,
            told: false,
        }
    }

    /// What came was looked at: it held values or not, and it ends within one or not.
    pub(crate) fn looked_at(&mut self, found: bool, unfinished: bool, report: &Reporter) {
        if found || !unfinished {
            self.since = None;
            if std::mem::take(&mut self.told) {
                report.live();
            }
        }
        if unfinished {
            self.since.get_or_insert_with(Instant::now);
        }
    }

    /// Resolves when it is time to tell.
    pub(crate) async fn due(&self) {
        match self.since.filter(|_| !self.told) {
            Some(since) => sleep_until(since + self.limit).await,
            None => std::future::pending().await,
        }
    }

    pub(crate) fn tell(&mut self, report: &Reporter) {
        self.told = true;
        let sentence = format!(
            "bytes have arrived for {} s without completing a value: does the source send JSON objects?",
            self.limit.as_secs_f32()
        );
        tracing::warn!(source = report.name(), "{sentence}");
        report.trouble(sentence);
    }
}
