//! Answers that are taken back against a plain recount, in any order, in a replica, and after a checkpoint.

use std::collections::{BTreeMap, BTreeSet};

use headcount_record::{
    Control, Kind, Mapped, MappedAnswer, MappedEvent, MappedFacts, MappedLine, MappedSchema,
    MappedVersion, Response, Schema,
};
use proptest::prelude::*;

use crate::{CheckpointHead, Declared, Filter, PartialAggregate, Partition, Replica, Scope};

use super::{BASE, put};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Answer {
        id: u8,
        event: u8,
        response: u8,
        guests: u16,
    },
    Withdrawn {
        id: u8,
    },
    Account {
        person: u8,
        ended: bool,
    },
}

/// Whose an answer is: it stays somebody's.
fn person_of(id: u8) -> u8 {
    id % 3
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        4 => (0..6_u8, 0..3_u8, 0..3_u8, 0..3_u16)
            .prop_map(|(id, event, response, guests)| Said::Answer { id, event, response, guests }),
        1 => (0..6_u8).prop_map(|id| Said::Withdrawn { id }),
        1 => (0..3_u8, any::<bool>()).prop_map(|(person, ended)| Said::Account { person, ended }),
    ]
}

/// What was said, each at a time of its own: which of two of one time is what is follows from a hash.
fn all_said() -> impl Strategy<Value = Vec<(i64, Said)>> {
    prop::collection::vec(said(), 0..60).prop_map(|all| (0..).zip(all).collect::<Vec<_>>())
}

fn schema() -> MappedSchema {
    MappedSchema::new("ours", "").expect("a name")
}

/// A partition that knows the schema.
fn fresh() -> Partition {
    let declared = Declared::new(Kind::FIRST_REGISTERED, &schema());
    let control = Control::Schema {
        kind: declared.kind,
        feeds: declared.feeds,
        definition: declared.definition,
    };
    let mut partition = Partition::new();
    put(&mut partition, 1, Kind::CONTROL, &control.to_body());
    partition
}

fn tell(partition: &mut Partition, (time, said): &(i64, Said)) {
    let (feed, what) = match *said {
        Said::Answer {
            id,
            event,
            response,
            guests,
        } => {
            let response = Response::of(response).expect("one of three");
            let guests = if response == Response::Yes { guests } else { 0 };
            let event = MappedEvent {
                id: format!("e{event}"),
                ..MappedEvent::default()
            };
            let answer = MappedAnswer {
                id: format!("a{id}"),
                person: format!("p{}", person_of(id)),
                response,
                guests,
                facts: MappedFacts {
                    event,
                    ..MappedFacts::default()
                },
            };
            (0, Mapped::Answer(answer))
        }
        Said::Withdrawn { id } => (
            2,
            Mapped::Withdrawal {
                id: format!("a{id}"),
            },
        ),
        Said::Account { person, ended } => {
            let person = format!("p{person}");
            (2, Mapped::Account { person, ended })
        }
    };
    let at = MappedVersion {
        time: BASE + time * 100,
        sequence: 0,
        live: true,
    };
    let line = MappedLine::new(at, what).to_bytes(None);
    let kind = Kind::new(Kind::FIRST_REGISTERED.number() + feed);
    put(partition, 1, kind, &line);
}

fn counted(all: &[(i64, Said)]) -> Partition {
    let mut partition = fresh();
    all.iter().for_each(|one| tell(&mut partition, one));
    partition
}

/// Yes, no, maybe, guests, events and people of a plain recount.
fn recount(all: &[(i64, Said)]) -> [u64; 6] {
    let mut answers: BTreeMap<u8, (i64, u8, u8, u16)> = BTreeMap::new();
    let (mut withdrawn, mut accounts) = (BTreeMap::new(), BTreeMap::new());
    for (time, said) in all {
        match *said {
            Said::Answer {
                id,
                event,
                response,
                guests,
            } => {
                let known = answers.entry(id).or_insert((-1, 0, 0, 0));
                if *time > known.0 {
                    *known = (*time, event, response, guests);
                }
            }
            Said::Withdrawn { id } => {
                let known = withdrawn.entry(id).or_insert(-1);
                *known = (*known).max(*time);
            }
            Said::Account { person, ended } => {
                let known = accounts.entry(person).or_insert((-1, false));
                *known = (*known).max((*time, ended));
            }
        }
    }
    let (mut counts, mut events, mut people) = ([0; 3], BTreeSet::new(), BTreeSet::new());
    let mut all_guests = 0;
    for (id, (time, event, response, guests)) in answers {
        let person = person_of(id);
        let ended = accounts
            .get(&person)
            .is_some_and(|&(at, ended)| ended && time <= at);
        if ended || withdrawn.get(&id).is_some_and(|&at| time <= at) {
            continue;
        }
        counts[usize::from(response)] += 1;
        all_guests += if response == 1 { u64::from(guests) } else { 0 };
        events.insert(event);
        people.insert(person);
    }
    let [no, yes, maybe] = counts;
    [
        yes,
        no,
        maybe,
        all_guests,
        events.len() as u64,
        people.len() as u64,
    ]
}

fn figures(partition: &Partition) -> [u64; 6] {
    let summary = PartialAggregate::of(&[partition], Filter::default(), true).summary();
    let members = summary.members.unwrap_or(0);
    [
        summary.yes,
        summary.no,
        summary.maybe,
        summary.guests,
        summary.events,
        members,
    ]
}

proptest! {
    #[test]
    fn what_counts_is_a_plain_recount_in_any_order(
        (all, shuffled) in all_said().prop_flat_map(|all| {
            let twice = [all.clone(), all.clone()].concat();
            (Just(all), Just(twice).prop_shuffle())
        }),
    ) {
        let (once, mixed) = (counted(&all), counted(&shuffled));
        prop_assert_eq!(figures(&once), recount(&all));
        prop_assert_eq!(figures(&mixed), recount(&all));
        prop_assert_eq!(once.digest(), mixed.digest());
    }

    #[test]
    fn a_replica_and_a_checkpoint_say_the_same(all in all_said(), pieces in 1..5_usize) {
        let (mut partition, mut replica) = (fresh(), Replica::new());
        partition.watch(true);
        for piece in all.chunks(all.len() / pieces + 1) {
            piece.iter().for_each(|one| tell(&mut partition, one));
            loop {
                let changes = partition.take_changes();
                replica.apply_rows(&changes.rows).expect("rows");
                if let Some(complete) = changes.snapshot_complete {
                    replica.set_meta(&complete.meta).expect("metadata");
                    break;
                }
            }
            let (mirrored, own) = (replica.aggregate(&whole()), partition.aggregate(&whole()));
            prop_assert_eq!(mirrored.digest, own.digest);
            prop_assert_eq!(mirrored.digest, partition.digest());
            let file = partition.to_bytes(&CheckpointHead::default());
            let (read, _) = Partition::from_bytes(&file, "here", 0, 0).expect("a checkpoint");
            prop_assert_eq!(figures(&read), figures(&partition));
            partition = read;
            partition.watch(false);
            partition.watch(true);
        }
    }
}

fn whole() -> Scope {
    Scope {
        whole: true,
        ..Scope::default()
    }
}

#[test]
fn a_mapping_is_known_by_its_name_whatever_its_text() {
    let ours = schema();
    let others = MappedSchema::new("others", "").expect("a name");
    assert_ne!(ours.namespace(), others.namespace());
    // Answers from before a mapping was changed compete with those of afterwards.
    let later = MappedSchema::new("ours", "another text").expect("a name");
    assert_eq!(later.namespace(), ours.namespace());
    assert_ne!(later.definition(), ours.definition());
}
