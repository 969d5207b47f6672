//! A replica against the partition it mirrors, and the tables that people query against both.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, sync::Arc};

use headcount_record::{Control, Feed, Kind, Namespace, partition_of};
use proptest::{prelude::*, sample::Index};

use crate::{
    Changes, CheckpointHead, CountryPart, Delta as Following, EventKey, EventStatistic, Filter,
    PartialAggregate, Partition, Replica, Row, Scope, VenuePart, stream_time_of_all,
};

use super::{BASE, RsvpSpec, put, rejected, rsvp_spec};

const PARTITIONS: u16 = 3;
const JOURNAL: u64 = 7;

/// What may happen to a journal and those who follow it.
#[derive(Clone, Debug)]
enum Step {
    Rsvp(RsvpSpec),
    OtherFeed {
        id: u8,
        second: i64,
        status: u8,
    },
    Refused,
    Gap,
    /// A piece of the changes is taken of a partition, if there are any.
    Take(u16),
    /// A delta is taken of a partition, if there is one of at most so many rows.
    Follow(u16, usize),
    /// A partition goes to another process, which tells everything or only what changes from then on.
    Move {
        partition: u16,
        all: bool,
    },
    /// A reader begins with all rows so far, in any order.
    Join(Index),
}

fn step() -> impl Strategy<Value = Step> {
    // Answers spread over more than a day, so that windows are forgotten.
    let hours = 0..25_i64;
    prop_oneof![
        12 => (rsvp_spec(), hours).prop_map(|(told, hours)| Step::Rsvp(RsvpSpec {
            mtime: told.mtime + hours * 3_600_000,
            ..told
        })),
        2 => (0..6_u8, 0..40_i64, 0..3_u8)
            .prop_map(|(id, second, status)| Step::OtherFeed { id, second, status }),
        1 => Just(Step::Refused),
        1 => Just(Step::Gap),
        5 => (0..PARTITIONS).prop_map(Step::Take),
        5 => (0..PARTITIONS, 2..20_usize).prop_map(|(at, rows)| Step::Follow(at, rows)),
        1 => (0..PARTITIONS, any::<bool>())
            .prop_map(|(partition, all)| Step::Move { partition, all }),
        1 => any::<Index>().prop_map(Step::Join),
    ]
}

/// What a store would have of a partition.
#[derive(Default)]
struct Stored {
    rows: BTreeMap<(crate::Table, u32), Vec<u8>>,
    /// Up to where the tables have been told.
    base: Option<u64>,
    /// Offset and metadata.
    head: Option<(u64, Vec<u8>)>,
    deltas: Vec<Following>,
    countries: BTreeMap<Arc<str>, CountryPart>,
    venues: BTreeMap<i64, VenuePart>,
    events: BTreeMap<(Arc<str>, Arc<str>), EventStatistic>,
}

impl Stored {
    fn write(&mut self, changes: &Changes) {
        if changes.full_refresh {
            // Names from before may be gone; all parts that there are come with this piece.
            self.events.clear();
            self.countries.clear();
            self.venues.clear();
        }
        for Row {
            table,
            number,
            body,
        } in &changes.rows
        {
            self.rows.insert((*table, *number), body.clone());
        }
        for EventKey {
            event_name,
            event_id,
        } in &changes.statistics.renamed
        {
            self.events.remove(&(event_name.clone(), event_id.clone()));
        }
        for event in &changes.statistics.events {
            let key = (event.event_name.clone(), event.event_id.clone());
            self.events.insert(key, event.clone());
        }
        for part in &changes.statistics.countries {
            self.countries.insert(part.country.clone(), part.clone());
        }
        for part in &changes.statistics.venues {
            self.venues.insert(part.venue_id, part.clone());
        }
        if let Some(complete) = &changes.snapshot_complete {
            assert!(self.base <= Some(complete.offset) && complete.offset <= changes.offset);
            self.base = Some(complete.offset);
            if !complete.covered_by_delta {
                self.head = Some((complete.offset, complete.meta.clone()));
            }
        }
    }

    fn follow(&mut self, delta: Following) {
        if self
            .head
            .as_ref()
            .is_none_or(|(head, _)| *head <= delta.offset)
        {
            self.head = Some((delta.offset, delta.meta.clone()));
        }
        self.deltas.push(delta);
    }

    /// Tables first, and then what has followed; none if that does not lead to the head.
    fn load(&self, seed: u64) -> Option<Replica> {
        let (base, (head, meta)) = (self.base?, self.head.as_ref()?);
        let mut rows: Vec<Row> = self
            .rows
            .iter()
            .map(|((table, number), body)| Row {
                table: *table,
                number: *number,
                body: body.clone(),
            })
            .collect();
        let mut state = seed | 1;
        for at in (1..rows.len()).rev() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            rows.swap(at, (state >> 33) as usize % (at + 1));
        }
        let mut replica = Replica::new();
        for page in rows.chunks(3) {
            // Half of what is there must never make an aggregate panic.
            let _ = replica.aggregate(&Scope::default());
            replica.apply_rows(page).unwrap();
        }
        let mut at = base;
        for delta in self.deltas.iter().filter(|delta| delta.offset > base) {
            if delta.previous <= at && at < delta.offset {
                replica.apply_rows(&delta.rows).unwrap();
                at = delta.offset;
            }
        }
        if at != *head {
            return None;
        }
        replica.set_meta(meta).unwrap();
        assert!(replica.is_whole());
        Some(replica)
    }
}

/// A partition and those who follow it.
struct Followed {
    partition: Partition,
    /// Up to where the tables have been told by whoever counts the partition now.
    told: Option<u64>,
    stored: Stored,
    /// One that has followed from the first, one that is told everything twice, and one that
    /// joined.
    replicas: [Replica; 3],
}

impl Followed {
    fn new(all: bool) -> Self {
        let mut partition = Partition::new();
        partition.watch(all);
        Self {
            partition,
            told: (!all).then_some(0),
            stored: Stored::default(),
            replicas: [Replica::new(), Replica::new(), Replica::new()],
        }
    }

    fn take_delta(&mut self, rows_max: usize) {
        if !self.partition.has_delta(self.told) {
            return;
        }
        let Some(delta) = self.partition.take_delta(rows_max) else {
            assert!(
                !self.partition.has_delta(Some(u64::MAX)),
                "deltas have ended"
            );
            return;
        };
        assert!(delta.rows.len() <= rows_max);
        for (replica, times) in self.replicas.iter_mut().zip([1, 2, 1]) {
            for _ in 0..times {
                replica.apply_rows(&delta.rows).unwrap();
                replica.set_meta(&delta.meta).unwrap();
            }
        }
        self.stored.follow(delta);
    }

    fn take_piece(&mut self) {
        if !self.partition.has_changes() {
            return;
        }
        let changes = self.partition.take_changes();
        assert_eq!(changes.offset, self.partition.next_offset());
        self.stored.write(&changes);
        let Some(complete) = changes.snapshot_complete else {
            return;
        };
        self.told = Some(complete.offset);
        if !complete.covered_by_delta {
            // No delta leads here.
            for replica in &mut self.replicas {
                *replica = self.stored.load(1).unwrap();
            }
        }
    }

    fn take(&mut self) {
        self.take_delta(usize::MAX);
        while self.partition.has_changes() {
            self.take_piece();
        }
        self.take_delta(usize::MAX);
    }

    fn moved(&mut self, at: u16, all: bool) {
        if !all {
            self.take();
        }
        let head = CheckpointHead {
            journal: JOURNAL,
            partition: at,
            hint: Vec::new(),
        };
        let bytes = self.partition.to_bytes(&head);
        let (partition, _) = Partition::from_bytes(&bytes, "moved", JOURNAL, at).unwrap();
        self.partition = partition;
        self.partition.watch(all);
        self.told = (!all).then(|| self.partition.next_offset());
    }
}

/// Name and id.
pub(super) type EventName = (Arc<str>, Arc<str>);
/// Yes, no, heads.
pub(super) type EventCounts = (u64, u64, u64);

/// The tables that people query as they are right: what an aggregate finds.
#[derive(Debug, PartialEq)]
pub(super) struct Tables {
    pub(super) countries: BTreeMap<Arc<str>, CountryPart>,
    pub(super) venues: BTreeMap<i64, VenuePart>,
    pub(super) events: BTreeMap<EventName, EventCounts>,
}

impl Tables {
    pub(super) fn of(partition: &Partition) -> Self {
        let aggregate = partition.aggregate(&Scope::default());
        let countries = aggregate.countries.iter().map(|(country, counts)| {
            let part = CountryPart {
                country: country.clone(),
                yes: counts.counted.answers.yes,
                no: counts.counted.answers.no,
                // Meetup has no such answer.
                maybe: None,
                heads: counts.counted.heads,
            };
            (country.clone(), part)
        });
        let venues = aggregate.venues.iter().map(|(id, venue)| {
            let part = VenuePart {
                venue_id: id.flat(),
                name: venue.content.name.clone(),
                lat: venue.content.lat,
                lon: venue.content.lon,
                group_city: venue.city(),
                country: venue.country(),
                yes: venue.sums.counted.answers.yes,
                no: venue.sums.counted.answers.no,
                maybe: venue.sums.counted.answers.maybe,
                latest: (venue.latest.0.to_bits(), venue.latest.1),
            };
            (id.flat(), part)
        });
        let events = partition.rsvps.events.rows().iter().map(|row| {
            let counts = (u64::from(row.yes), u64::from(row.no), row.heads());
            ((row.content.name.clone(), row.content.id.clone()), counts)
        });
        Self {
            countries: countries.collect(),
            venues: venues.collect(),
            events: events.collect(),
        }
    }
}

/// An RSVP whose event's name changes with the place.
pub(super) fn named_by_place(told: &RsvpSpec) -> String {
    told.json().replace(
        &format!(r#""event_name":"E{}""#, told.event),
        &format!(r#""event_name":"E{}""#, told.place),
    )
}

/// Puts one batch into a partition.
pub(super) fn batch(partition: &mut Partition, kind: Kind, body: &[u8]) {
    put(partition, 1, kind, body);
    let position = Control::Position {
        of: "s".into(),
        position: 0.into(),
        received: 1,
        repaired: 0,
        blanked: 0,
    };
    put(partition, 1, Kind::CONTROL, &position.to_body());
}

fn run(parts: &mut [Followed], step: Step) {
    let of_event = |id: &str| usize::from(partition_of(Namespace::MEETUP, id, PARTITIONS));
    match step {
        Step::Rsvp(told) => {
            let at = of_event(&format!("e{}", told.event));
            batch(
                &mut parts[at].partition,
                Kind::of(Feed::Rsvps),
                named_by_place(&told).as_bytes(),
            );
        }
        Step::OtherFeed { id, second, status } => {
            let at = of_event(&format!("e{id}"));
            let status = ["upcoming", "deleted", "canceled"][usize::from(status)];
            let mtime = BASE + second * 1000 + 1;
            let json = format!(
                r#"{{"id":"e{id}","mtime":{mtime},"status":"{status}","name":"x","event_url":"u"}}"#
            );
            batch(
                &mut parts[at].partition,
                Kind::of(Feed::OpenEvents),
                json.as_bytes(),
            );
        }
        Step::Refused => batch(
            &mut parts[0].partition,
            Kind::DEAD_LETTER,
            &rejected().to_body(),
        ),
        Step::Gap => {
            let gap = Control::Gap {
                from: BASE,
                to: BASE + 1,
                cause: "test".into(),
            };
            batch(&mut parts[1].partition, Kind::CONTROL, &gap.to_body());
        }
        Step::Take(at) => parts[usize::from(at)].take_piece(),
        Step::Follow(at, rows) => parts[usize::from(at)].take_delta(rows),
        Step::Move { partition, all } => parts[usize::from(partition)].moved(partition, all),
        Step::Join(seed) => {
            for part in parts {
                if let Some(joined) = part.stored.load(seed.index(usize::MAX) as u64) {
                    part.replicas[2] = joined;
                }
            }
        }
    }
}

fn together(aggregates: impl Iterator<Item = PartialAggregate>) -> PartialAggregate {
    aggregates.reduce(PartialAggregate::and).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn replicas_aggregate_as_their_partitions_do(
        steps in prop::collection::vec(step(), 1..80),
        all in any::<bool>(),
        countries in prop::sample::subsequence(vec!["us", "gb", "tw", "xx"], 0..4),
        whole in any::<bool>(),
    ) {
        let mut parts: Vec<Followed> = (0..PARTITIONS).map(|_| Followed::new(all)).collect();
        for step in steps {
            run(&mut parts, step);
        }
        for part in &mut parts {
            part.take();
            prop_assert!(!part.partition.has_changes());
        }
        let times = |replica: usize| {
            let parts = parts.iter();
            stream_time_of_all(parts.map(move |part| part.replicas[replica].stream_time()))
        };
        let stream_time = stream_time_of_all(parts.iter().map(|part| part.partition.stream_time()));
        let scope = Scope { filter: Filter::of_countries(countries), stream_time, whole, list: None };
        let right = || together(parts.iter().map(|part| part.partition.aggregate(&scope)));
        for replica in 0..3 {
            prop_assert_eq!(times(replica), stream_time);
            let found = || together(parts.iter().map(|part| part.replicas[replica].aggregate(&scope)));
            prop_assert_eq!(found().view(), right().view());
            prop_assert_eq!(found().summary(), right().summary());
            prop_assert_eq!(found().venue_totals(), right().venue_totals());
            prop_assert!(found().windows().eq(right().windows()));
        }
    }

    #[test]
    fn statistics_are_what_an_aggregate_finds(
        steps in prop::collection::vec(step(), 1..80),
        all in any::<bool>(),
    ) {
        let mut parts: Vec<Followed> = (0..PARTITIONS).map(|_| Followed::new(all)).collect();
        for step in steps {
            run(&mut parts, step);
        }
        for part in &mut parts {
            part.take();
            let Followed { partition, stored, .. } = part;
            let right = Tables::of(partition);
            stored.countries.retain(|_, part| part.yes + part.no > 0);
            prop_assert_eq!(&stored.countries, &right.countries);
            stored.venues.retain(|_, part| part.yes + part.no > 0);
            prop_assert_eq!(&stored.venues, &right.venues);
            let told: BTreeMap<_, _> = stored.events.iter()
                .map(|(key, event)| (key.clone(), (event.yes, event.no, event.heads))).collect();
            prop_assert_eq!(told, right.events);
        }
    }
}

#[test]
fn only_what_changed_is_told() {
    let mut part = Followed::new(true);
    let answer = |event, rsvp, ms| RsvpSpec {
        event,
        ..super::one(rsvp, BASE + ms)
    };
    batch(
        &mut part.partition,
        Kind::of(Feed::Rsvps),
        answer(1, 1, 1).json().as_bytes(),
    );
    batch(
        &mut part.partition,
        Kind::of(Feed::Rsvps),
        answer(2, 2, 2).json().as_bytes(),
    );
    let all = part.partition.take_changes();
    let complete = all.snapshot_complete.expect("it is little");
    assert!(all.full_refresh && !complete.covered_by_delta);
    batch(
        &mut part.partition,
        Kind::of(Feed::Rsvps),
        answer(2, 3, 3).json().as_bytes(),
    );
    let changes = part.partition.take_changes();
    assert!(!changes.full_refresh);
    let delta = part.partition.take_delta(usize::MAX).unwrap();
    assert_eq!(
        (delta.previous, delta.offset),
        (complete.offset, changes.offset)
    );
    for rows in [&changes.rows, &delta.rows] {
        let rows: Vec<_> = rows.iter().map(|row| (row.table, row.number)).collect();
        let right = [(crate::Table::Members, 2), (crate::Table::Events, 1)];
        assert_eq!(rows, right);
    }
    let [event] = &changes.statistics.events[..] else {
        panic!("{:?}", changes.statistics.events)
    };
    assert_eq!((&*event.event_id, event.yes), ("e2", 2));
    assert!(!part.partition.has_changes() && !part.partition.has_delta(Some(u64::MAX)));
    // Within a batch there is nothing to tell yet.
    put(
        &mut part.partition,
        1,
        Kind::of(Feed::Rsvps),
        answer(2, 4, 4).json().as_bytes(),
    );
    assert!(!part.partition.has_changes() && !part.partition.has_delta(Some(u64::MAX)));
}

#[test]
fn what_another_version_stored_is_refused() {
    let mut replica = Replica::new();
    let row = Row {
        table: crate::Table::Events,
        number: 4,
        body: vec![255; 3],
    };
    let error = replica.apply_rows(&[row]).unwrap_err().to_string();
    assert!(
        error.starts_with("row 4 of Events cannot be read"),
        "{error}"
    );
    replica.set_meta(&[]).unwrap_err();
    replica.set_meta(&[9, 1, 1]).unwrap_err();
    assert_eq!(replica.next_offset(), 0);
}
