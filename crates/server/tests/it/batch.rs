//! What the batch worker answers, passed on: a stand-in for the worker says what a test tells it to.

use std::time::Duration;

use headcount_query::BatchWorkerStatus;
use headcount_server::Options;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

use crate::{
    client::{Connection, Reply, ask, get, within},
    world::World,
};

const SOON: Duration = Duration::from_millis(150);
const JSON: &str = "content-type: application/json\r\n";

/// A worker that a test speaks for.
struct StandIn {
    listener: UnixListener,
    folder: TempDir,
}

/// A request as the worker sees it.
struct Asked {
    head: String,
    body: String,
    stream: UnixStream,
}

impl StandIn {
    fn listen(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("worker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        world
            .batch
            .send_replace(BatchWorkerStatus::Listening(socket));
        Self { listener, folder }
    }

    async fn next(&self) -> Asked {
        let (mut stream, _) = within(self.listener.accept()).await.unwrap();
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8(bytes.clone()).unwrap();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    let (head, body) = (head.to_owned(), body.to_owned());
                    return Asked { head, body, stream };
                }
            }
            assert!(within(stream.read_buf(&mut bytes)).await.unwrap() > 0);
        }
    }
}

impl Asked {
    async fn say(&mut self, text: &str) {
        within(self.stream.write_all(text.as_bytes()))
            .await
            .unwrap();
    }

    async fn answer(mut self, body: &str) {
        let length = body.len();
        self.say(&format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
    }

    /// Waits until nobody wants the answer any more.
    async fn abandoned(mut self) {
        let mut rest = Vec::new();
        // A connection that is cut may be reset.
        let _ = within(self.stream.read_to_end(&mut rest)).await;
        assert!(rest.is_empty());
    }
}

fn post(more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /api/v1/sql HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{more}\r\n{body}"
    )
}

/// The members of a problem of these paths.
#[track_caller]
fn problem(reply: &Reply) -> (String, String, String) {
    assert_eq!(
        reply.header("content-type"),
        "application/problem+json",
        "{}",
        reply.text()
    );
    let body = reply.json();
    let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (member("title"), member("detail"), member("remedy"))
}

#[tokio::test]
async fn what_the_worker_needs_goes_and_what_the_client_needs_comes_back() {
    let world = World::new().await;
    let worker = StandIn::listen(&world);
    let mut client = Connection::open(world.address).await;
    let more = "content-type: application/json; charset=utf-8\r\naccept: text/csv\r\n\
        cookie: secret\r\nauthorization: secret\r\nx-forwarded-for: 10.0.0.1\r\nif-none-match: *\r\n\
        origin: http://localhost\r\n";
    client.send(post(more, "{\"sql\":\"SELECT 1\"}")).await;
    let mut asked = worker.next().await;
    let mut lines: Vec<_> = asked.head.lines().collect();
    assert_eq!(lines.remove(0), "POST /api/v1/sql HTTP/1.1");
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "accept: text/csv",
            "content-length: 18",
            "content-type: application/json; charset=utf-8",
            "host: localhost"
        ]
    );
    assert_eq!(asked.body, "{\"sql\":\"SELECT 1\"}");
    asked
        .say(
            "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-disposition: attachment\r\n\
             set-cookie: a=b\r\nserver: worker\r\ncontent-security-policy: none\r\n\
             access-control-allow-origin: *\r\ncontent-length: 2\r\n\r\n1\n",
        )
        .await;
    let reply = client.reply("POST").await;
    assert_eq!((reply.status, reply.text()), (200, "1\n"));
    for (name, value) in [
        ("content-type", "text/csv"),
        ("content-disposition", "attachment"),
        ("set-cookie", ""),
        ("server", ""),
        ("access-control-allow-origin", ""),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-cache"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert!(
        reply
            .header("content-security-policy")
            .starts_with("default-src 'none'; script-src 'self'")
    );
}

#[tokio::test]
async fn each_path_goes_on_as_it_came() {
    let world = World::new().await;
    let worker = StandIn::listen(&world);
    for path in [
        "/api/v1/sql/schema",
        "/api/v1/boards/boards_categories?country=us&category=a%26b&from=2017-01-01",
        "/api/v1/boards/..%2f..%2fsecret",
        "/report?city=New%20York",
        "/api/v1/batch",
    ] {
        for method in ["GET", "HEAD"] {
            let mut client = Connection::open(world.address).await;
            client
                .send(format!(
                    "{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"
                ))
                .await;
            let asked = worker.next().await;
            let line = asked.head.lines().next().unwrap();
            assert_eq!(line, format!("{method} {path} HTTP/1.1"));
            let body = if method == "GET" { "{}" } else { "" };
            asked.answer(body).await;
            assert_eq!(client.reply(method).await.status, 200);
        }
    }
    // Whatever the worker says of a statement is for whoever sent it.
    let mut client = Connection::open(world.address).await;
    client.send(post(JSON, "{}")).await;
    let refused = "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\n\
        retry-after: 3\r\ncontent-length: 2\r\n\r\n{}";
    worker.next().await.say(refused).await;
    let reply = client.reply("POST").await;
    assert_eq!((reply.status, reply.header("retry-after")), (408, "3"));
}

#[tokio::test]
async fn the_report_may_have_its_styles_in_itself_and_no_script() {
    let world = World::new().await;
    let worker = StandIn::listen(&world);
    let mut client = Connection::open(world.address).await;
    client
        .send("GET /report HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    worker.next().await.answer("<!doctype html>").await;
    let reply = client.reply("GET").await;
    let policy = reply.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"));
    assert!(!policy.contains("script-src"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_browser_gets_our_page_while_there_is_no_report_and_a_program_the_problem() {
    let world = World::new().await;
    let at = world.address;
    let html = "accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nif-none-match: *\r\n";
    let index = get(at, "/").await;
    let reply = ask(at, "GET", "/report?country=us", html).await;
    assert_eq!((reply.status, reply.text()), (503, index.text()));
    for header in ["content-type", "content-security-policy"] {
        assert_eq!(reply.header(header), index.header(header));
    }
    assert_eq!(reply.header("etag"), "");
    let reply = ask(at, "GET", "/report", "accept: */*\r\n").await;
    assert_eq!((reply.status, &*problem(&reply).2), (503, "build it"));

    // Nor is there one when the worker could not make it; what it says of that is for programs.
    let worker = StandIn::listen(&world);
    for (more, is_page) in [(html, true), ("", false)] {
        let mut client = Connection::open(at).await;
        client
            .send(format!(
                "GET /report HTTP/1.1\r\nhost: localhost\r\n{more}\r\n"
            ))
            .await;
        worker
            .next()
            .await
            .say("HTTP/1.1 408 Request Timeout\r\ncontent-length: 2\r\n\r\n{}")
            .await;
        let reply = client.reply("GET").await;
        assert_eq!(reply.status, 408);
        assert_eq!(reply.text() == index.text(), is_page);
    }
}

#[tokio::test]
async fn rows_stream_as_the_worker_finds_them() {
    let world = World::new().await;
    let worker = StandIn::listen(&world);
    let mut client = Connection::open(world.address).await;
    client.send(post(JSON, "{}")).await;
    let mut asked = worker.next().await;
    asked
        .say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1,\r\n")
        .await;
    assert_eq!(client.head().await.status, 200);
    assert_eq!(client.chunk().await.unwrap(), b"[1,");
    asked.say("2\r\n2]\r\n0\r\n\r\n").await;
    assert_eq!(client.chunk().await.unwrap(), b"2]");
    assert_eq!(client.chunk().await, None);
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_statement_and_makes_room() {
    for options in [
        Options {
            batch_requests: 1,
            ..Options::default()
        },
        Options {
            batch_requests_per_address: 1,
            ..Options::default()
        },
    ] {
        cancelled(options).await;
    }
}

/// Of the one request that there may be.
async fn cancelled(options: Options) {
    let world = World::with(options).await;
    let worker = StandIn::listen(&world);
    // Before the answer begins, and within it.
    for said in [
        "",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n[\r\n",
    ] {
        let mut client = Connection::open(world.address).await;
        client.send(post(JSON, "{}")).await;
        let mut asked = worker.next().await;
        asked.say(said).await;
        if !said.is_empty() {
            assert_eq!(client.head().await.status, 200);
        }
        let full = ask(world.address, "GET", "/report", "").await;
        assert_eq!((full.status, full.header("retry-after")), (429, "1"));
        let (_, detail, remedy) = problem(&full);
        assert!(detail.contains("has 1 requests"), "{detail}");
        assert_eq!(remedy, "ask again in a moment");
        drop(client);
        asked.abandoned().await;
    }
    // The place of the last one is free as soon as the server has noticed.
    let freed = async {
        loop {
            let mut client = Connection::open(world.address).await;
            client
                .send("GET /report HTTP/1.1\r\nhost: localhost\r\n\r\n")
                .await;
            tokio::select! {
                asked = worker.next() => return asked.answer("").await,
                reply = client.reply("GET") => assert_eq!(reply.status, 429),
            }
        }
    };
    within(freed).await;
}

#[tokio::test]
async fn statements_have_a_length() {
    let world = World::new().await;
    let worker = StandIn::listen(&world);
    let body = "x".repeat(64 * 1024);
    let mut client = Connection::open(world.address).await;
    client.send(post(JSON, &body)).await;
    let asked = worker.next().await;
    assert_eq!(asked.body, body);
    asked.answer("").await;
    assert_eq!(client.reply("POST").await.status, 200);

    let chunked = format!(
        "POST /api/v1/sql HTTP/1.1\r\nhost: localhost\r\n{JSON}transfer-encoding: chunked\r\n\r\n\
         10001\r\n{body}x\r\n0\r\n\r\n"
    );
    for request in [post(JSON, &(body + "x")), chunked] {
        let mut client = Connection::open(world.address).await;
        client.send(request).await;
        let reply = client.reply("POST").await;
        assert_eq!(reply.status, 413);
        assert!(problem(&reply).1.contains("65536 bytes"));
    }
}

#[tokio::test]
async fn a_worker_that_says_nothing_is_not_waited_for() {
    let options = Options {
        batch_silence: SOON,
        ..Options::default()
    };
    let world = World::with(options).await;
    let worker = StandIn::listen(&world);
    let mut client = Connection::open(world.address).await;
    client.send(post(JSON, "{}")).await;
    let asked = worker.next().await;
    let reply = client.reply("POST").await;
    assert_eq!(reply.status, 503);
    assert_eq!(problem(&reply).0, "the batch worker does not answer");
    asked.abandoned().await;

    // In the middle of an answer nothing can be said any more: the connection ends without the last chunk.
    let mut client = Connection::open(world.address).await;
    client.send(post(JSON, "{}")).await;
    let mut asked = worker.next().await;
    asked
        .say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n[\r\n")
        .await;
    assert_eq!(client.head().await.status, 200);
    assert_eq!(client.closed().await, b"1\r\n[\r\n");
    asked.abandoned().await;
}

#[tokio::test]
async fn without_a_worker_there_is_a_reason_and_a_remedy_and_the_rest_goes_on() {
    let world = World::new().await;
    let at = world.address;
    let more = format!("{JSON}content-length: 0\r\n");
    for (method, path, more) in [
        ("POST", "/api/v1/sql", &*more),
        ("GET", "/api/v1/sql/schema", ""),
        ("GET", "/api/v1/boards/hours", ""),
        ("GET", "/report", ""),
    ] {
        let reply = ask(at, method, path, more).await;
        assert_eq!(reply.status, 503, "{path}");
        let (title, detail, remedy) = problem(&reply);
        assert!(title.starts_with("there is no batch worker"), "{title}");
        assert_eq!(
            (&*detail, &*remedy),
            ("it is not built", "build it"),
            "{path}"
        );
    }
    let reply = get(at, "/api/v1/batch").await;
    assert_eq!(reply.status, 200);
    let expected = serde_json::json!({
        "available": false, "reason": "it is not built", "remedy": "build it"
    });
    assert_eq!(reply.json(), expected);
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(get(at, probe).await.status, 200);
    }
}

#[tokio::test]
async fn a_worker_that_dies_is_a_problem_of_its_requests_alone() {
    let world = World::new().await;
    let worker = StandIn::listen(&world);
    let mut client = Connection::open(world.address).await;
    client.send(post(JSON, "{}")).await;
    drop(worker.next().await);
    let reply = client.reply("POST").await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, "2"));
    assert_eq!(problem(&reply).2, "ask again in a few seconds");

    // Something that is not HTTP is no answer either.
    client.send(post(JSON, "{}")).await;
    worker.next().await.say("hello\r\n\r\n").await;
    assert_eq!(client.reply("POST").await.status, 503);

    // Its socket outlives it, and then that is gone too.
    let StandIn { listener, folder } = worker;
    drop(listener);
    assert_eq!(get(world.address, "/report").await.status, 503);
    drop(folder);
    assert_eq!(get(world.address, "/report").await.status, 503);
    let state = get(world.address, "/api/v1/batch").await;
    assert_eq!(
        (state.status, &state.json()["available"]),
        (200, &false.into())
    );
    assert_eq!(get(world.address, "/readyz").await.status, 200);
}

#[tokio::test]
async fn only_our_own_page_and_programs_send_statements() {
    let world = World::new().await;
    let worker = StandIn::listen(&world);
    for (more, status) in [
        (format!("{JSON}origin: http://evil.example\r\n"), 403),
        (format!("{JSON}origin: null\r\n"), 403),
        (format!("{JSON}sec-fetch-site: cross-site\r\n"), 403),
        (format!("{JSON}sec-fetch-site: same-site\r\n"), 403),
        ("content-type: text/plain\r\n".to_owned(), 415),
        (
            "content-type: application/x-www-form-urlencoded\r\n".to_owned(),
            415,
        ),
        (String::new(), 415),
    ] {
        let mut client = Connection::open(world.address).await;
        client.send(post(&more, "{}")).await;
        let reply = client.reply("POST").await;
        assert_eq!(reply.status, status, "{more}");
        problem(&reply);
    }
    for method in ["GET", "HEAD", "PUT", "OPTIONS", "DELETE"] {
        let reply = ask(world.address, method, "/api/v1/sql", "").await;
        assert_eq!((reply.status, reply.header("allow")), (405, "POST"));
    }
    let foreign = "POST /api/v1/sql HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 0\r\n\r\n";
    let mut client = Connection::open(world.address).await;
    client.send(foreign).await;
    let reply = client.reply("POST").await;
    assert_eq!(reply.status, 421);
    assert!(problem(&reply).1.contains("evil.example"));

    // None of these came through: the first that the worker sees is the next one.
    for more in [
        "sec-fetch-site: same-origin\r\n",
        "origin: http://localhost\r\n",
    ] {
        let mut client = Connection::open(world.address).await;
        client.send(post(&format!("{JSON}{more}"), more)).await;
        let asked = worker.next().await;
        assert_eq!(asked.body, more);
        asked.answer("").await;
        assert_eq!(client.reply("POST").await.status, 200);
    }
}
