//! Writers that overtake, repeat and replace each other, on the store in memory, where every step may be the last.

#![allow(clippy::unwrap_used)]

#[path = "../tests/serving/world.rs"]
mod world;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    pin::Pin,
    rc::Rc,
    sync::atomic::Ordering,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt, future::LocalBoxFuture, task::noop_waker_ref};
use headcount_engine::{Changes, CountryPart, Delta, Row, SnapshotComplete, Table};
use proptest::prelude::*;

use super::{
    ReplicaEvent, Serving, ServingIdentity, follow, memory::Memory, store::ServingStore,
    write::Writers,
};
use world::{Dice, Totals, World};

/// What is called from a thread of a runtime may move between them.
#[test]
fn all_may_be_spawned() {
    fn check<T: Send>(_: T) {}
    fn all(serving: &Serving, changes: &Changes) {
        check(serving.write(0, changes));
        check(serving.write_delta(0, &Delta::default(), &[]));
        check(serving.latest());
        check(serving.changes_since(0, 0));
        check(serving.venue_statistics());
        let address = "memory:".parse().unwrap();
        check(Serving::open(&address, serving.identity()));
        check(Serving::open_to_read(&address));
    }
    let _ = all;
}

const END: u64 = 24;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Three owners of each partition one after another. The first two stop anywhere, or go on beside the last one.
    #[test]
    fn the_final_totals_are_right_whoever_writes_when(seed: u64, partitions in 1u16..4) {
        let world = Rc::new(World { seed, partitions });
        let serving = stepping(partitions);
        let mut dice = Dice(seed);
        let served = Rc::new(RefCell::new(BTreeMap::new()));
        let mut lives = Vec::new();
        for owner in 0..3 {
            for partition in 0..partitions {
                lives.push(Life {
                    partition,
                    // The last one is let alone, the others may end at any step.
                    steps: if owner == 2 { u64::MAX } else { 1 + dice.below(200) },
                    begins: owner * 40 + dice.below(40),
                    seed: dice.below(u64::MAX),
                    running: None,
                });
            }
        }
        run(lives, &mut dice, |life| {
            let other = Serving { writers: Writers::new(partitions).into(), ..serving.clone() };
            owner(world.clone(), other, served.clone(), life.partition, life.seed).boxed_local()
        });
        prop_assert_eq!(seen(&serving), world.totals(END));
        for partition in 0..partitions {
            let rows = done(serving.rows(partition, Table::Events, 0));
            prop_assert_eq!(rows, world.rows(partition, END));
            let meta = format!("meta {partition} {END}").into_bytes();
            prop_assert!(done(serving.latest()).contains(&(partition, END, meta)));
        }
    }
}

fn countries(offset: u64, countries: &[(&str, u64)]) -> Changes {
    let part = |(country, yes): &(&str, u64)| CountryPart {
        country: (*country).into(),
        yes: *yes,
        no: 0,
        maybe: None,
        heads: *yes,
    };
    let mut changes = commit(offset);
    changes.statistics.countries = countries.iter().map(part).collect();
    changes
}

/// A row for the offset, and nothing else.
fn commit(offset: u64) -> Changes {
    Changes {
        offset,
        rows: vec![row(offset)],
        snapshot_complete: Some(SnapshotComplete {
            offset,
            meta: Vec::new(),
            covered_by_delta: false,
        }),
        ..Changes::default()
    }
}

fn row(offset: u64) -> Row {
    Row {
        table: Table::Events,
        number: u32::try_from(offset).unwrap(),
        body: Vec::new(),
    }
}

#[test]
fn a_partition_that_comes_back_is_not_taken_for_what_it_was() {
    let serving = stepping(1);
    let writers = Writers::new(1).into();
    let other = Serving {
        writers,
        ..serving.clone()
    };
    done(serving.write(0, &countries(10, &[("de", 10), ("us", 1)])));
    done(other.write(0, &countries(20, &[("de", 15)])));
    // Whoever goes on from a checkpoint of 20 is not told of a change of "de".
    done(serving.begin(0).map(Ok));
    done(serving.write(0, &countries(30, &[("us", 2)])));
    assert_eq!(seen(&serving).yes, 17);
}

#[tokio::test]
async fn a_load_that_failed_half_way_is_begun_again() {
    let serving = Serving::new(
        ServingStore::Memory(Memory::default()),
        ServingIdentity {
            journal: 1,
            partitions: 1,
        },
    );
    let ServingStore::Memory(memory) = &*serving.store else {
        unreachable!("it was just made");
    };
    serving.write(0, &commit(10)).await.unwrap();
    let mut events = follow(serving.clone(), Duration::from_millis(10));
    let mut next = async || events.recv().await.unwrap();
    let partition = 0;
    assert_eq!(next().await, ReplicaEvent::Reset { partition });
    assert_eq!(
        next().await,
        ReplicaEvent::Rows {
            partition,
            rows: vec![row(10)]
        }
    );
    assert!(matches!(
        next().await,
        ReplicaEvent::Commit { offset: 10, .. }
    ));

    memory.fails.store(true, Ordering::Relaxed);
    serving.write(0, &commit(20)).await.unwrap();
    assert_eq!(next().await, ReplicaEvent::Reset { partition });
    assert!(matches!(next().await, ReplicaEvent::Stale { .. }));
    // What leads on from 10 does not lead on from a part of 20.
    let delta = Delta {
        previous: 5,
        offset: 21,
        ..Delta::default()
    };
    serving.write_delta(0, &delta, b"[]").await.unwrap();
    memory.fails.store(false, Ordering::Relaxed);
    assert_eq!(next().await, ReplicaEvent::Reset { partition });
    assert_eq!(
        next().await,
        ReplicaEvent::Rows {
            partition,
            rows: vec![row(10), row(20)]
        }
    );
    assert!(matches!(
        next().await,
        ReplicaEvent::Commit { offset: 21, .. }
    ));
    assert_eq!(next().await, ReplicaEvent::Fresh);
}

struct Life {
    partition: u16,
    steps: u64,
    begins: u64,
    seed: u64,
    running: Option<LocalBoxFuture<'static, ()>>,
}

/// Polls one of those that live, at random, until all have ended.
fn run(
    mut lives: Vec<Life>,
    dice: &mut Dice,
    begin: impl Fn(&Life) -> LocalBoxFuture<'static, ()>,
) {
    let mut now = 0;
    while !lives.is_empty() {
        now += 1;
        let at = usize::try_from(dice.below(lives.len() as u64)).unwrap();
        let life = &mut lives[at];
        if life.begins > now {
            continue;
        }
        let mut running = life.running.take().unwrap_or_else(|| begin(life));
        let mut context = Context::from_waker(noop_waker_ref());
        let poll = Pin::new(&mut running).poll(&mut context);
        life.steps -= 1;
        if poll == Poll::Pending && life.steps > 0 {
            life.running = Some(running);
        } else {
            lives.swap_remove(at);
        }
    }
}

/// Begins at a checkpoint, which is of what was served, tells all and goes on to the end.
async fn owner(
    world: Rc<World>,
    serving: Serving,
    served: Rc<RefCell<BTreeMap<u16, u64>>>,
    partition: u16,
    seed: u64,
) {
    let mut dice = Dice(seed);
    let known = served.borrow().get(&partition).copied().unwrap_or(0);
    let checkpoint = known - dice.below(known + 1);
    let mut told = None;
    let mut at = checkpoint;
    loop {
        let changes = world.changes(partition, told, at);
        for _ in 0..=dice.below(2) {
            serving.write(partition, &changes).await.unwrap();
        }
        let mut served = served.borrow_mut();
        let served = served.entry(partition).or_insert(0);
        *served = at.max(*served);
        if at == END {
            return;
        }
        told = Some(at);
        at = END.min(at + 1 + dice.below(6));
    }
}

fn stepping(partitions: u16) -> Serving {
    let identity = ServingIdentity {
        journal: 1,
        partitions,
    };
    Serving::new(ServingStore::Memory(Memory::stepping()), identity)
}

fn done<T>(future: impl Future<Output = super::Result<T>>) -> T {
    let mut future = Box::pin(future);
    let mut context = Context::from_waker(noop_waker_ref());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result.unwrap();
        }
    }
}

fn seen(serving: &Serving) -> Totals {
    let mut totals = Totals::default();
    for row in done(serving.country_statistics()) {
        if row.yes + row.no > 0 {
            let sum = (row.yes, row.no, row.heads);
            totals.countries.insert(row.event_country, sum);
        }
    }
    for row in done(serving.response_statistics()) {
        match row.response.as_str() {
            "yes" => totals.yes = row.total_rsvps,
            "no" => totals.no = row.total_rsvps,
            other => panic!("no schema has the answer {other}"),
        }
    }
    for row in done(serving.venue_statistics()) {
        let twice = totals
            .venues
            .insert((row.venue_name, row.venue_id), row.count);
        assert_eq!(twice, None);
    }
    for name in World::names() {
        for row in done(serving.event_statistics(&name)) {
            let sum = totals
                .events
                .entry((row.event_name, row.event_id))
                .or_default();
            match row.response.as_str() {
                "yes" => sum.0 = row.total_rsvps,
                _ => sum.1 = row.total_rsvps,
            }
        }
    }
    totals
}
