//! The same headers on every answer, whoever made it.

use headcount_query::Readiness;
use headcount_server::Options;

use crate::{
    client::{Connection, Events, Reply, ask, get},
    world::{World, venue},
};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'";

fn check(what: &str, reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{what}: {reply:?}");
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("server", ""),
        ("access-control-allow-origin", ""),
    ] {
        assert_eq!(reply.header(name), value, "{what}: {name}");
    }
    assert_eq!(reply.header("cache-control"), "no-cache", "{what}");
}

#[tokio::test]
async fn on_every_answer() {
    let world = World::new().await;
    world.change(|figures| figures.venues = vec![venue("a", 1)]);
    let at = world.address;
    for path in [
        "/",
        "/clusters",
        "/events/238486635",
        "/explore",
        "/models",
        "/query",
        "/status",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/data",
        "/api/top_venues",
        "/api/v1/summary",
    ] {
        check(path, &get(at, path).await, 200);
        check(path, &ask(at, "HEAD", path, "").await, 200);
        check(path, &ask(at, "POST", path, "").await, 405);
        check(path, &ask(at, "OPTIONS", path, "").await, 405);
    }
    check("stream", &Events::open(at, "/api/v1/live").await.head, 200);
    check("stream", &ask(at, "HEAD", "/api/v1/live", "").await, 200);
    check("unknown", &get(at, "/nothing").await, 404);
    check("unknown", &ask(at, "DELETE", "/nothing", "").await, 404);
    check("asset", &get(at, "/assets/nothing-12345678.js").await, 404);
    check("parameter", &get(at, "/api/v1/live?country=%ZZ").await, 400);
    check(
        "foreign page",
        &ask(at, "GET", "/api/v1/live", "sec-fetch-site: cross-site\r\n").await,
        403,
    );
    check(
        "long",
        &get(at, &format!("/{}", "x".repeat(9_000))).await,
        414,
    );
    check(
        "proxy",
        &ask(at, "CONNECT", "example.com:443", "").await,
        405,
    );
    let tag = get(at, "/api/data").await.header("etag").to_owned();
    check(
        "known",
        &ask(at, "GET", "/api/data", &format!("if-none-match: {tag}\r\n")).await,
        304,
    );
    world
        .ready
        .send_replace(Readiness::Failed("the journal is damaged".into()));
    for path in [
        "/readyz",
        "/api/data",
        "/api/top_venues",
        "/api/v1/summary",
        "/api/v1/live",
    ] {
        check(path, &get(at, path).await, 503);
    }
}

/// hyper answers these by itself, before there is a request.
#[tokio::test]
async fn on_answers_to_what_is_no_request() {
    let world = World::new().await;
    for (what, bytes, status) in [
        ("noise", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned(), 400),
        ("no version", "GET /\r\n\r\n".to_owned(), 400),
        (
            "bad name",
            "GET / HTTP/1.1\r\nho st: localhost\r\n\r\n".to_owned(),
            400,
        ),
        (
            "folded",
            "GET / HTTP/1.1\r\nhost: localhost\r\nx: a\r\n b\r\n\r\n".to_owned(),
            400,
        ),
        (
            "long field",
            format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(40_000)),
            431,
        ),
        (
            "many fields",
            format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200)),
            431,
        ),
        (
            "long address",
            format!("GET /{} HTTP/1.1\r\n", "y".repeat(70_000)),
            431,
        ),
    ] {
        let mut connection = Connection::open(world.address).await;
        connection.send(bytes).await;
        let reply = connection.reply("GET").await;
        check(what, &reply, status);
        assert_eq!(reply.header("connection"), "close", "{what}");
        assert!(!reply.error().is_empty());
        assert!(connection.closed().await.is_empty(), "{what}: once");
    }
}

/// The same, after a good request on the same connection, and sent together with it.
#[tokio::test]
async fn on_an_answer_to_noise_after_a_request() {
    let world = World::new().await;
    let mut connection = Connection::open(world.address).await;
    assert_eq!(connection.get("/healthz").await.status, 200);
    connection.send("noise\r\n\r\n").await;
    check("after", &connection.reply("GET").await, 400);

    let mut connection = Connection::open(world.address).await;
    connection
        .send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nnoise\r\n\r\n")
        .await;
    check("first", &connection.reply("GET").await, 200);
    check("together", &connection.reply("GET").await, 400);
}

#[tokio::test]
async fn on_a_connection_that_is_one_too_many() {
    let world = World::with(Options {
        connections_per_address: 1,
        ..Options::default()
    })
    .await;
    let mut first = Connection::open(world.address).await;
    assert_eq!(first.get("/healthz").await.status, 200);
    let mut second = Connection::open(world.address).await;
    let reply = second.reply("GET").await;
    check("second", &reply, 503);
    assert!(reply.error().contains("from this address"));
}
