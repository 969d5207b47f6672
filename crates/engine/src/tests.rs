//! The engine against a plain recount that shares no code with it.

mod bounds;
mod calendar;
mod filters;
mod quarantine;
mod replica;
mod topics;
mod windows;
mod withdrawals;
mod writers;

use std::collections::{BTreeMap, BTreeSet};

use headcount_record::{Control, Feed, Kind, Masking, Namespace, partition_of};
use proptest::prelude::*;

use crate::{
    BusyWindow, CheckpointHead, Error, Filter, JournaledEntry, KEPT_MS, LATENESS_MS,
    PartialAggregate, Partition, Summary, WINDOW_MS,
};

const BASE: i64 = 1_489_925_400_000;

/// An RSVP record as a test specifies it.
#[derive(Clone, Debug)]
struct RsvpSpec {
    event: u8,
    rsvp: u64,
    mtime: i64,
    yes: bool,
    guests: u16,
    member: u64,
    place: u8,
}

impl RsvpSpec {
    fn json(&self) -> String {
        let country = ["us", "gb", "tw"][self.place as usize % 3];
        let venue = match self.place % 4 {
            0 => String::new(),
            n => format!(r#""venue":{{"venue_id":{n},"venue_name":"V{n}","lat":{n}.5,"lon":0}},"#),
        };
        format!(
            r#"{{{venue}"rsvp_id":{},"response":"{}","guests":{},"mtime":{},"member":{{"member_id":{}}},"event":{{"event_id":"e{}","event_name":"E{}"}},"group":{{"group_id":{},"group_country":"{country}","group_city":"C{}","group_topics":[{{"urlkey":"t{}","topic_name":"T"}}]}}}}"#,
            self.rsvp,
            if self.yes { "yes" } else { "no" },
            self.guests,
            self.mtime,
            self.member,
            self.event,
            self.place,
            self.place,
            self.place,
            self.place,
        )
    }

    /// The version as the design states it, in its plainest form. The tie is left to content.
    fn version(&self) -> (i64, bool, i64) {
        (
            (self.mtime + 500).div_euclid(1000),
            self.mtime % 1000 != 0,
            self.mtime,
        )
    }
}

fn rsvp_spec() -> impl Strategy<Value = RsvpSpec> {
    // Few identities, times close together and whole seconds among them: many meetings.
    (
        0..6_u8,
        1..8_u64,
        0..40_i64,
        prop_oneof![Just(0_i64), 1..999_i64],
        any::<bool>(),
        0..4_u16,
        0..8_u8,
    )
        .prop_map(|(event, rsvp, second, ms, yes, guests, place)| RsvpSpec {
            event,
            rsvp,
            mtime: BASE + second * 700 / 1000 * 1000 + ms,
            yes,
            guests,
            member: rsvp % 5 + 1,
            place,
        })
}

/// Feeds records to fresh partitions as a journal would.
fn count(records: &[RsvpSpec], partitions: u16) -> Vec<Partition> {
    let mut parts: Vec<Partition> = (0..partitions).map(|_| Partition::new()).collect();
    for record in records {
        let at = partition_of(Namespace::MEETUP, &format!("e{}", record.event), partitions);
        feed(&mut parts[usize::from(at)], record.json().as_bytes());
    }
    parts
}

/// A refused record as the journal has it.
fn rejected() -> Control {
    let reason = headcount_record::Reason::BadJson;
    Control::Rejected(
        headcount_record::Admission::new(1, Masking::Nothing).refuse(
            &reason,
            "line 1".into(),
            b"{",
        ),
    )
}

fn put(partition: &mut Partition, source: u16, kind: Kind, body: &[u8]) {
    let offset = partition.next_offset();
    let entry = JournaledEntry {
        offset,
        arrived: BASE + KEPT_MS,
        kind,
        source,
        body,
    };
    partition.apply(entry).expect("the next entry");
}

/// The kind of Meetup's RSVPs.
fn rsvps() -> Kind {
    Kind::of(Feed::Rsvps)
}

fn feed(partition: &mut Partition, body: &[u8]) {
    let offset = partition.next_offset();
    let entry = JournaledEntry {
        offset,
        arrived: BASE + KEPT_MS,
        kind: Kind::of(Feed::Rsvps),
        source: 0,
        body,
    };
    partition.apply(entry).expect("the next entry");
}

fn summary(parts: &[Partition]) -> Summary {
    aggregate(parts, Filter::default()).summary()
}

fn aggregate(parts: &[Partition], filter: Filter) -> PartialAggregate {
    PartialAggregate::of(&parts.iter().collect::<Vec<_>>(), filter, true)
}

/// The members of a summary that must not depend on order, repetition or partitions.
fn unordered(mut summary: Summary) -> Summary {
    summary.records = 0;
    summary.kinds = crate::Kinds::default();
    summary.feeds.clear();
    summary.ledger = crate::Ledger::default();
    summary.as_of = crate::AsOf::default();
    summary
}

/// Winners by identity, decided by version alone (ties are left out by the caller).
fn winners(records: &[RsvpSpec]) -> BTreeMap<(u8, u64), RsvpSpec> {
    let mut winners: BTreeMap<(u8, u64), RsvpSpec> = BTreeMap::new();
    for record in records {
        let slot = winners
            .entry((record.event, record.rsvp))
            .or_insert_with(|| record.clone());
        if record.version() > slot.version() {
            *slot = record.clone();
        }
    }
    winners
}

/// Leaves the first of the records that an event has with one version.
fn without_ties(records: Vec<RsvpSpec>) -> Vec<RsvpSpec> {
    let mut seen = BTreeSet::new();
    records
        .into_iter()
        .filter(|record| seen.insert((record.event, record.version())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn order_repetition_and_partitions_change_nothing(
        records in prop::collection::vec(rsvp_spec(), 1..60),
        extra in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        seed in any::<u64>(),
    ) {
        let once = unordered(summary(&count(&records, 1)));
        let mut again = records.clone();
        again.extend(extra.iter().map(|index| index.get(&records).clone()));
        let mut state = seed | 1;
        for at in (1..again.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            again.swap(at, (state >> 33) as usize % (at + 1));
        }
        for partitions in [1, 2, 4] {
            prop_assert_eq!(&unordered(summary(&count(&again, partitions))), &once);
        }
    }

    #[test]
    fn counts_equal_a_recount_at_every_moment(records in prop::collection::vec(rsvp_spec(), 1..40)) {
        let records = without_ties(records);
        let mut part = Partition::new();
        for upto in 1..=records.len() {
            let record = &records[upto - 1];
            feed(&mut part, record.json().as_bytes());
            let found = summary(std::slice::from_ref(&part));
            prop_assert!(found.ledger.all.tally.kept() == upto as u64);
            let winners = winners(&records[..upto]);
            let yes: Vec<_> = winners.values().filter(|winner| winner.yes).collect();
            prop_assert_eq!(found.rsvps, winners.len() as u64);
            prop_assert_eq!(found.yes, yes.len() as u64);
            prop_assert_eq!(found.guests, yes.iter().map(|w| u64::from(w.guests)).sum::<u64>());
            let members: BTreeSet<_> = winners.values().map(|w| w.member).collect();
            prop_assert_eq!(found.members, Some(members.len() as u64));
            let mut windows: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
            for winner in winners.values() {
                let slot = windows.entry(winner.mtime / WINDOW_MS * WINDOW_MS).or_default();
                *(if winner.yes { &mut slot.0 } else { &mut slot.1 }) += 1;
            }
            let aggregate = aggregate(std::slice::from_ref(&part), Filter::default());
            let kept: BTreeMap<i64, (u64, u64)> =
                aggregate.windows().map(|(start, yes, no, _)| (start, (yes, no))).collect();
            prop_assert_eq!(kept, windows);
        }
    }

    #[test]
    fn the_ledger_balances_at_every_commit(
        batches in prop::collection::vec(
            (0..3_u16, prop::collection::vec(prop_oneof![3 => rsvp_spec().prop_map(Some), 1 => Just(None)], 0..6)),
            1..20,
        ),
    ) {
        let mut part = Partition::new();
        let (mut received, mut commits) = (0, 0);
        for (source, batch) in batches {
            for told in &batch {
                let (kind, body) = match told {
                    Some(told) => (Kind::of(Feed::Rsvps), told.json().into_bytes()),
                    None => (rejected().kind(), rejected().to_body()),
                };
                put(&mut part, source, kind, &body);
                prop_assert!(!part.is_at_commit());
                // The source has not yet said how much it handed over.
                prop_assert!(!summary(std::slice::from_ref(&part)).ledger.balanced);
            }
            let position = Control::Position {
                of: format!("s{source}"),
                position: 0.into(),
                received: batch.len() as u64,
                repaired: 1,
                blanked: 1,
            };
            put(&mut part, source, Kind::CONTROL, &position.to_body());
            received += batch.len() as u64;
            prop_assert!(part.is_at_commit());
            let ledger = summary(std::slice::from_ref(&part)).ledger;
            prop_assert!(ledger.balanced);
            prop_assert_eq!(ledger.all.received, received);
            commits += 1;
            prop_assert_eq!((ledger.all.repaired, ledger.all.blanked), (commits, commits));
        }
    }

    #[test]
    fn a_checkpoint_anywhere_changes_nothing(
        records in prop::collection::vec(rsvp_spec(), 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(records.len());
        let whole = &count(&records, 1)[0];
        let head = CheckpointHead { journal: 7, partition: 3, hint: b"here".to_vec() };
        let bytes = count(&records[..cut], 1)[0].to_bytes(&head);
        let (mut resumed, hint) = Partition::from_bytes(&bytes, "here", 7, 3).expect("read");
        prop_assert_eq!(hint, head.hint);
        for record in &records[cut..] {
            feed(&mut resumed, record.json().as_bytes());
        }
        prop_assert_eq!(summary(std::slice::from_ref(&resumed)), summary(std::slice::from_ref(whole)));
    }
}

fn one(rsvp: u64, mtime: i64) -> RsvpSpec {
    RsvpSpec {
        event: 1,
        rsvp,
        mtime,
        yes: true,
        guests: 0,
        member: rsvp,
        place: 1,
    }
}

#[test]
fn old_answers_change_totals_only_and_are_late() {
    let mut part = Partition::new();
    for record in [
        one(1, BASE + 1),
        one(2, BASE - KEPT_MS - LATENESS_MS - WINDOW_MS),
    ] {
        feed(&mut part, record.json().as_bytes());
    }
    let found = summary(std::slice::from_ref(&part));
    assert_eq!((found.rsvps, found.ledger.late), (2, 1));
    let busiest = BusyWindow {
        start: BASE,
        yes: 1,
        ..BusyWindow::default()
    };
    assert_eq!(found.busiest_5s, [busiest]);
    // Its window is forgotten, and it is still one winner of long ago.
    let changed = RsvpSpec {
        yes: false,
        ..one(2, BASE - KEPT_MS - LATENESS_MS - WINDOW_MS + 1500)
    };
    feed(&mut part, changed.json().as_bytes());
    let found = summary(std::slice::from_ref(&part));
    assert_eq!((found.yes, found.no, found.ledger.late), (1, 1, 1));
}

#[test]
fn the_future_is_quarantined_and_moves_nothing() {
    let mut part = Partition::new();
    feed(&mut part, one(1, BASE + 1).json().as_bytes());
    let before = part.stream_time();
    feed(
        &mut part,
        one(2, BASE + KEPT_MS + 6 * 60_000 + 1).json().as_bytes(),
    );
    assert_eq!(part.stream_time(), before);
    let found = summary(std::slice::from_ref(&part));
    assert_eq!(found.rsvps, 1);
    assert_eq!(found.ledger.all.tally.quarantined["future_timestamp"], 1);
    feed(
        &mut part,
        one(3, BASE + KEPT_MS + 4 * 60_000 + 1).json().as_bytes(),
    );
    assert_ne!(part.stream_time(), before);
}

#[test]
fn resent_records_do_not_move_the_stream() {
    let mut part = Partition::new();
    feed(&mut part, one(1, BASE + 1).json().as_bytes());
    feed(&mut part, one(2, BASE + 60_000).json().as_bytes());
    assert_eq!(part.stream_time(), Some(BASE + 1 - LATENESS_MS));
}

#[test]
fn a_panel_is_filtered_by_every_dimension_but_its_own() {
    let us = RsvpSpec {
        place: 0,
        ..one(1, BASE + 1)
    };
    let gb = RsvpSpec {
        event: 2,
        place: 1,
        ..one(2, BASE + 2)
    };
    let parts = count(&[us, gb], 1);
    let view = aggregate(&parts, Filter::of_countries(["GB"])).view();
    assert_eq!(
        (view.totals.rsvps, view.all_rsvps, view.countries.len()),
        (1, 2, 2)
    );
    assert_eq!(
        (view.cities.len(), view.venues.len(), view.trending.len()),
        (1, 1, 1)
    );
    assert_eq!(view.history.yes.iter().sum::<u64>(), 1);
}

#[test]
fn a_summary_is_of_what_the_filter_lets_through() {
    let us = RsvpSpec {
        place: 0,
        ..one(1, BASE + 1)
    };
    let gb = RsvpSpec {
        event: 2,
        place: 1,
        ..one(2, BASE + 2)
    };
    let parts = count(&[us, gb], 1);
    let of = |countries: &[&str]| {
        aggregate(&parts, Filter::of_countries(countries.iter().copied())).summary()
    };
    let (all, gb) = (of(&[]), of(&["gb"]));
    assert_eq!((all.rsvps, all.countries, all.members), (2, 2, Some(2)));
    assert_eq!((gb.rsvps, gb.countries, gb.members), (1, 1, None));
    assert_eq!((gb.events, gb.cities, gb.venues, gb.groups), (1, 1, 1, 1));
    assert_eq!(
        gb.by_country.keys().map(|c| &**c).collect::<Vec<_>>(),
        ["gb"]
    );
    assert_eq!(gb.top_events_yes, [("e2".into(), 1)]);
    assert_eq!(gb.minutes.yes.iter().sum::<u64>(), 1);
    assert_eq!((gb.records, gb.digest), (2, all.digest));
}

#[test]
fn the_ledger_holds_the_journal_against_the_sources() {
    let mut part = Partition::new();
    let apply = |part: &mut Partition, kind, body: &[u8]| {
        let offset = part.next_offset();
        part.apply(JournaledEntry {
            offset,
            arrived: BASE,
            kind,
            source: 3,
            body,
        })
        .expect("applied");
    };
    apply(
        &mut part,
        Kind::CONTROL,
        &Control::Source {
            name: "file:x".into(),
        }
        .to_body(),
    );
    apply(
        &mut part,
        Kind::of(Feed::Rsvps),
        one(1, BASE).json().as_bytes(),
    );
    let position = |received| {
        Control::Position {
            of: "x".into(),
            position: 9.into(),
            received,
            repaired: 0,
            blanked: 0,
        }
        .to_body()
    };
    assert!(!summary(std::slice::from_ref(&part)).ledger.balanced);
    apply(&mut part, Kind::CONTROL, &position(1));
    let found = summary(std::slice::from_ref(&part));
    assert!(found.ledger.balanced);
    assert_eq!(found.ledger.sources["file:x"].received, 1);
    assert_eq!(part.positions()["x"], 9);
    let skipped = JournaledEntry {
        offset: 9,
        arrived: BASE,
        kind: Kind::of(Feed::Rsvps),
        source: 3,
        body: b"{}",
    };
    part.apply(skipped).expect_err("an offset is missing");
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let head = CheckpointHead {
        journal: 7,
        partition: 3,
        hint: Vec::new(),
    };
    let bytes = count(&[one(1, BASE)], 1)[0].to_bytes(&head);
    let read = |bytes: &[u8], journal, partition| {
        Partition::from_bytes(bytes, "p003/checkpoint", journal, partition)
            .map(|(partition, _)| partition.next_offset())
    };
    assert_eq!(read(&bytes, 7, 3).expect("the same"), 1);
    for (journal, partition) in [(8, 3), (7, 2)] {
        let error = read(&bytes, journal, partition).expect_err("another");
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with("checkpoint p003/checkpoint: holds"),
            "{text}"
        );
    }
    for at in [0, 12, 17, 30, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        let error = read(&damaged, 7, 3).expect_err("damaged");
        assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
        read(&bytes[..at], 7, 3).expect_err("cut short");
    }
    // A version is believed only of a file that is whole.
    let says = |bytes: &[u8]| read(bytes, 7, 3).expect_err("not ours").to_string();
    let rubbish: Vec<u8> = (0..200_u8).map(|n| n.wrapping_mul(151) ^ 0x5a).collect();
    assert!(says(&rubbish).contains("is damaged"));
    let mut other = bytes.clone();
    other[7] += 1;
    assert!(says(&other).contains("another version"));
    other[40] ^= 1;
    assert!(says(&other).contains("is damaged"));
}
