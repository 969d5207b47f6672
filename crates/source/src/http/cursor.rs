//! From where on a server is asked to go on.

/// How many records must agree before they move the cursor.
const AGREEING: usize = 3;

/// The record time up to which a stream has surely come.
///
/// The greatest time that was seen will not do: one record from a wrong clock, minutes ahead of all others, and after
/// the next interruption the server is asked for what comes minutes later; what lies between is lost without a gap. So
/// the cursor stands at the greatest time that some records in a row have all reached. And whatever they say, it is
/// never later than their arrival: what has not arrived yet must be asked for.
#[derive(Debug)]
pub(super) struct ResumeCursor {
    ms: Option<i64>,
    /// The times of the last records, in a ring.
    recent_ms: [Option<i64>; AGREEING],
    next: usize,
}

impl ResumeCursor {
    /// Goes on from what was stored.
    pub(super) fn new(stored_ms: Option<i64>) -> Self {
        ResumeCursor {
            ms: stored_ms,
            recent_ms: [None; AGREEING],
            next: 0,
        }
    }

    /// A record that the program admits has arrived. All times are ms since 1970.
    pub(super) fn arrived(&mut self, record_ms: i64, arrived_ms: i64) {
        self.recent_ms[self.next] = Some(record_ms.min(arrived_ms));
        self.next = (self.next + 1) % AGREEING;
        // `None` is less than everything: fewer records than must agree move nothing.
        let reached_ms = self.recent_ms.iter().min().copied().flatten();
        self.ms = self.ms.max(reached_ms);
    }

    /// Where it stands; `None` as long as nothing is known.
    pub(super) fn ms(&self) -> Option<i64> {
        self.ms
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_500_000_000_000;

    fn after(stored_ms: Option<i64>, records_ms: &[i64]) -> Option<i64> {
        let mut cursor = ResumeCursor::new(stored_ms);
        for ms in records_ms {
            cursor.arrived(*ms, NOW);
        }
        cursor.ms()
    }

    #[test]
    fn one_record_of_a_wrong_clock_moves_nothing() {
        let behind = NOW - 600_000;
        for wrong in [NOW, NOW + 288_000, i64::MAX, 0, -5] {
            let records = [behind, behind + 10, wrong, behind + 20, behind + 30];
            for turn in 0..records.len() {
                let mut records = records;
                records.rotate_left(turn);
                let found = after(Some(behind), &records);
                assert!(
                    found >= Some(behind) && found <= Some(behind + 30),
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn it_goes_forward_only_and_not_before_records_agree() {
        assert_eq!(after(None, &[NOW - 9, NOW - 8]), None);
        assert_eq!(after(None, &[NOW - 9, NOW - 8, NOW - 7]), Some(NOW - 9));
        assert_eq!(
            after(Some(NOW - 5), &[NOW - 9, NOW - 8, NOW - 7]),
            Some(NOW - 5)
        );
        // This machine's clock is behind: all records seem to come from the future.
        assert_eq!(after(None, &[NOW + 7_000; 3]), Some(NOW));
    }

    proptest! {
        #[test]
        fn it_is_never_later_than_the_arrival(
            records in prop::collection::vec((any::<i64>(), 0..NOW), 0..50),
        ) {
            let mut cursor = ResumeCursor::new(None);
            let mut latest = None;
            for (record_ms, arrived_ms) in records {
                cursor.arrived(record_ms, arrived_ms);
                latest = latest.max(Some(arrived_ms));
                prop_assert!(cursor.ms() <= latest);
            }
        }
    }
}
