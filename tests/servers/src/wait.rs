//! Waiting for a condition, with a limit.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to answer. A Java server starts in seconds; a busy machine multiplies that.
pub(crate) const START: Duration = Duration::from_secs(180);

/// How long one request that only asks whether a server is there may take.
pub(crate) const REQUEST: Duration = Duration::from_secs(5);

/// How long the system may take to carry out a signal.
pub(crate) const SIGNAL: Duration = Duration::from_secs(30);

/// Asks again until the answer is yes, or returns the last reason why not.
pub(crate) fn until(
    limit: Duration,
    mut condition: impl FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let end = Instant::now() + limit;
    loop {
        match condition() {
            Ok(()) => return Ok(()),
            Err(reason) if Instant::now() >= end => {
                return Err(format!("not within {} s: {reason}", limit.as_secs()));
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}
