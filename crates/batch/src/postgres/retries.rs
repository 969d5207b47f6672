//! How long the server is waited for, and what is said meanwhile.

use std::time::Duration;

use headcount_clock::{Backoff, Delays};
use tokio::time::Instant;

use super::{error::Error, failure::RequestFailure};

/// How long the sink waits. The defaults suit a server that may be far away or busy.
#[derive(Clone, Copy, Debug)]
pub struct PostgresLimits {
    /// For a connection.
    pub connect: Duration,
    /// For a lock that somebody else holds, such as the writer before.
    pub lock: Duration,
    /// For the next statement of a transaction of ours, after which the server ends it: a writer that stands still keeps
    /// the next one out.
    pub idle: Duration,
    /// For the answer to one statement.
    pub answer: Duration,
    /// For a session, when the sink is opened. Later it is tried for ever.
    pub open: Duration,
    /// Between attempts.
    pub delays: Delays,
}

impl Default for PostgresLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            lock: Duration::from_secs(10),
            idle: Duration::from_secs(10),
            answer: Duration::from_secs(60),
            open: Duration::from_secs(20),
            delays: Delays {
                first: Duration::from_millis(100),
                most: Duration::from_secs(15),
            },
        }
    }
}

/// The attempts at one thing. A failure is said once, and so is its end.
pub(super) struct Retries<'a> {
    place: &'a str,
    backoff: Backoff,
    is_said: bool,
    began: Instant,
    /// How long at most.
    most: Option<Duration>,
}

impl<'a> Retries<'a> {
    pub(super) fn new(place: &'a str, limits: &PostgresLimits, most: Option<Duration>) -> Self {
        Self {
            place,
            backoff: Backoff::new(limits.delays),
            is_said: false,
            began: Instant::now(),
            most,
        }
    }

    /// Waits before the next attempt, or says why there is none.
    pub(super) async fn after(&mut self, failure: RequestFailure) -> Result<(), Error> {
        if !failure.passes() {
            return Err(failure.into_error(self.place));
        }
        let delay = self.backoff.next_delay();
        if let Some(waited) = self
            .most
            .filter(|&most| self.began.elapsed() + delay > most)
        {
            return Err(Error::Unreachable {
                place: self.place.to_owned(),
                waited,
                cause: failure.reason(),
            });
        }
        if !std::mem::replace(&mut self.is_said, true) {
            let (place, reason) = (self.place, failure.reason());
            tracing::warn!("{place} takes no rows: {reason}; trying again until it does");
        }
        tokio::time::sleep(delay).await;
        Ok(())
    }

    /// Says that what was said to fail works again.
    pub(super) fn worked(&self) {
        if self.is_said {
            let (place, seconds) = (self.place, self.began.elapsed().as_secs());
            tracing::info!("{place} takes rows again, after {seconds} s");
        }
    }
}
