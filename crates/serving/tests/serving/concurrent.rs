//! Owners, and those that they have replaced, writing to a real server at the same time.

use std::sync::Arc;

use headcount_engine::Table;
use headcount_serving::{Serving, ServingIdentity};
use tokio::task::JoinSet;

use crate::{
    cassandra::fresh,
    world::{Dice, Totals, World},
};

const PARTITIONS: u16 = 3;
const END: u64 = 120;
const ROUNDS: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn the_final_totals_are_right_with_stale_writers() {
    for seed in 0..ROUNDS {
        let world = Arc::new(World {
            seed,
            partitions: PARTITIONS,
        });
        let address = fresh();
        let identity = ServingIdentity {
            journal: seed,
            partitions: PARTITIONS,
        };
        let mut owners = JoinSet::new();
        let mut stale = JoinSet::new();
        for partition in 0..PARTITIONS {
            // Those replaced have served all before, and repeat themselves as long as the owners write.
            for number in 0..2 {
                let serving = Serving::open(&address, identity).await.unwrap();
                stale.spawn(repeat(world.clone(), serving, partition, seed + number));
            }
            let serving = Serving::open(&address, identity).await.unwrap();
            owners.spawn(own(world.clone(), serving, partition, seed));
        }
        while let Some(owner) = owners.join_next().await {
            owner.unwrap();
        }
        stale.shutdown().await;
        let serving = Serving::open_to_read(&address).await.unwrap();
        assert_eq!(seen(&serving).await, world.totals(END), "seed {seed}");
        for partition in 0..PARTITIONS {
            let rows = serving.rows(partition, Table::Events, 0).await.unwrap();
            assert_eq!(rows, world.rows(partition, END));
        }
    }
}

async fn own(world: Arc<World>, serving: Serving, partition: u16, seed: u64) {
    let mut dice = Dice(seed + u64::from(partition));
    let (mut told, mut at) = (None, 0);
    loop {
        let changes = world.changes(partition, told, at);
        serving.write(partition, &changes).await.unwrap();
        if at == END {
            return;
        }
        told = Some(at);
        at = END.min(at + 1 + dice.below(8));
    }
}

/// For ever, and cut off anywhere.
async fn repeat(world: Arc<World>, serving: Serving, partition: u16, seed: u64) {
    let mut dice = Dice(seed);
    loop {
        let from = dice.below(END / 2);
        let to = from + 1 + dice.below(END / 2);
        for changes in [
            world.changes(partition, None, from),
            world.changes(partition, Some(from), to),
        ] {
            serving.write(partition, &changes).await.unwrap();
        }
    }
}

async fn seen(serving: &Serving) -> Totals {
    let mut totals = Totals::default();
    for row in serving.country_statistics().await.unwrap() {
        if row.yes + row.no > 0 {
            let sum = (row.yes, row.no, row.heads);
            totals.countries.insert(row.event_country, sum);
        }
    }
    for row in serving.response_statistics().await.unwrap() {
        match row.response.as_str() {
            "yes" => totals.yes = row.total_rsvps,
            "no" => totals.no = row.total_rsvps,
            other => panic!("no schema has the answer {other}"),
        }
    }
    for row in serving.venue_statistics().await.unwrap() {
        let key = (row.venue_name, row.venue_id);
        assert_eq!(totals.venues.insert(key, row.count), None);
    }
    for name in World::names() {
        for row in serving.event_statistics(&name).await.unwrap() {
            let key = (row.event_name, row.event_id);
            let sum = totals.events.entry(key).or_default();
            match row.response.as_str() {
                "yes" => sum.0 = row.total_rsvps,
                _ => sum.1 = row.total_rsvps,
            }
        }
    }
    totals
}
