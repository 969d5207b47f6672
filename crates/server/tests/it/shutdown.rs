//! The way out: open requests are answered, streams end, and nobody can hold the server up.

use std::time::{Duration, Instant};

use headcount_server::Options;

use crate::{
    client::{Connection, Events, within},
    world::{World, venue},
};

/// The server says "100 Continue" as soon as it reads on.
const HALF_A_BODY: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\
    expect: 100-continue\r\n\r\n";

#[tokio::test]
async fn streams_end_and_half_open_clients_are_left() {
    let mut world = World::new().await;
    let at = world.address;
    let mut streams = Vec::new();
    for country in ["", "us", "gb"] {
        let mut events = Events::open(at, &format!("/api/v1/live?country={country}")).await;
        events.next_named("snapshot").await;
        streams.push(events);
    }
    let mut idle = Connection::open(at).await;
    assert_eq!(idle.get("/healthz").await.status, 200);
    let mut silent = Connection::open(at).await;
    let mut half = Connection::open(at).await;
    half.send("GET /healthz HTTP/1.1\r\nhost: lo").await;
    let mut body = Connection::open(at).await;
    body.send(HALF_A_BODY).await;
    assert_eq!(body.head().await.status, 100, "it is being read");

    let started = Instant::now();
    world.stop();
    for events in &mut streams {
        let end = async { while events.next().await.is_some() {} };
        within(end).await;
    }
    assert!(idle.closed().await.is_empty());
    assert!(silent.closed().await.is_empty());
    assert!(half.closed().await.is_empty());
    body.send("123456789").await;
    assert_eq!(
        body.reply("GET").await.status,
        200,
        "what was being asked is answered"
    );
    world.ended().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(
        tokio::net::TcpStream::connect(at).await.is_err(),
        "nobody is let in any more"
    );
}

#[tokio::test]
async fn an_answer_in_the_making_is_waited_for() {
    let mut world = World::new().await;
    world.change(|figures| figures.venues = vec![venue("a", 1)]);
    world.open.send_replace(false);
    let mut connection = Connection::open(world.address).await;
    connection
        .send("GET /api/data HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    within(world.asked()).await;
    world.stop();
    // The answer must be made after the server has heard of the stop: it then takes nobody in.
    within(async {
        while tokio::net::TcpStream::connect(world.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.open.send_replace(true);
    let reply = connection.reply("GET").await;
    assert_eq!((reply.status, reply.header("connection")), (200, "close"));
    world.ended().await;
}

#[tokio::test]
async fn but_not_for_ever() {
    let options = Options {
        shutdown: Duration::from_millis(200),
        ..Options::default()
    };
    let mut world = World::with(options).await;
    world.change(|figures| figures.venues = vec![venue("a", 1)]);
    world.open.send_replace(false);
    let mut connection = Connection::open(world.address).await;
    connection.send(HALF_A_BODY).await;
    assert_eq!(connection.head().await.status, 100, "it is being read");
    world.stop();
    assert!(connection.closed().await.is_empty());
    world.ended().await;
}
