//! Which stretches of time may have lost messages.

use std::time::Duration;

use crate::message::Gap;

/// Clocks are set back by less all the time.
const JOLT_MS: i64 = 60_000;

/// Follows a stream's life and death by the clock on the wall.
///
/// ```text
///  alive ──lost──▶ open ──connected, proved──▶ alive   one gap, from the last sign of life to the connection
///                   │ first attempt fails
///                   ▼
///                 told ──connected, proved──▶ alive    two gaps that touch: the first is on disk during the outage
/// ```
///
/// A connection that turns out to be none (a web page in the place of a stream) is an attempt that failed: an outage has
/// its one gap, however often it is tried in it.
#[derive(Debug)]
pub(crate) struct Outage {
    /// The server can be asked for what it sent in an outage no longer than this.
    forgiven: Duration,
    alive_ms: Option<i64>,
    open: Option<OpenOutage>,
}

#[derive(Debug)]
struct OpenOutage {
    from_ms: i64,
    cause: String,
    told: bool,
    /// Since when there is a connection, if it is one.
    connected_ms: Option<i64>,
}

/// How the cause of a gap begins of which the server sent again what is newer than the last records.
const INCOMPLETE: &str = "may be incomplete: records that the server sent with an older time than the newest are not sent again";

impl Outage {
    /// `seen_ms` is when an earlier process last knew the stream to be alive. A time that has not come yet is one of a
    /// wrong clock: then the outage began nobody knows when, and is a gap of no length.
    pub(crate) fn new(seen_ms: Option<i64>) -> Self {
        let cause = "headcount was not running".to_owned();
        let open = seen_ms.map(|from_ms| OpenOutage {
            from_ms,
            cause,
            told: false,
            connected_ms: None,
        });
        Outage {
            forgiven: Duration::ZERO,
            alive_ms: None,
            open,
        }
    }

    /// From now on the server can be asked for what it sent in an outage no longer than this.
    pub(crate) fn forgive(&mut self, outage: Duration) {
        self.forgiven = outage;
    }

    pub(crate) fn alive(&mut self, now_ms: i64) {
        self.alive_ms = Some(now_ms);
    }

    /// The connection ended.
    pub(crate) fn lost(&mut self, now_ms: i64, cause: &str) {
        let from_ms = self.alive_ms.take().unwrap_or(now_ms);
        self.open.get_or_insert_with(|| OpenOutage {
            from_ms,
            cause: cause.to_owned(),
            told: false,
            connected_ms: None,
        });
    }

    /// An attempt to connect failed. The first failure of an outage yields a gap.
    pub(crate) fn failed(&mut self, now_ms: i64) -> Option<Gap> {
        self.alive_ms = None;
        let open = self.open.as_mut()?;
        open.connected_ms = None;
        if open.told || !is_gap(self.forgiven, open.from_ms, now_ms) {
            return None;
        }
        open.told = true;
        let gap = Gap {
            from_ms: open.from_ms,
            to_ms: now_ms.max(open.from_ms),
            cause: open.cause.clone(),
        };
        open.from_ms = now_ms;
        Some(gap)
    }

    /// There is a connection (again), as far as can be told.
    pub(crate) fn connected(&mut self, now_ms: i64) {
        self.alive_ms = Some(now_ms);
        if let Some(open) = &mut self.open {
            open.connected_ms = Some(now_ms);
        }
    }

    /// The connection is one: the outage was over when it was made.
    pub(crate) fn proved(&mut self) -> Option<Gap> {
        let open = self.open.take()?;
        let to_ms = open.connected_ms.unwrap_or(open.from_ms).max(open.from_ms);
        let lost = open.told
            || is_gap(
                self.forgiven,
                open.from_ms,
                open.connected_ms.unwrap_or(to_ms),
            );
        let cause = match lost {
            true => open.cause,
            false => format!("{INCOMPLETE} ({})", open.cause),
        };
        Some(Gap {
            from_ms: open.from_ms,
            to_ms,
            cause,
        })
    }

    /// Whether this outage has already yielded a gap.
    pub(crate) fn is_told(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.told)
    }
}

fn is_gap(forgiven: Duration, from_ms: i64, to_ms: i64) -> bool {
    // A clock set back makes an outage look shorter than nothing; it is one all the same. After more than a jolt nobody
    // knows how long it was.
    forgiven.is_zero()
        || to_ms < from_ms.saturating_sub(JOLT_MS)
        || u128::try_from(to_ms.saturating_sub(from_ms)).is_ok_and(|ms| ms > forgiven.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(from_ms: i64, to_ms: i64, cause: &str) -> Option<Gap> {
        Some(Gap {
            from_ms,
            to_ms,
            cause: cause.to_owned(),
        })
    }

    fn connected(outage: &mut Outage, now_ms: i64) -> Option<Gap> {
        outage.connected(now_ms);
        outage.proved()
    }

    #[test]
    fn every_disconnect_is_a_gap_where_nothing_can_be_asked_again() {
        let mut outage = Outage::new(None);
        assert_eq!(
            outage.failed(5),
            None,
            "never connected: nothing was promised"
        );
        assert_eq!(connected(&mut outage, 10), None);
        outage.alive(20);
        outage.lost(25, "reset");
        assert_eq!(connected(&mut outage, 30), gap(20, 30, "reset"));
        // Twice in a row, without a message between.
        outage.lost(31, "closed");
        assert_eq!(outage.failed(40), gap(30, 40, "closed"));
        assert_eq!(outage.failed(50), None);
        outage.lost(55, "ignored: it was not connected");
        assert_eq!(connected(&mut outage, 60), gap(40, 60, "closed"));
        // The clock was set back.
        outage.lost(61, "reset");
        assert_eq!(connected(&mut outage, 7), gap(60, 60, "reset"));
    }

    #[test]
    fn a_connection_that_was_none_does_not_end_an_outage() {
        let mut outage = Outage::new(None);
        outage.connected(3);
        assert_eq!(outage.failed(4), None, "nothing was promised");
        assert_eq!(connected(&mut outage, 10), None);
        outage.lost(20, "reset");
        outage.connected(30);
        assert_eq!(outage.failed(31), gap(10, 31, "reset"));
        for at in [40, 50, 60] {
            outage.connected(at);
            assert_eq!(outage.failed(at + 1), None);
        }
        assert_eq!(connected(&mut outage, 70), gap(31, 70, "reset"));
    }

    #[test]
    fn a_stop_of_the_process_is_a_gap() {
        let mut outage = Outage::new(Some(100));
        assert_eq!(
            outage.failed(150),
            gap(100, 150, "headcount was not running")
        );
        assert_eq!(
            connected(&mut outage, 200),
            gap(150, 200, "headcount was not running")
        );
        let mut outage = Outage::new(Some(100));
        assert_eq!(
            connected(&mut outage, 200),
            gap(100, 200, "headcount was not running")
        );
    }

    #[test]
    fn what_can_be_asked_again_may_be_incomplete_for_a_while_and_is_then_lost() {
        let mut outage = Outage::new(Some(0));
        outage.forgive(Duration::from_secs(10));
        let told = connected(&mut outage, 9_000).expect("it is said");
        assert_eq!((told.from_ms, told.to_ms), (0, 9_000));
        assert!(told.cause.starts_with("may be incomplete"), "{told:?}");
        outage.lost(9_500, "reset");
        assert_eq!(outage.failed(15_000), None);
        assert_eq!(outage.failed(19_001), gap(9_000, 19_001, "reset"));
        assert!(outage.is_told());
        assert_eq!(connected(&mut outage, 19_002), gap(19_001, 19_002, "reset"));
        assert!(!outage.is_told());
    }

    #[test]
    fn a_last_sign_of_life_in_the_future_forgives_nothing() {
        let far = 4_070_908_800_000;
        let mut outage = Outage::new(Some(far));
        outage.forgive(Duration::from_secs(1800));
        assert_eq!(
            outage.failed(5_000),
            gap(far, far, "headcount was not running")
        );
        let mut outage = Outage::new(Some(5_000));
        outage.forgive(Duration::from_secs(1800));
        let told = connected(&mut outage, 4_000).expect("it is said");
        assert!(told.cause.starts_with("may be incomplete"), "only a jolt");
    }
}
