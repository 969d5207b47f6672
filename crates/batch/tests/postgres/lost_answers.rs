//! Commits whose answer is lost, and those that never arrive.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_batch::postgres::{PostgresLimits, PostgresSink};

use crate::{
    generator::Generator,
    proxy::{Fate, Proxy, is_query},
    server::{JOURNAL, Schema, limits},
    world::World,
};

const FATES: [Fate; 6] = [
    Fate::Pass,
    Fate::CutBefore,
    Fate::CutBlind,
    Fate::CutAfter,
    Fate::Silent,
    Fate::Late,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_unknown_outcome_is_done_once() {
    let schema = Schema::new();
    let met = Arc::new(Mutex::new(BTreeSet::new()));
    let mut number = 0;
    let proxy = Proxy::start(schema.contact.clone(), {
        let met = met.clone();
        move |sent| match is_query(sent, b"COMMIT") {
            false => Fate::Pass,
            true => {
                // Each in turn, in another order each time.
                let fate = FATES[(number * 5 + number / 6) % 6];
                number += 1;
                met.lock().unwrap().insert(fate);
                fate
            }
        }
    })
    .await;
    let mut generator = Generator::new(11, &[], 40);
    let mut world = World::default();
    let limits = PostgresLimits {
        idle: Duration::from_secs(1),
        answer: Duration::from_secs(1),
        ..limits()
    };
    let address = schema.address_at(&proxy.contact);
    let mut sink = PostgresSink::open_within(&address, JOURNAL, 3, limits)
        .await
        .unwrap();
    let mut changes = generator.first();
    for _ in 0..24 {
        sink.write(&changes).await.unwrap();
        world.apply(&changes);
        changes = generator.next();
    }
    assert_eq!(met.lock().unwrap().len(), FATES.len());
    let mut direct = schema.sink(3).await;
    assert_eq!(direct.progress(), sink.progress());
    schema.assert_holds(&world, &mut direct).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_commit_wrote_is_counted() {
    for fate in [Fate::CutAfter, Fate::Late, Fate::CutBefore] {
        let schema = Schema::new();
        let mut generator = Generator::new(12, &[], 10);
        schema.sink(3).await;
        let mut commits = 0;
        let proxy = Proxy::start(schema.contact.clone(), move |sent| {
            commits += usize::from(is_query(sent, b"COMMIT"));
            // The first is that of the opening.
            match commits == 2 && is_query(sent, b"COMMIT") {
                true => fate,
                false => Fate::Pass,
            }
        })
        .await;
        let mut sink = schema.sink_at(&proxy.contact, 3).await;
        let written = sink.write(&generator.first()).await.unwrap();
        assert_eq!(written.rows, 110, "{fate:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_given_up_leaves_nothing_half_done() {
    let schema = Schema::new();
    let silent = Arc::new(Mutex::new(false));
    let proxy = Proxy::start(schema.contact.clone(), {
        let silent = silent.clone();
        move |sent| match *silent.lock().unwrap() && is_query(sent, b"COMMIT") {
            true => Fate::Silent,
            false => Fate::Pass,
        }
    })
    .await;
    let mut generator = Generator::new(13, &[], 10);
    let mut world = World::default();
    let mut sink = schema.sink_at(&proxy.contact, 3).await;
    let changes = generator.first();
    *silent.lock().unwrap() = true;
    let client = schema.client().await;
    let waiting = "SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' \
                   AND query LIKE 'RELEASE%' AND application_name = 'headcount-batch'";
    let given_up = async {
        // Its last statement before the commit, which does not arrive.
        while client.query(waiting, &[]).await.unwrap().is_empty() {}
    };
    tokio::select! {
        written = sink.write(&changes) => panic!("{written:?}"),
        () = given_up => {}
    }
    *silent.lock().unwrap() = false;
    sink.write(&changes).await.unwrap();
    world.apply(&changes);
    schema.assert_holds(&world, &mut sink).await;
}
