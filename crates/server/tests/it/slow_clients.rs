//! Clients that do not read: they miss ticks, get a snapshot, or are dropped; nobody else notices.

use std::time::Duration;

use headcount_server::Options;

use crate::{
    client::{Connection, Events, LIMIT, within},
    world::World,
};

/// Ticks of some 50 kB each, as fast as they are made.
fn torrent() -> Options {
    let ms = Duration::from_millis;
    let write_stall = LIMIT * 2;
    Options {
        tick: ms(1),
        lists: ms(1),
        dots: ms(1),
        ping: ms(200),
        write_stall,
        ..Options::default()
    }
}

/// Commits until the room has made so many more ticks; the fast client reads them all meanwhile.
async fn flood(world: &World, fast: &mut Events, ticks: usize) {
    for _ in 0..ticks {
        world.count("us", 1);
        fast.next_named("tick").await;
    }
}

#[tokio::test]
async fn one_that_lags_gets_a_snapshot_instead_of_what_it_missed() {
    let world = World::with(torrent()).await;
    world.change(|figures| figures.dots = 1_500);
    let narrow = Connection::open_narrow(world.address).await;
    let mut slow = Events::over(narrow, "/api/v1/live").await;
    let first = slow.next_named("snapshot").await;
    let mut fast = Events::open(world.address, "/api/v1/live").await;
    fast.next_named("snapshot").await;

    flood(&world, &mut fast, 120).await;
    assert_eq!(
        world.metric("headcount_live_lagged_total").await,
        0.0,
        "it has not looked yet"
    );

    let again = slow.next_named("snapshot").await;
    assert!(again.id > first.id + 32, "{} after {}", again.id, first.id);
    assert_eq!(again.data["totals"]["rsvps"], 120, "and it is of now");
    assert_eq!(world.metric("headcount_live_lagged_total").await, 1.0);

    world.count("us", 1);
    let next = slow.next_named("tick").await;
    assert_eq!(
        (next.id, next.data["totals"]["rsvps"].as_u64()),
        (again.id + 1, Some(121))
    );
}

#[tokio::test]
async fn one_that_never_reads_is_dropped() {
    let world = World::with(Options {
        write_stall: Duration::from_millis(300),
        ..torrent()
    })
    .await;
    world.change(|figures| figures.dots = 1_500);
    let narrow = Connection::open_narrow(world.address).await;
    let mut stuck = Events::over(narrow, "/api/v1/live").await;
    stuck.next_named("snapshot").await;
    let mut fast = Events::open(world.address, "/api/v1/live").await;
    fast.next_named("snapshot").await;

    let dropped = async {
        while world
            .metric("headcount_connections_overdue_total{limit=\"unread\"}")
            .await
            < 1.0
        {
            flood(&world, &mut fast, 5).await;
        }
    };
    within(dropped).await;
    assert_eq!(
        world.metric("headcount_live_clients").await,
        1.0,
        "and its place is free"
    );
    flood(&world, &mut fast, 5).await;
}

/// The same for an answer that is not a stream.
#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up() {
    let world = World::with(Options {
        write_stall: Duration::from_millis(300),
        ..torrent()
    })
    .await;
    world.change(|figures| {
        figures.venues = (0..60_000)
            .map(|n| crate::world::venue(&format!("{n}"), 1))
            .collect();
    });
    let mut stuck = Connection::open_narrow(world.address).await;
    stuck
        .send("GET /api/data HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    let given_up = async {
        while world
            .metric("headcount_connections_overdue_total{limit=\"unread\"}")
            .await
            < 1.0
        {}
    };
    within(given_up).await;
}
