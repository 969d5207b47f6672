//! Rows of all kinds are in the tables as they were given, however often they are given.

use headcount_batch::model::{LakeTable, TableRows};
use proptest::{collection::vec, prelude::*};
use tokio::runtime::Runtime;

use crate::{generator::Generator, server::Schema, world::World};

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_last_row_of_each_key_is_in_the_table(
        texts in vec(any::<String>(), 1..20),
        seed in any::<u64>(),
        again in vec(any::<bool>(), 6),
    ) {
        Runtime::new().unwrap().block_on(load(&texts, seed, &again));
    }
}

async fn load(texts: &[String], seed: u64, again: &[bool]) {
    let schema = Schema::new();
    let mut generator = Generator::new(seed, texts, 30);
    let mut world = World::default();
    let mut sink = schema.sink(generator.partitions()).await;
    let mut changes = generator.first();
    for &again in again {
        sink.write(&changes).await.unwrap();
        world.apply(&changes);
        if again {
            // The answer is lost with the process: the next one sends the same, which is there.
            sink = schema.sink(generator.partitions()).await;
            assert_eq!(sink.progress(), changes.to);
            let written = sink.write(&changes).await.unwrap();
            assert_eq!((written.rows, written.deleted), (0, 0));
        }
        changes = generator.next();
    }
    assert_eq!(sink.refused(), 0);
    schema.assert_holds(&world, &mut sink).await;
}

#[tokio::test]
async fn rows_that_are_there_are_not_touched() {
    let schema = Schema::new();
    let mut generator = Generator::new(7, &[], 50);
    let mut sink = schema.sink(generator.partitions()).await;
    let first = generator.first();
    let total: usize = LakeTable::ALL
        .iter()
        .map(|&table| first.rows.count(table))
        .sum();
    assert_eq!(sink.write(&first).await.unwrap().rows, total as u64);
    let client = schema.client().await;
    let places = "SELECT array_agg(ctid::text || xmin::text ORDER BY ctid)::text FROM events";
    let before: String = client.query_one(places, &[]).await.unwrap().get(0);
    // The same rows under later offsets: a follower that began a little earlier.
    let again = generator.changes(first.rows.clone(), Vec::new());
    assert_eq!(sink.write(&again).await.unwrap().rows, 0);
    let after: String = client.query_one(places, &[]).await.unwrap().get(0);
    assert_eq!(before, after);
    assert_eq!(sink.progress(), again.to);
}

#[tokio::test]
async fn a_row_is_replaced_as_a_whole() {
    let schema = Schema::new();
    let mut generator = Generator::new(8, &[], 20);
    let mut world = World::default();
    let mut sink = schema.sink(generator.partitions()).await;
    let mut changes = generator.first();
    sink.write(&changes).await.unwrap();
    world.apply(&changes);
    // What was there is null, and zero is minus zero.
    for venue in &mut changes.rows.venues {
        (venue.name, venue.address, venue.city) = (None, None, None);
        (venue.lat, venue.lon) = (Some(0.0), Some(-0.0));
    }
    for sign in [1.0, -1.0] {
        for venue in &mut changes.rows.venues {
            venue.lat = venue.lat.map(|lat| lat * sign);
        }
        let venues = changes.rows.venues.clone();
        let next = generator.changes(
            TableRows {
                venues,
                ..TableRows::default()
            },
            Vec::new(),
        );
        assert_eq!(sink.write(&next).await.unwrap().rows, 20);
        world.apply(&next);
        schema.assert_holds(&world, &mut sink).await;
    }
}

#[tokio::test]
async fn many_rows_go_in_pieces() {
    let schema = Schema::new();
    let mut generator = Generator::new(9, &[], 20_000);
    let mut world = World::default();
    let mut sink = schema.sink(generator.partitions()).await;
    for changes in [generator.first(), generator.next()] {
        sink.write(&changes).await.unwrap();
        world.apply(&changes);
    }
    assert_eq!(sink.verify(&world.digests()).await.unwrap(), []);
}

#[tokio::test]
async fn a_difference_is_found_and_named() {
    let schema = Schema::new();
    let mut generator = Generator::new(10, &[], 20);
    let mut world = World::default();
    let mut sink = schema.sink(generator.partitions()).await;
    let changes = generator.first();
    sink.write(&changes).await.unwrap();
    world.apply(&changes);
    let client = schema.client().await;
    for (change, table) in [
        (
            "UPDATE groups SET mtime = mtime + interval '1 microsecond' WHERE group_id = 3",
            LakeTable::Groups,
        ),
        (
            "UPDATE venues SET lat = coalesce(lat, 0) + 1e-9 WHERE venue_id = -3",
            LakeTable::Venues,
        ),
        (
            "UPDATE members SET name = coalesce(name, '') || ' ' WHERE member_id = 3",
            LakeTable::Members,
        ),
        (
            "DELETE FROM photos WHERE photo_id = E'photo\\t3'",
            LakeTable::Photos,
        ),
        (
            "UPDATE comments SET status = CASE WHEN status IS NULL THEN '-' END WHERE comment_id = 'comment\\3'",
            LakeTable::Comments,
        ),
    ] {
        client.batch_execute("BEGIN").await.unwrap();
        assert_eq!(client.execute(change, &[]).await.unwrap(), 1, "{change}");
        client.batch_execute("COMMIT").await.unwrap();
        let differences = sink.verify(&world.digests()).await.unwrap();
        assert!(
            differences.iter().any(|found| found.table == table),
            "{change}"
        );
    }
    assert_eq!(sink.verify(&world.digests()).await.unwrap().len(), 5);
    // What follows from the tables is the caller's: it writes the rows again.
    let again = generator.changes(changes.rows, Vec::new());
    assert_eq!(sink.write(&again).await.unwrap().rows, 5);
    schema.assert_holds(&world, &mut sink).await;
}
