//! Which stretches of time may have lost messages.

use std::time::Duration;

use crate::message::Gap;

/// Clocks are set back by less all the time.
const JOLT_MS: i64 = 60_000;

/// Follows a stream's life and death by the clock on the wall.
///
/// ```text
///  alive ──lost──▶ open ──connected──▶ alive          one gap, from the last sign of life to the connection
///                   │ first attempt fails
///                   ▼
///                 told ──connected──▶ alive            two gaps that touch: the first is on disk during the outage
/// ```
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
}

impl Outage {
    /// `seen_ms` is when an earlier process last knew the stream to be alive. A time that has not come yet is one of a
    /// wrong clock: then the outage began nobody knows when, and is a gap of no length.
    pub(crate) fn new(seen_ms: Option<i64>) -> Self {
        let cause = "headcount was not running".to_owned();
        let open = seen_ms.map(|from_ms| OpenOutage {
            from_ms,
            cause,
            told: false,
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
        });
    }

    /// An attempt to connect failed. The first failure of an outage yields a gap.
    pub(crate) fn failed(&mut self, now_ms: i64) -> Option<Gap> {
        let open = self.open.as_mut()?;
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

    /// There is a connection (again).
    pub(crate) fn connected(&mut self, now_ms: i64) -> Option<Gap> {
        self.alive_ms = Some(now_ms);
        let open = self.open.take()?;
        let to_ms = now_ms.max(open.from_ms);
        (open.told || is_gap(self.forgiven, open.from_ms, now_ms)).then_some(Gap {
            from_ms: open.from_ms,
            to_ms,
            cause: open.cause,
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

    #[test]
    fn every_disconnect_is_a_gap_where_nothing_can_be_asked_again() {
        let mut outage = Outage::new(None);
        assert_eq!(
            outage.failed(5),
            None,
            "never connected: nothing was promised"
        );
        assert_eq!(outage.connected(10), None);
        outage.alive(20);
        outage.lost(25, "reset");
        assert_eq!(outage.connected(30), gap(20, 30, "reset"));
        // Twice in a row, without a message between.
        outage.lost(31, "closed");
        assert_eq!(outage.failed(40), gap(30, 40, "closed"));
        assert_eq!(outage.failed(50), None);
        outage.lost(55, "ignored: it was not connected");
        assert_eq!(outage.connected(60), gap(40, 60, "closed"));
        // The clock was set back.
        outage.lost(61, "reset");
        assert_eq!(outage.connected(7), gap(60, 60, "reset"));
    }

    #[test]
    fn a_stop_of_the_process_is_a_gap() {
        let mut outage = Outage::new(Some(100));
        assert_eq!(
            outage.failed(150),
            gap(100, 150, "headcount was not running")
        );
        assert_eq!(
            outage.connected(200),
            gap(150, 200, "headcount was not running")
        );
        let mut outage = Outage::new(Some(100));
        assert_eq!(
            outage.connected(200),
            gap(100, 200, "headcount was not running")
        );
    }

    #[test]
    fn what_can_be_asked_again_is_none_for_a_while() {
        let mut outage = Outage::new(Some(0));
        outage.forgive(Duration::from_secs(10));
        assert_eq!(outage.connected(9_000), None);
        outage.lost(9_500, "reset");
        assert_eq!(outage.failed(15_000), None);
        assert_eq!(outage.failed(19_001), gap(9_000, 19_001, "reset"));
        assert!(outage.is_told());
        assert_eq!(outage.connected(19_002), gap(19_001, 19_002, "reset"));
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
        assert_eq!(outage.connected(4_000), None, "a jolt");
    }
}
