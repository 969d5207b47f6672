//! The server is killed at any moment, also while it recovers, and its sessions are ended.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use headcount_test_servers::Postgres;
use tokio::sync::mpsc;

use crate::{
    generator::Generator,
    proxy::{Fate, Proxy},
    server::Schema,
    world::World,
};

const KILLS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_holds_every_row_once() {
    let server = Arc::new(Postgres::start());
    let schema = Schema::on(&server);
    // Moments are counted in bytes that were sent, so that they fall into statements and commits alike.
    let left = Arc::new(AtomicU64::new(u64::MAX));
    let (passed, mut is_time) = mpsc::channel(1);
    let proxy = Proxy::start(schema.contact.clone(), {
        let left = left.clone();
        move |sent| {
            let before = left.load(Ordering::SeqCst);
            let after = before.saturating_sub(sent.len() as u64);
            left.store(after, Ordering::SeqCst);
            if before > 0 && after == 0 {
                // The one who kills may be at it.
                let _ = passed.try_send(());
            }
            Fate::Pass
        }
    })
    .await;
    let mut sink = schema.sink_at(&proxy.contact, 3).await;
    let mut killer = tokio::spawn({
        let (server, left) = (server.clone(), left.clone());
        let mut random = fastrand::Rng::with_seed(14);
        async move {
            for _ in 0..KILLS {
                left.store(random.u64(1..300_000), Ordering::SeqCst);
                is_time.recv().await.unwrap();
                let server = server.clone();
                let restart = move || {
                    server.kill();
                    server.restart();
                };
                tokio::task::spawn_blocking(restart).await.unwrap();
            }
        }
    });
    let mut generator = Generator::new(15, &[], 60);
    let mut world = World::default();
    let mut changes = generator.first();
    let mut writes = 0;
    let mut is_over = false;
    while !is_over || writes < 10 {
        tokio::select! {
            // The write in hand is given up, and begun again.
            killed = &mut killer, if !is_over => {
                killed.unwrap();
                is_over = true;
            }
            written = sink.write(&changes) => {
                written.unwrap();
                world.apply(&changes);
                changes = generator.next();
                writes += 1;
            }
        }
    }
    assert_eq!(sink.progress(), changes.from);
    schema.assert_holds(&world, &mut sink).await;
    let mut anew = schema.sink(3).await;
    assert_eq!(anew.progress(), changes.from);
    schema.assert_holds(&world, &mut anew).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_an_administrator_ends_are_begun_again() {
    let server = Postgres::start();
    let schema = Schema::on(&server);
    let mut sink = schema.sink(3).await;
    let client = schema.client().await;
    let mut ender = tokio::spawn(async move {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'headcount-batch'";
        let mut ended = 0;
        while ended < 100 {
            ended += client.query(end, &[]).await.unwrap().len();
        }
    });
    let mut generator = Generator::new(16, &[], 60);
    let mut world = World::default();
    let mut changes = generator.first();
    let mut is_over = false;
    while !is_over {
        tokio::select! {
            ended = &mut ender => {
                ended.unwrap();
                is_over = true;
            }
            written = sink.write(&changes) => {
                written.unwrap();
                world.apply(&changes);
                changes = generator.next();
            }
        }
    }
    sink.write(&changes).await.unwrap();
    world.apply(&changes);
    schema.assert_holds(&world, &mut sink).await;
}
