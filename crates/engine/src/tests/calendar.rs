//! Records that are not Meetup's, against a plain recount that shares no code with the engine.

use std::collections::{BTreeMap, BTreeSet};

use headcount_record::{
    CALENDAR, Control, Decoder, Kind, Namespace, Record, Response, Rsvp, partition_of, schema_of,
};
use proptest::{prelude::*, sample::Index};

use super::{BASE, aggregate, one, put, summary, unordered};
use crate::{
    CheckpointHead, Declared, Error, Filter, JournaledEntry, LATENESS_MS, Partition, Replica,
    Scope, Summary, WINDOW_MS,
};

const RSVPS: Kind = Kind::new(16);
const EVENTS: Kind = Kind::new(17);
const OURS: Namespace = Namespace(1);
/// Seconds since 1970.
const SECOND: i64 = BASE / 1000;

/// A calendar record as a test states it.
#[derive(Clone, Debug)]
enum Line {
    Answer {
        event: u8,
        person: u8,
        second: i64,
        sequence: u32,
        response: Response,
    },
    Facts {
        event: u8,
        second: i64,
        sequence: u32,
        name: u8,
        place: u8,
    },
}

impl Line {
    fn event(&self) -> u8 {
        match self {
            Self::Answer { event, .. } | Self::Facts { event, .. } => *event,
        }
    }

    fn version(&self) -> (i64, u32) {
        match self {
            Self::Answer {
                second, sequence, ..
            }
            | Self::Facts {
                second, sequence, ..
            } => (*second, *sequence),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Answer { .. } => RSVPS,
            Self::Facts { .. } => EVENTS,
        }
    }

    fn json(&self) -> String {
        match self {
            Self::Answer {
                event,
                person,
                second,
                sequence,
                response,
            } => {
                let status = match response {
                    Response::Yes => "going",
                    Response::No => "notgoing",
                    Response::Maybe => "interested",
                };
                format!(
                    r#"{{"collection":"rsvp","did":"did:plc:{person}","rkey":"r","time":{second},"sequence":{sequence},"status":"{status}","subject":"{}"}}"#,
                    uri(*event)
                )
            }
            Self::Facts {
                event,
                second,
                sequence,
                name,
                place,
            } => {
                let place = match place {
                    0 => String::new(),
                    n => format!(r#","place":{{"name":"P{n}","lat":{n}.5,"lon":{n}}}"#),
                };
                format!(
                    r#"{{"collection":"event","uri":"{}","time":{second},"sequence":{sequence},"name":"N{name}"{place}}}"#,
                    uri(*event)
                )
            }
        }
    }
}

fn uri(event: u8) -> String {
    format!("at://did:plc:organiser/event/{event}")
}

fn line() -> impl Strategy<Value = Line> {
    let version = || (0..30_i64, 0..4_u32);
    let response = prop::sample::select(Response::ALL.to_vec());
    prop_oneof![
        3 => (0..5_u8, 0..6_u8, version(), response).prop_map(
            |(event, person, (second, sequence), response)| Line::Answer {
                event,
                person,
                second: SECOND + second,
                sequence,
                response,
            }
        ),
        1 => (0..6_u8, version(), 0..3_u8, 0..3_u8).prop_map(
            |(event, (second, sequence), name, place)| Line::Facts {
                event,
                second: SECOND + second,
                sequence,
                name,
                place,
            }
        ),
    ]
}

/// Leaves one of the records that two of an event and a version could be.
fn without_ties(lines: Vec<Line>) -> Vec<Line> {
    let mut seen = BTreeSet::new();
    lines
        .into_iter()
        .filter(|line| seen.insert((line.kind(), line.event(), line.version())))
        .collect()
}

fn declared() -> Control {
    let declared = Declared::new(RSVPS, &*schema_of(CALENDAR).expect("in tests"));
    Control::Schema {
        kind: declared.kind,
        feeds: declared.feeds,
        definition: declared.definition,
    }
}

fn fresh(partitions: u16) -> Vec<Partition> {
    let mut parts: Vec<Partition> = (0..partitions).map(|_| Partition::new()).collect();
    for part in &mut parts {
        put(part, 0, Kind::CONTROL, &declared().to_body());
    }
    parts
}

fn take(parts: &mut [Partition], line: &Line) {
    let at = partition_of(OURS, &uri(line.event()), parts.len() as u16);
    let json = line.json();
    put(&mut parts[usize::from(at)], 0, line.kind(), json.as_bytes());
}

fn counted(lines: &[Line], partitions: u16) -> Vec<Partition> {
    let mut parts = fresh(partitions);
    lines.iter().for_each(|line| take(&mut parts, line));
    parts
}

/// What a plain count finds.
#[derive(Debug, Default, PartialEq)]
struct Recount {
    yes: u64,
    no: u64,
    maybe: u64,
    events: u64,
    venues: u64,
    members: u64,
    /// Begin, yes, no, maybe.
    windows: Vec<(i64, u64, u64, u64)>,
    /// By name, of events with an answer.
    going: BTreeMap<String, u64>,
    stream_time: Option<i64>,
}

impl Recount {
    fn of(lines: &[Line]) -> Self {
        let mut answers: BTreeMap<(u8, u8), &Line> = BTreeMap::new();
        let mut facts: BTreeMap<u8, &Line> = BTreeMap::new();
        for line in lines {
            let slot = match line {
                Line::Answer { event, person, .. } => {
                    answers.entry((*event, *person)).or_insert(line)
                }
                Line::Facts { event, .. } => facts.entry(*event).or_insert(line),
            };
            if line.version() > slot.version() {
                *slot = line;
            }
        }
        let mut found = Self::default();
        let (mut events, mut people, mut venues) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut windows: BTreeMap<i64, [u64; 3]> = BTreeMap::new();
        for ((event, person), line) in &answers {
            let Line::Answer { response, .. } = line else {
                continue;
            };
            events.insert(*event);
            people.insert(*person);
            let (name, place) = match facts.get(event) {
                Some(Line::Facts { name, place, .. }) => (format!("N{name}"), *place),
                _ => (String::new(), 0),
            };
            if place > 0 {
                venues.insert(place);
            }
            let window = line.version().0 * 1000 / WINDOW_MS * WINDOW_MS;
            let sums = windows.entry(window).or_default();
            match response {
                Response::Yes => {
                    found.yes += 1;
                    sums[0] += 1;
                    *found.going.entry(name).or_default() += 1;
                }
                Response::No => {
                    found.no += 1;
                    sums[1] += 1;
                }
                Response::Maybe => {
                    found.maybe += 1;
                    sums[2] += 1;
                }
            }
        }
        found.events = events.len() as u64;
        found.members = people.len() as u64;
        found.venues = venues.len() as u64;
        found.windows = windows
            .into_iter()
            .map(|(start, [yes, no, maybe])| (start, yes, no, maybe))
            .collect();
        let newest = lines.iter().map(|line| line.version().0).max();
        found.stream_time = newest.map(|second| second * 1000 - LATENESS_MS);
        found
    }

    fn found(parts: &[Partition]) -> Self {
        let aggregate = aggregate(parts, Filter::default());
        let mut going = BTreeMap::new();
        for row in parts
            .iter()
            .flat_map(|part| part.rsvps.events.rows().iter())
        {
            if row.yes > 0 {
                *going.entry(row.content.name.to_string()).or_default() += u64::from(row.yes);
            }
        }
        let windows = aggregate.windows().collect();
        let summary = aggregate.summary();
        assert_eq!(summary.rsvps, summary.yes + summary.no + summary.maybe);
        assert_eq!(summary.heads, summary.yes, "only a yes brings heads");
        Self {
            yes: summary.yes,
            no: summary.no,
            maybe: summary.maybe,
            events: summary.events,
            venues: summary.venues,
            members: summary.members.expect("no filter"),
            windows,
            going,
            stream_time: summary.as_of.stream_time,
        }
    }
}

/// What must not depend on order, repetition or partitions.
fn settled(parts: &[Partition]) -> Summary {
    unordered(summary(parts))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn answers_are_a_plain_count_whatever_the_order_and_the_partitions(
        lines in prop::collection::vec(line(), 1..50).prop_map(without_ties),
        again in prop::collection::vec(any::<Index>(), 0..50),
        shuffled in Just(()).prop_perturb(|(), rng| rng),
    ) {
        let expected = Recount::of(&lines);
        let once = settled(&counted(&lines, 1));
        let mut repeated = lines.clone();
        repeated.extend(again.iter().map(|index| index.get(&lines).clone()));
        let mut rng = shuffled;
        for at in (1..repeated.len()).rev() {
            repeated.swap(at, rng.random_range(0..=at));
        }
        for partitions in 1..=8 {
            let parts = counted(&repeated, partitions);
            prop_assert_eq!(&Recount::found(&parts), &expected);
            prop_assert_eq!(&settled(&parts), &once);
        }
    }

    #[test]
    fn a_checkpoint_and_a_replica_are_the_partition(
        lines in prop::collection::vec(line(), 1..40),
        cut in any::<Index>(),
        told in any::<Index>(),
    ) {
        let (cut, told) = (cut.index(lines.len()), told.index(lines.len()));
        let mut whole = fresh(1);
        let mut replica = Replica::new();
        for (at, line) in lines.iter().enumerate() {
            take(&mut whole, line);
            if at == told {
                follow(&mut whole[0], &mut replica);
            }
        }
        follow(&mut whole[0], &mut replica);
        let scope = Scope { whole: true, stream_time: whole[0].stream_time(), ..Scope::default() };
        prop_assert_eq!(replica.aggregate(&scope).summary(), whole[0].aggregate(&scope).summary());

        let head = CheckpointHead::default();
        let before = counted(&lines[..cut], 1)[0].to_bytes(&head);
        let (resumed, _) = Partition::from_bytes(&before, "here", 0, 0).expect("sound");
        let mut resumed = [resumed];
        lines[cut..].iter().for_each(|line| take(&mut resumed, line));
        // The ends of batches that a replica needs are entries too.
        let [resumed, whole] = [&resumed[..], &whole].map(|parts| {
            let mut summary = summary(parts);
            summary.as_of.offsets.clear();
            summary
        });
        prop_assert_eq!(resumed, whole);
    }
}

/// Tells a replica what has changed, all pieces of it.
fn follow(partition: &mut Partition, replica: &mut Replica) {
    let position = Control::Position {
        of: String::new(),
        position: 0.into(),
        received: 0,
        repaired: 0,
        blanked: 0,
    };
    put(partition, 0, Kind::CONTROL, &position.to_body());
    loop {
        let changes = partition.take_changes();
        replica.apply_rows(&changes.rows).expect("rows");
        if let Some(complete) = changes.snapshot_complete {
            replica.set_meta(&complete.meta).expect("metadata");
            return;
        }
    }
}

fn answer(event: u8, person: u8, response: Response) -> Line {
    Line::Answer {
        event,
        person,
        second: SECOND,
        sequence: 0,
        response,
    }
}

#[test]
fn no_country_is_invented_and_none_is_lost() {
    let lines = [
        answer(1, 1, Response::Yes),
        answer(1, 2, Response::Maybe),
        answer(2, 1, Response::No),
    ];
    let mut parts = counted(&lines, 1);
    put(
        &mut parts[0],
        0,
        super::rsvps(),
        one(7, BASE + 1).json().as_bytes(),
    );
    let of = |countries: &[&str]| {
        let filter = Filter::of_countries(countries.iter().copied());
        let view = aggregate(&parts, filter.clone()).view();
        (view, aggregate(&parts, filter).summary())
    };
    let (view, all) = of(&[]);
    assert_eq!(
        (all.rsvps, all.countries, all.groups, all.cities),
        (4, 1, 1, 1)
    );
    let rows = view
        .countries
        .iter()
        .map(|row| (&*row.country, row.yes, row.maybe));
    assert_eq!(rows.collect::<Vec<_>>(), [("gb", 1, 0), ("unknown", 1, 1)]);
    let (view, unknown) = of(&["unknown"]);
    assert_eq!((unknown.rsvps, unknown.maybe, unknown.groups), (3, 1, 0));
    assert_eq!(
        (view.totals.rsvps, view.all_rsvps, view.cities.len()),
        (3, 4, 0)
    );
    let (_, gb) = of(&["gb"]);
    assert_eq!((gb.rsvps, gb.maybe), (1, 0));
    // The feeds are told apart, and each has its statuses.
    assert_eq!(
        all.feeds["rsvps"].by_status,
        BTreeMap::from([("yes".to_owned(), 1)])
    );
    let ours = &all.feeds["calendar-rsvps"];
    let statuses = [("maybe", 1), ("no", 1), ("yes", 1)].map(|(name, n)| (name.to_owned(), n));
    assert_eq!((ours.unique, &ours.by_status), (3, &statuses.into()));
    assert_eq!(all.records, 4);
}

#[test]
fn what_nobody_says_is_not_in_answers() {
    let json = |lines: &[Line]| {
        let parts = counted(lines, 1);
        let summary = serde_json::to_string(&summary(&parts)).expect("JSON");
        let view = aggregate(&parts, Filter::default()).view();
        summary + &serde_json::to_string(&view).expect("JSON")
    };
    assert!(!json(&[answer(1, 1, Response::Yes)]).contains("maybe"));
    assert!(json(&[answer(1, 1, Response::Maybe)]).contains("\"maybe\":1"));
}

#[test]
fn a_kind_counts_only_after_its_schema() {
    let answer = answer(1, 1, Response::Yes).json();
    let apply = |part: &mut Partition, kind, body: &[u8]| {
        let offset = part.next_offset();
        part.apply(JournaledEntry {
            offset,
            arrived: BASE,
            kind,
            source: 0,
            body,
        })
    };
    let mut part = Partition::new();
    let error = apply(&mut part, RSVPS, answer.as_bytes()).expect_err("not declared");
    assert!(
        matches!(
            error,
            Error::Kind {
                offset: 0,
                kind: RSVPS
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("has not declared"), "{error}");
    let schema = |kind, definition: &str| Control::Schema {
        kind,
        feeds: vec!["calendar-rsvps".into(), "calendar-events".into()],
        definition: definition.to_owned(),
    };
    let unknown = schema(RSVPS, "calendar 99").to_body();
    let error = apply(&mut part, Kind::CONTROL, &unknown).expect_err("unknown");
    assert!(error.to_string().contains("\"calendar 99\""), "{error}");
    for taken in [Kind::new(3), Kind::new(254)] {
        let body = schema(taken, CALENDAR).to_body();
        let error = apply(&mut part, Kind::CONTROL, &body).expect_err("taken");
        assert!(matches!(error, Error::KindTaken { .. }), "{error}");
    }
    assert_eq!(part.next_offset(), 0, "nothing was counted");
    let body = declared().to_body();
    apply(&mut part, Kind::CONTROL, &body).expect("declared");
    apply(&mut part, Kind::CONTROL, &body).expect("the same again, by another writer");
    apply(&mut part, RSVPS, answer.as_bytes()).expect("counted");
    assert_eq!(part.schemas().len(), 1);
}

#[test]
fn another_thing_with_an_id_of_the_same_bits_is_kept_aside() {
    let schema = schema_of(CALENDAR).expect("in tests");
    let mut decoder = Decoder::of(schema.clone());
    let mut rsvp = |person| match decoder.decode(answer(1, person, Response::Yes).json().as_bytes())
    {
        Ok(Record::Rsvp(rsvp)) => rsvp,
        other => panic!("{other:?}"),
    };
    let (first, other) = (rsvp(1), rsvp(2));
    let same_id = Rsvp {
        id: first.id,
        ..other
    };
    let same_member = Rsvp {
        member: first.member,
        ..other
    };
    assert_ne!(first.id_check, other.id_check);
    assert_ne!(first.member_check, other.member_check);
    let mut part = Partition::new();
    part.expect_schema(Declared::new(RSVPS, &*schema));
    for rsvp in [first, same_id, same_member, first] {
        part.apply_rsvps(RSVPS, 0, decoder.dictionary(), &[rsvp], 0, BASE);
    }
    let found = summary(std::slice::from_ref(&part));
    assert_eq!((found.rsvps, found.members), (1, Some(1)));
    let tally = &found.ledger.all.tally;
    assert_eq!(
        (tally.new, tally.repeated, tally.quarantined["id_collision"]),
        (1, 1, 2)
    );
    assert_eq!(tally.kept(), found.ledger.all.kept);
}
