//! The deadlines of one connection: when it last made progress, and what the server waits for.
//!
//! hyper's own timer starts at the end of the last answer, so it cannot tell a client that sends
//! nothing (allowed for a minute) from one that sends half a header (closed after ten seconds), and it
//! does not notice clients that stop reading. So the stream and the service write a few atomics, and the
//! connection's task compares them with the limits several times within each.
//!
//! ```text
//!   connect ─▶ Head ──request──▶ Busy ──answer ended──▶ Idle ──first byte──▶ Head ─▶ ...
//!             10 s              (own limits)            60 s                10 s
//! ```

use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

use crate::options::Options;

const HEAD: u8 = 0;
const BUSY: u8 = 1;
const IDLE: u8 = 2;
const NOT_BLOCKED: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct Deadlines {
    born: Instant,
    phase: AtomicU8,
    /// When the phase began, in ms since `born`.
    since: AtomicU64,
    /// When the client stopped taking bytes that wait for it, in ms since `born`.
    blocked: AtomicU64,
    /// Whether bytes of an answer of ours may still be on their way to the socket.
    owed: AtomicBool,
}

/// The limit a connection has broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    Head,
    Idle,
    Write,
}

impl Deadlines {
    pub(crate) fn new() -> Self {
        Self {
            born: Instant::now(),
            phase: AtomicU8::new(HEAD),
            since: AtomicU64::new(0),
            blocked: AtomicU64::new(NOT_BLOCKED),
            owed: AtomicBool::new(false),
        }
    }

    /// Bytes came in.
    pub(crate) fn received(&self) {
        if self.phase.load(Relaxed) == IDLE {
            self.enter(HEAD);
        }
    }

    /// A request is complete and being answered.
    pub(crate) fn busy(&self) {
        self.owed.store(true, Relaxed);
        self.enter(BUSY);
    }

    /// The answer has been handed over in full.
    pub(crate) fn idle(&self) {
        self.enter(IDLE);
    }

    pub(crate) fn blocked(&self) {
        if self.blocked.load(Relaxed) == NOT_BLOCKED {
            self.blocked.store(self.now(), Relaxed);
        }
    }

    pub(crate) fn unblocked(&self) {
        self.blocked.store(NOT_BLOCKED, Relaxed);
    }

    /// The kernel has everything handed over so far.
    pub(crate) fn flushed(&self) {
        if self.phase.load(Relaxed) != BUSY {
            self.owed.store(false, Relaxed);
        }
    }

    /// Whether bytes written now may belong to a response of ours. If not, hyper speaks for itself.
    pub(crate) fn owes(&self) -> bool {
        self.owed.load(Relaxed)
    }

    /// Whether the connection can be closed without cutting an answer short.
    pub(crate) fn between_requests(&self) -> bool {
        self.phase.load(Relaxed) != BUSY && !self.owes()
    }

    pub(crate) fn overdue(&self, limits: &Options) -> Option<Overdue> {
        let now = self.now();
        let passed = |since: u64, limit: Duration| {
            u128::from(now.saturating_sub(since)) >= limit.as_millis()
        };
        let blocked = self.blocked.load(Relaxed);
        if blocked != NOT_BLOCKED && passed(blocked, limits.write_stall) {
            return Some(Overdue::Write);
        }
        let since = self.since.load(Relaxed);
        match self.phase.load(Relaxed) {
            HEAD if passed(since, limits.header_read) => Some(Overdue::Head),
            IDLE if passed(since, limits.keep_alive) => Some(Overdue::Idle),
            _ => None,
        }
    }

    fn enter(&self, phase: u8) {
        self.since.store(self.now(), Relaxed);
        self.phase.store(phase, Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// How often to compare with the limits: ten times within the shortest one.
pub(crate) fn interval(limits: &Options) -> Duration {
    let shortest = limits
        .header_read
        .min(limits.keep_alive)
        .min(limits.write_stall);
    (shortest / 10).max(Duration::from_millis(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_own_limit() {
        let limits = Options::default();
        let deadlines = Deadlines::new();
        let later = |s| tokio::time::advance(Duration::from_secs(s));

        later(9).await;
        deadlines.received();
        assert_eq!(deadlines.overdue(&limits), None);
        later(1).await;
        assert_eq!(
            deadlines.overdue(&limits),
            Some(Overdue::Head),
            "bytes do not extend a header"
        );

        deadlines.busy();
        later(3_600).await;
        assert_eq!(deadlines.overdue(&limits), None, "a stream may last");

        deadlines.idle();
        later(59).await;
        assert_eq!(deadlines.overdue(&limits), None);
        deadlines.received();
        later(10).await;
        assert_eq!(deadlines.overdue(&limits), Some(Overdue::Head));
        deadlines.idle();
        later(60).await;
        assert_eq!(deadlines.overdue(&limits), Some(Overdue::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_overdue_while_busy() {
        let limits = Options::default();
        let deadlines = Deadlines::new();
        deadlines.busy();
        deadlines.blocked();
        tokio::time::advance(Duration::from_secs(9)).await;
        deadlines.unblocked();
        deadlines.blocked();
        tokio::time::advance(Duration::from_secs(9)).await;
        deadlines.blocked();
        assert_eq!(deadlines.overdue(&limits), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(deadlines.overdue(&limits), Some(Overdue::Write));
    }
}
