//! Windows against a plain recount, for every number of partitions.

use proptest::prelude::*;
use std::collections::BTreeMap;

use super::{
    BASE, RsvpSpec, aggregate, count, one, rsvp_spec, summary, unordered, winners, without_ties,
};
use crate::{
    FUTURE_MS, Filter, KEPT_MS, LATENESS_MS, Partition, Scope, Summary, Trend, Trends, WINDOW_MS,
    stream_time_of_all,
};

const MINUTE_MS: i64 = 60_000;

/// Records of some days, so that windows are forgotten, and some far ahead of the others.
fn of_days() -> impl Strategy<Value = RsvpSpec> {
    let minutes = prop_oneof![6 => 0..20_i64, 2 => 0..3_000_i64, 1 => Just(1_440_i64)];
    (rsvp_spec(), minutes).prop_map(|(told, minutes)| RsvpSpec {
        mtime: told.mtime - minutes * MINUTE_MS,
        ..told
    })
}

/// What must be the same however many partitions there are: all but their offsets.
fn whole(mut summary: Summary) -> Summary {
    summary.as_of.offsets.clear();
    summary
}

/// The windows of an answer as they follow from winners alone.
#[derive(Debug, Default, PartialEq)]
struct Recount {
    windows: BTreeMap<i64, (u64, u64)>,
    late: u64,
    ahead: u64,
    trends: [(u64, u64); 3],
}

impl Recount {
    fn of(records: &[RsvpSpec]) -> Self {
        let live = records.iter().filter(|record| record.mtime % 1000 != 0);
        let newest = live.map(|record| record.mtime).max().expect("a live one");
        let oldest = (newest - LATENESS_MS - KEPT_MS) / WINDOW_MS * WINDOW_MS;
        let end = (newest + FUTURE_MS) / WINDOW_MS * WINDOW_MS;
        let mut found = Self::default();
        for winner in winners(records).values() {
            let window = winner.mtime / WINDOW_MS * WINDOW_MS;
            if window < oldest {
                found.late += 1;
                continue;
            }
            if window > end {
                found.ahead += 1;
                continue;
            }
            let add = |(yes, no): &mut (u64, u64)| *(if winner.yes { yes } else { no }) += 1;
            add(found.windows.entry(window).or_default());
            for (sum, minutes) in found.trends.iter_mut().zip([5, 10, 60]) {
                if window >= (newest - minutes * MINUTE_MS) / WINDOW_MS * WINDOW_MS {
                    add(sum);
                }
            }
        }
        found
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn an_answer_is_one_however_many_partitions_there_are(
        records in prop::collection::vec(of_days(), 1..60),
    ) {
        let one = whole(summary(&count(&records, 1)));
        let gb = || Filter::of_countries(["gb"]);
        let one_gb = whole(aggregate(&count(&records, 1), gb()).summary());
        let one_view = aggregate(&count(&records, 1), Filter::default()).view();
        for partitions in [2, 3, 5, 8, 16] {
            let parts = count(&records, partitions);
            prop_assert_eq!(&whole(summary(&parts)), &one);
            prop_assert_eq!(&whole(aggregate(&parts, gb()).summary()), &one_gb);
            let mut view = aggregate(&parts, Filter::default()).view();
            prop_assert_eq!(view.as_of.offsets.len(), usize::from(partitions));
            view.as_of.offsets.clone_from(&one_view.as_of.offsets);
            prop_assert_eq!(&view, &one_view);
        }
    }

    #[test]
    fn windows_equal_a_recount_for_every_order_and_number_of_partitions(
        records in prop::collection::vec(of_days(), 1..60).prop_map(without_ties).prop_shuffle(),
        partitions in 1..17_u16,
    ) {
        prop_assume!(records.iter().any(|record| record.mtime % 1000 != 0));
        let expected = Recount::of(&records);
        let parts = count(&records, partitions);
        let of_all = aggregate(&parts, Filter::default());
        let windows = of_all.windows().map(|(start, yes, no, _)| (start, (yes, no))).collect();
        let found = of_all.summary();
        let Trends { five_minutes, ten_minutes, hour } = found.trends;
        let found = Recount {
            windows,
            late: found.ledger.late,
            ahead: found.ledger.ahead,
            trends: [five_minutes, ten_minutes, hour].map(|Trend { yes, no, .. }| (yes, no)),
        };
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn the_whole_has_come_as_far_as_its_furthest_partition() {
    // One event each, so that they are in partitions of their own, two days apart.
    let records: Vec<_> = (0..6)
        .map(|event| RsvpSpec {
            event,
            ..one(1, BASE + 1 - i64::from(event) * 2 * KEPT_MS)
        })
        .collect();
    for partitions in [1, 2, 3, 5, 8, 16] {
        let found = summary(&count(&records, partitions));
        assert_eq!(found.as_of.stream_time, Some(BASE + 1 - LATENESS_MS));
        assert_eq!((found.ledger.late, found.minutes.yes.len()), (5, 1));
        assert_eq!(
            found.trends.hour,
            Trend {
                yes: 1,
                ..Trend::default()
            }
        );
    }
}

#[test]
fn what_is_far_ahead_of_all_live_records_waits_for_the_stream() {
    let far = one(2, BASE / 1000 * 1000 + 3_600_000);
    let records = [one(1, BASE + 1), far.clone()];
    let found = summary(&count(&records, 1));
    assert_eq!((found.rsvps, found.ledger.ahead), (2, 1));
    assert_eq!(found.minutes.yes, [1]);
    let found = summary(&count(
        &[records.as_slice(), &[one(3, far.mtime + 1)]].concat(),
        1,
    ));
    assert_eq!((found.rsvps, found.ledger.ahead), (3, 0));
    assert_eq!(found.minutes.yes.len(), 61);
}

#[test]
fn before_the_first_live_record_a_day_of_windows_is_shown() {
    let records = [
        one(1, BASE),
        one(2, BASE - 3 * KEPT_MS),
        one(3, BASE - MINUTE_MS),
    ];
    for partitions in [1, 8] {
        let found = summary(&count(&records, partitions));
        assert_eq!(found.as_of.stream_time, None);
        assert_eq!((found.minutes.yes, found.ledger.late), (vec![1, 1], 1));
    }
}

#[test]
fn a_partition_that_has_gone_on_is_cut_where_the_whole_was() {
    let mut records: Vec<_> = (0..200)
        .map(|n| one(n + 1, BASE + 1 + 430_000 * n as i64))
        .collect();
    let before = count(&records, 1);
    let scope = Scope {
        stream_time: before[0].stream_time(),
        whole: true,
        ..Scope::default()
    };
    let windows = |part: &Partition| part.aggregate(&scope).windows().collect::<Vec<_>>();
    let cut = windows(&before[0]);
    assert!(cut.len() > 190);
    // Seven minutes of stream time later it still has what was asked for, and more at the end.
    records.push(one(300, BASE + 1 + 430_000 * 200));
    let after = count(&records, 1);
    assert_eq!(windows(&after[0])[..cut.len() - 1], cut[..cut.len() - 1]);
    let time = stream_time_of_all(after.iter().map(Partition::stream_time));
    assert!(time > scope.stream_time);
}

#[test]
fn order_makes_no_difference_to_windows() {
    let mut records: Vec<_> = (0..40)
        .map(|n| RsvpSpec {
            event: (n % 6) as u8,
            yes: n % 3 > 0,
            ..one(n % 7 + 1, BASE + 1 - (n as i64 * 37 % 50) * 3_600_000)
        })
        .collect();
    let forth = unordered(summary(&count(&records, 3)));
    let late = summary(&count(&records, 3)).ledger.late;
    records.reverse();
    assert_eq!(unordered(summary(&count(&records, 5))), forth);
    assert_eq!(summary(&count(&records, 5)).ledger.late, late);
    assert!(late > 0);
}
