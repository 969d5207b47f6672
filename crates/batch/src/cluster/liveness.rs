//! How soon a lost executor is noticed.

use std::time::Duration;

/// How often an executor says that it lives. Three of these are less than [`Liveness::LEAST`].
pub(super) const HEARTBEAT: Duration = Duration::from_secs(2);

/// After how long without a heartbeat an executor is lost. Ballista's own settings, which must agree, follow from it:
/// 180 s until a loss is noticed, checked every 15 s, are its defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liveness(Duration);

impl Liveness {
    /// No less than this: two heartbeats may be late.
    pub const LEAST: Duration = Duration::from_secs(6);
    /// Unless something else is said.
    pub const DEFAULT: Self = Self(Duration::from_secs(12));

    /// An executor is lost after this long; a whole number of seconds, [`Self::LEAST`] or more.
    ///
    /// # Errors
    /// When it is less.
    pub fn new(timeout: Duration) -> Result<Self, String> {
        match timeout >= Self::LEAST {
            true => Ok(Self(timeout)),
            false => Err(format!(
                "an executor says every {} s that it lives, so it cannot be lost after {} s; {} s is the least",
                HEARTBEAT.as_secs(),
                timeout.as_secs(),
                Self::LEAST.as_secs()
            )),
        }
    }

    /// Seconds without a heartbeat after which an executor is lost.
    pub(super) fn timeout(self) -> u64 {
        self.0.as_secs()
    }

    /// Seconds between two looks for lost executors; less than the timeout, or Ballista warns that it is too late.
    pub(super) fn check(self) -> u64 {
        (self.0.as_secs() / 6).max(1)
    }

    /// Seconds that statements wait for an executor after the last was lost, before they fail.
    pub(super) fn grace(self) -> u64 {
        self.timeout()
    }

    /// The longest until a statement fails whose executors are all lost.
    #[must_use]
    pub fn until_failure(self) -> Duration {
        Duration::from_secs(self.timeout() + self.check() + self.grace())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_agree_with_each_other() {
        for seconds in [6, 7, 12, 60, 180] {
            let liveness = Liveness::new(Duration::from_secs(seconds)).expect("long enough");
            assert!(liveness.timeout() >= 3 * HEARTBEAT.as_secs());
            assert!(liveness.timeout() > liveness.check());
            assert!(liveness.grace() >= liveness.timeout());
        }
        let error = Liveness::new(Duration::from_secs(5)).expect_err("too short");
        assert!(error.contains("6 s is the least"), "{error}");
    }
}
