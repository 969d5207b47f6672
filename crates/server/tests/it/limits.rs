//! Each limit at its edge: what a client may send, and how long it may take.

use std::time::{Duration, Instant};

use headcount_server::Options;

use crate::{
    client::{Connection, ask, get},
    world::World,
};

const SOON: Duration = Duration::from_millis(150);

#[tokio::test]
async fn half_a_header_is_closed_and_so_is_silence() {
    let world = World::with(Options {
        header_read: SOON,
        ..Options::default()
    })
    .await;
    let mut kept = Connection::open(world.address).await;
    assert_eq!(kept.get("/healthz").await.status, 200);

    let started = Instant::now();
    let mut silent = Connection::open(world.address).await;
    let mut half = Connection::open(world.address).await;
    half.send("GET /healthz HTTP/1.1\r\nhost: local").await;
    assert!(silent.closed().await.is_empty());
    assert!(half.closed().await.is_empty());
    assert!(started.elapsed() >= SOON);
    assert_eq!(
        world
            .metric("headcount_connections_overdue_total{limit=\"header\"}")
            .await,
        2.0
    );

    // Between two requests there is more time than within one.
    assert_eq!(kept.get("/healthz").await.status, 200);
    kept.send("GET /healthz HTTP/1.1\r\nho").await;
    assert!(kept.closed().await.is_empty());
}

#[tokio::test]
async fn fifty_half_sent_requests_do_not_keep_others_out() {
    let options = Options {
        header_read: SOON,
        connections_per_address: 60,
        ..Options::default()
    };
    let world = World::with(options).await;
    let mut halves = Vec::new();
    for _ in 0..50 {
        let mut half = Connection::open(world.address).await;
        half.send("GET / HTTP/1.1\r\nx").await;
        halves.push(half);
    }
    assert_eq!(get(world.address, "/healthz").await.status, 200);
    for half in &mut halves {
        assert!(half.closed().await.is_empty());
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let world = World::with(Options {
        keep_alive: SOON,
        ..Options::default()
    })
    .await;
    let mut idle = Connection::open(world.address).await;
    assert_eq!(idle.get("/healthz").await.status, 200);
    let started = Instant::now();
    assert!(idle.closed().await.is_empty());
    assert!(started.elapsed() >= SOON / 2);
    assert_eq!(
        world
            .metric("headcount_connections_overdue_total{limit=\"idle\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn addresses_and_headers_have_a_length() {
    let world = World::new().await;
    let at = world.address;
    let path = |length: usize| format!("/{}", "x".repeat(length - 1));
    assert_eq!(get(at, &path(8_192)).await.status, 404);
    let long = get(at, &path(8_193)).await;
    assert_eq!(
        (long.status, long.error().contains("too long")),
        (414, true)
    );

    let fields = |count: usize| "x: y\r\n".repeat(count - 1); // and Host
    assert_eq!(ask(at, "GET", "/healthz", &fields(64)).await.status, 200);
    let many = ask(at, "GET", "/healthz", &fields(65)).await;
    assert_eq!(
        (many.status, many.error().contains("too many fields")),
        (431, true)
    );

    let bytes = |total: usize| format!("x: {}\r\n", "y".repeat(total - "hostlocalhostx".len()));
    assert_eq!(ask(at, "GET", "/healthz", &bytes(16_384)).await.status, 200);
    assert_eq!(ask(at, "GET", "/healthz", &bytes(16_385)).await.status, 431);
}

#[tokio::test]
async fn bodies_have_a_length() {
    let world = World::new().await;
    let mut connection = Connection::open(world.address).await;
    let body = "x".repeat(1024 * 1024);
    let request =
        |framing: &str| format!("POST /api/data HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n\r\n");

    connection
        .send(request("content-length: 1048576") + &body)
        .await;
    assert_eq!(
        connection.reply("POST").await.status,
        405,
        "within the limit: only the method is wrong"
    );
    connection
        .send(request("transfer-encoding: chunked") + "100000\r\n" + &body + "\r\n0\r\n\r\n")
        .await;
    assert_eq!(
        connection.reply("POST").await.status,
        405,
        "and the connection goes on"
    );

    connection.send(request("content-length: 1048577")).await;
    let declared = connection.reply("POST").await;
    assert_eq!(
        (declared.status, declared.header("connection")),
        (413, "close")
    );
    assert!(connection.closed().await.is_empty());

    let mut connection = Connection::open(world.address).await;
    connection
        .send(request("transfer-encoding: chunked") + "100001\r\n" + &body + "x\r\n")
        .await;
    assert_eq!(
        connection.reply("POST").await.status,
        413,
        "found out on the way"
    );

    for framing in [
        "content-length: 1\r\ncontent-length: 2",
        "transfer-encoding: chunked, identity",
    ] {
        let mut connection = Connection::open(world.address).await;
        connection.send(request(framing)).await;
        assert_eq!(connection.reply("POST").await.status, 400, "{framing}");
    }
}

#[tokio::test]
async fn bodies_have_to_come() {
    let idle = Options {
        body_idle: SOON,
        ..Options::default()
    };
    let total = Options {
        body_total: SOON,
        ..Options::default()
    };
    for options in [idle, total] {
        let world = World::with(options).await;
        for framing in [
            "content-length: 100\r\n\r\n1",
            "transfer-encoding: chunked\r\n\r\n1\r\n",
        ] {
            let mut connection = Connection::open(world.address).await;
            connection
                .send(format!(
                    "GET /healthz HTTP/1.1\r\nhost: localhost\r\n{framing}"
                ))
                .await;
            let reply = connection.reply("GET").await;
            assert_eq!(
                (reply.status, reply.header("connection")),
                (408, "close"),
                "{framing}"
            );
            assert!(connection.closed().await.is_empty());
        }
    }
    // "100-continue" and then silence: asked for the body once, and closed.
    let world = World::with(Options {
        body_idle: SOON,
        ..Options::default()
    })
    .await;
    let mut connection = Connection::open(world.address).await;
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n";
    connection
        .send(format!("{request}expect: 100-continue\r\n\r\n"))
        .await;
    assert_eq!(connection.head().await.status, 100);
    assert_eq!(connection.reply("GET").await.status, 408);
    assert!(connection.closed().await.is_empty());
}

#[tokio::test]
async fn connections_are_counted_and_given_back() {
    let world = World::with(Options {
        connections: 3,
        ..Options::default()
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::open(world.address).await;
        assert_eq!(connection.get("/healthz").await.status, 200);
        open.push(connection);
    }
    let mut extra = Connection::open(world.address).await;
    let reply = extra.reply("GET").await;
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (503, "too many connections are open")
    );
    assert!(extra.closed().await.is_empty());

    open.pop();
    let again = async {
        loop {
            let mut connection = Connection::open(world.address).await;
            connection
                .send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
                .await;
            if connection.reply("GET").await.status == 200 {
                return;
            }
        }
    };
    crate::client::within(again).await;
    let refused = open[0].get("/metrics").await;
    assert!(
        refused
            .text()
            .contains("headcount_connections_refused_total{limit=\"total\"}")
    );
}

#[tokio::test]
async fn a_thousand_requests_may_be_sent_at_once() {
    let world = World::new().await;
    let mut connection = Connection::open(world.address).await;
    connection
        .send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1_000))
        .await;
    for _ in 0..1_000 {
        assert_eq!(connection.reply("GET").await.status, 200);
    }
}
