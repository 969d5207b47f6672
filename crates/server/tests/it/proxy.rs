//! Behind a proxy on the same machine that passes the name it was asked for on.

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

/// Asks as the proxy would for a client at this address.
async fn pass_on(connection: &mut Connection, path: &str, client: &str) -> Reply {
    connection
        .send(format!(
            "GET {path} HTTP/1.1\r\nhost: counts.example\r\nx-forwarded-for: 10.0.0.1, {client}\r\n\
             x-forwarded-proto: https\r\n\r\n"
        ))
        .await;
    connection.head().await
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
async fn its_clients_are_counted_one_by_one() {
    let options = named(Options {
        live_clients_per_address: 1,
        connections_per_address: 1,
        ..Options::default()
    });
    let world = World::with(options).await;
    let mut streams = Vec::new();
    // More than one connection of the proxy, and one stream for each of its clients.
    for (client, status) in [
        ("203.0.113.1", 200),
        ("203.0.113.2", 200),
        ("203.0.113.1", 429),
    ] {
        let mut connection = Connection::open(world.address).await;
        let head = pass_on(&mut connection, "/api/v1/live", client).await;
        assert_eq!(head.status, status, "{client}");
        streams.push(connection);
    }
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
