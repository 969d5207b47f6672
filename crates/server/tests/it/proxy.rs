//! Behind a proxy that passes requests on: the name it is asked for, and the clients behind it.

use headcount_server::Options;

use crate::{
    client::{Connection, Reply, ask},
    world::World,
};

fn named(options: Options) -> Options {
    Options {
        hosts: vec!["counts.example".parse().unwrap()],
        ..options
    }
}

fn trusting(proxies: &[&str], options: Options) -> Options {
    Options {
        trusted_proxies: proxies.iter().map(|proxy| proxy.parse().unwrap()).collect(),
        ..options
    }
}

/// One stream and one connection for each address.
fn one_each() -> Options {
    Options {
        live_clients_per_address: 1,
        connections_per_address: 1,
        ..Options::default()
    }
}

/// Opens a stream with these header lines; the connection stays open.
async fn stream(world: &World, host: &str, more: &str) -> (Connection, Reply) {
    let mut connection = Connection::open(world.address).await;
    connection
        .send(format!(
            "GET /api/v1/live HTTP/1.1\r\nhost: {host}\r\n{more}\r\n"
        ))
        .await;
    let mut reply = connection.head().await;
    if reply.status != 200 {
        let length = reply.header("content-length").parse().unwrap();
        reply.body = connection.take(length).await;
    }
    (connection, reply)
}

/// Opens streams one after another, all kept open, and expects these statuses.
async fn streams(world: &World, wanted: &[(&str, u16)]) {
    let mut open = Vec::new();
    for (more, status) in wanted {
        let (connection, reply) = stream(world, "localhost", more).await;
        assert_eq!(reply.status, *status, "{more}");
        open.push(connection);
    }
}

#[tokio::test]
async fn a_refused_name_is_told_with_its_remedy() {
    let world = World::new().await;
    let mut connection = Connection::open(world.address).await;
    connection
        .send("GET / HTTP/1.1\r\nhost: Counts.Example:443\r\n\r\n")
        .await;
    let refused = connection.reply("GET").await;
    assert_eq!(refused.status, 421);
    for remedy in ["--host Counts.Example ", "HEADCOUNT_HOST=Counts.Example"] {
        assert!(refused.error().contains(remedy), "{}", refused.error());
    }
    let world = World::with(named(Options::default())).await;
    let mut connection = Connection::open(world.address).await;
    for (host, status) in [("Counts.Example:443", 200), ("evil.example", 421)] {
        connection
            .send(format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n"))
            .await;
        assert_eq!(connection.reply("GET").await.status, status, "{host}");
    }
}

#[tokio::test]
async fn clients_of_a_proxy_are_counted_one_by_one() {
    let world = World::with(named(one_each())).await;
    // More than one connection of the proxy, and one stream for each of its clients.
    streams(
        &world,
        &[
            ("x-forwarded-for: 10.0.0.1, 203.0.113.1\r\n", 200),
            ("x-forwarded-for: 10.0.0.1, 203.0.113.2\r\n", 200),
            ("x-forwarded-for: 10.0.0.2, 203.0.113.1:4711\r\n", 429),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_headers_of_trusted_proxies_are_read_in_every_form() {
    let world = World::with(trusting(&["127.0.0.1", "10.0.0.0/8"], one_each())).await;
    streams(
        &world,
        &[
            ("forwarded: for=\"[2001:db8::1]:80\";proto=https\r\n", 200),
            // The same network of 64 bits, named by a second proxy, and over two lines.
            ("forwarded: for=\"[2001:db8::2]\", for=10.0.0.9\r\n", 429),
            (
                "forwarded: for=\"[2001:db8::2]\"\r\nforwarded: for=10.0.0.9\r\n",
                429,
            ),
            ("forwarded: for=\"[2001:db8:0:1::1]\"\r\n", 200),
            ("x-forwarded-for: 203.0.113.1, 10.1.1.1\r\n", 200),
            (
                "x-forwarded-for: 203.0.113.1\r\nx-forwarded-for: 10.1.1.1\r\n",
                429,
            ),
            // What the client adds in front changes nothing, nor does the other header.
            ("x-forwarded-for: 1.1.1.1, 203.0.113.1\r\n", 429),
            (
                "forwarded: for=1.1.1.1\r\nx-forwarded-for: 203.0.113.1\r\n",
                429,
            ),
            // Whoever sends nonsense gets a share of the proxy's own address.
            ("x-forwarded-for: nonsense\r\n", 200),
            ("forwarded: for=\"1.1.1.1, for=203.0.113.9\r\n", 429),
            // A proxy that does not name its clients has as many as there is room for.
            ("", 200),
            ("", 200),
            ("x-forwarded-for: unknown\r\n", 200),
            ("forwarded: for=_hidden\r\n", 200),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_client_that_is_no_proxy_cannot_choose_its_address() {
    for options in [one_each(), trusting(&["10.0.0.0/8"], one_each())] {
        let options = Options {
            connections_per_address: 9,
            ..options
        };
        let world = World::with(options).await;
        streams(
            &world,
            &[
                ("", 200),
                ("x-forwarded-for: 203.0.113.1\r\n", 429),
                ("forwarded: for=203.0.113.1\r\n", 429),
                ("x-real-ip: 203.0.113.1\r\n", 429),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn a_refused_stream_says_why_when_to_come_back_and_what_to_do() {
    let options = Options {
        connections_per_address: 9,
        ..one_each()
    };
    let world = World::with(options).await;
    let (open, _) = stream(&world, "localhost", "").await;
    let (_, refused) = stream(&world, "localhost", "").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "5"));
    assert_eq!(refused.json()["limit"], "address");
    assert!(refused.error().contains("(1 at most): close another one"));
    assert!(!refused.error().contains("proxy"), "{}", refused.error());
    let (_, refused) = stream(&world, "localhost", "x-forwarded-for: 203.0.113.1\r\n").await;
    let remedy = "--trusted-proxy 127.0.0.1";
    assert!(refused.error().contains(remedy), "{}", refused.error());
    drop(open);

    let world = World::with(Options {
        live_clients: 1,
        ..Options::default()
    })
    .await;
    let (_open, _) = stream(&world, "localhost", "").await;
    let (_, refused) = stream(&world, "localhost", "").await;
    assert_eq!(refused.json()["limit"], "total");
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
    assert!(
        refused.error().contains("(1 at most)"),
        "{}",
        refused.error()
    );
}

#[tokio::test]
async fn a_path_of_the_proxy_is_named_as_the_reason() {
    let world = World::new().await;
    let more = "x-forwarded-for: 203.0.113.1\r\n";
    let passed_on = ask(world.address, "GET", "/counts/", more).await;
    assert_eq!(passed_on.status, 404);
    assert!(passed_on.error().contains("take that path away"));
    let direct = ask(world.address, "GET", "/counts/", "").await;
    assert_eq!(direct.error(), "there is nothing at /counts/");
}
