//! Requests as nobody should send them, byte by byte: each gets its status, nothing of it comes back as markup, and the
//! server goes on.

use std::time::Duration;

use headcount_server::Options;

use crate::{
    client::{Connection, get},
    world::{World, venue},
};

/// What stands in a request to be looked for in its answer.
const MARKER: &str = "<script>alert(1)</script>";

/// A request and the status of its answer; 0 when the connection is only closed.
type Case = (&'static str, String, u16);

/// Sends each on a connection of its own, all at once, and checks everything that comes back.
async fn check(world: &World, cases: &[Case]) {
    let answers = cases.iter().map(|(what, request, status)| async move {
        let mut connection = Connection::open(world.address).await;
        connection.send(request).await;
        let answer = connection.closed().await;
        let answer = String::from_utf8_lossy(&answer);
        let version = if request.contains("HTTP/1.0") {
            "1.0"
        } else {
            "1.1"
        };
        let line = format!("HTTP/{version} {status} ");
        match *status {
            0 => assert_eq!(answer, "", "{what}"),
            // A client that is still sending when it is refused may see the end before the answer.
            431 | 414 if answer.is_empty() && request.len() > 32 << 10 => {}
            _ => {
                let start: String = request.chars().take(60).collect();
                assert!(
                    answer.starts_with(&line),
                    "{what}: {start:?}: wanted {status}: {answer:.400}"
                );
                assert_inert(what, &answer);
            }
        }
    });
    futures_util::future::join_all(answers).await;
    let alive = get(world.address, "/healthz").await;
    assert_eq!(alive.status, 200, "the server goes on");
}

/// No markup, no line end and no control character of the request is in its answer, and every header is there.
fn assert_inert(what: &str, answer: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(!answer.contains(MARKER), "{what}: {answer:.600}");
    assert!(!head.contains("injected"), "{what}: {head}");
    // What is packed may hold any byte.
    let is_packed = head.contains("content-encoding: ");
    assert!(
        is_packed || !body.contains(['\0', '\u{7}', '\u{1b}']),
        "{what}: {body:.300}"
    );
    for header in [
        "content-security-policy: ",
        "x-content-type-options: nosniff",
    ] {
        assert!(head.contains(header), "{what}: {head}");
    }
    assert!(!head.contains("\r\nserver: "), "{what}: {head}");
    let status = head.get(9..12).unwrap_or_default();
    if status.starts_with(['4', '5']) {
        assert!(
            head.contains("content-type: application/json"),
            "{what}: {head}"
        );
    }
}

async fn world() -> World {
    let options = Options {
        connections_per_address: 1_000,
        header_read: Duration::from_secs(3),
        body_idle: Duration::from_secs(3),
        ..Options::default()
    };
    let world = World::with(options).await;
    world.count("us", 3);
    world.change(|figures| figures.venues = vec![venue(MARKER, 2)]);
    world
}

fn get_of(target: &str) -> String {
    with(target, "")
}

/// A request with more header lines, each ended by CRLF.
fn with(target: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n")
}

#[tokio::test]
async fn headers_that_are_none() {
    let fields = |count: usize| "x: y\r\n".repeat(count);
    let long = |bytes: usize| format!("x: {}\r\n", "y".repeat(bytes));
    let bad: &[(&str, &str)] = &[
        ("a name with a space", "x y: 1\r\n"),
        ("a space before the colon", "x : 1\r\n"),
        ("no colon", "nothing\r\n"),
        ("no name", ": 1\r\n"),
        ("a folded line", "x: 1\r\n 2\r\n"),
        ("a folded line of a tab", "x: 1\r\n\t2\r\n"),
        ("a first line that is folded", " x: 1\r\n"),
        ("NUL in a value", "x: a\0b\r\n"),
        ("NUL in a name", "x\0: 1\r\n"),
        ("a control character in a value", "x: a\u{7}b\r\n"),
        ("DEL in a value", "x: a\u{7f}b\r\n"),
        ("a carriage return in a value", "x: a\rb\r\n"),
        ("markup as a name", "<script>: 1\r\n"),
        ("quotes in a name", "\"x\": 1\r\n"),
        ("a name that is not ASCII", "é: 1\r\n"),
        ("brackets in a name", "x[]: 1\r\n"),
    ];
    let mut cases: Vec<Case> = bad
        .iter()
        .map(|(what, more)| (*what, with("/healthz", more), 400))
        .collect();
    cases.extend([
        ("an empty value", with("/healthz", "x:\r\n"), 200),
        ("a value of blanks", with("/healthz", "x: \t \r\n"), 200),
        (
            "a value of bytes beyond ASCII",
            with("/healthz", "x: é\r\n"),
            200,
        ),
        ("lines that end in LF", with("/healthz", "x: 1\n"), 200),
        ("64 fields", with("/healthz", &fields(62)), 200),
        ("65 fields", with("/healthz", &fields(63)), 431),
        ("1,000 fields", with("/healthz", &fields(1_000)), 431),
        ("17 KiB of header", with("/healthz", &long(17 << 10)), 431),
        ("40 KiB of header", with("/healthz", &long(40 << 10)), 431),
        ("1 MiB of header", with("/healthz", &long(1 << 20)), 431),
        ("what comes after the end", with("/healthz", "") + "x", 200),
    ]);
    check(&world().await, &cases).await;
}

#[tokio::test]
async fn hosts_that_are_not_ours() {
    let raw = |hosts: &str| format!("GET /healthz HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
    let of =
        |uri: &str| format!("GET {uri} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let cases: Vec<Case> = vec![
        ("no host", raw(""), 400),
        ("an empty host", raw("host:\r\n"), 400),
        (
            "two hosts",
            raw("host: localhost\r\nhost: evil.example\r\n"),
            400,
        ),
        (
            "two hosts alike",
            raw("host: localhost\r\nhost: localhost\r\n"),
            400,
        ),
        (
            "a list of hosts",
            raw("host: localhost, evil.example\r\n"),
            400,
        ),
        ("a host with a path", raw("host: localhost/x\r\n"), 400),
        (
            "a host with a scheme",
            raw("host: http://localhost\r\n"),
            400,
        ),
        ("a host of markup", raw(&format!("host: {MARKER}\r\n")), 400),
        ("a host with a blank", raw("host: local host\r\n"), 400),
        ("a port that is none", raw("host: localhost:port\r\n"), 400),
        ("another name", raw("host: evil.example\r\n"), 421),
        (
            "another name with our port",
            raw("host: evil.example:8080\r\n"),
            421,
        ),
        (
            "ours before another",
            raw("host: localhost.evil.example\r\n"),
            421,
        ),
        (
            "a login before the name",
            raw("host: localhost@evil.example\r\n"),
            400,
        ),
        ("another address", raw("host: 10.0.0.1\r\n"), 421),
        ("any address", raw("host: 0.0.0.0\r\n"), 421),
        ("a number", raw("host: 2130706433\r\n"), 421),
        ("in brackets", raw("host: [::ffff:10.0.0.1]\r\n"), 421),
        ("our name", raw("host: LocalHost.:99\r\n"), 200),
        ("our address", raw("host: [::1]:8080\r\n"), 200),
        (
            "our address in the line",
            of("http://127.0.0.1/healthz"),
            200,
        ),
        (
            "another in the line",
            of("http://evil.example/healthz"),
            421,
        ),
        (
            "another scheme in the line",
            of("ftp://localhost/healthz"),
            200,
        ),
        ("only a name in the line", of("localhost:80"), 404),
        ("a star in the line", of("*"), 404),
        (
            "a connection to elsewhere",
            "CONNECT evil.example:443 HTTP/1.1\r\nhost: localhost\r\n\r\n".into(),
            405,
        ),
    ];
    check(&world().await, &cases).await;
}

#[tokio::test]
async fn lines_that_are_no_request() {
    let line = |line: &str| format!("{line}\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut cases: Vec<Case> = vec![
        ("nothing", String::new(), 0),
        ("line ends alone", "\r\n\r\n\r\n".into(), 0),
        ("HTTP/0.9", "GET /healthz\r\n\r\n".into(), 400),
        (
            "HTTP/1.0",
            "GET /healthz HTTP/1.0\r\n\r\n".replace("HTTP/1.1", ""),
            200,
        ),
        ("HTTP/1.2", line("GET /healthz HTTP/1.2"), 400),
        ("HTTP/2.0", line("GET /healthz HTTP/2.0"), 400),
        (
            "the preface of HTTP/2",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
            0,
        ),
        ("http in lower case", line("GET /healthz http/1.1"), 400),
        ("no version", line("GET /healthz HTTP/"), 400),
        ("two blanks", line("GET  /healthz HTTP/1.1"), 400),
        ("a blank in the path", line("GET /health z HTTP/1.1"), 400),
        ("a tab", line("GET\t/healthz\tHTTP/1.1"), 400),
        ("no path", line("GET HTTP/1.1"), 400),
        ("no method", line("/healthz HTTP/1.1"), 400),
        (
            "a method of markup",
            line(&format!("{MARKER} / HTTP/1.1")),
            400,
        ),
        ("a path of NUL", line("GET /\0 HTTP/1.1"), 400),
        (
            "a path of a control character",
            line("GET /\u{1b}[2J HTTP/1.1"),
            400,
        ),
        ("TLS", "\u{16}\u{3}\u{1}\u{0}\u{a5}\u{1}".into(), 400),
        ("SOCKS", "\u{5}\u{1}\u{0}\r\n\r\n".into(), 400),
        ("SSH", "SSH-2.0-OpenSSH_9.6\r\n\r\n".into(), 400),
        ("half a line", "GET /healthz HT".into(), 0),
        (
            "half a header",
            "GET /healthz HTTP/1.1\r\nhost: local".into(),
            0,
        ),
        (
            "8 KiB of path",
            get_of(&format!("/{}", "x".repeat(8_191))),
            404,
        ),
        (
            "9 KiB of path",
            get_of(&format!("/{}", "x".repeat(9 << 10))),
            414,
        ),
        (
            "70 KiB of path",
            get_of(&format!("/{}", "x".repeat(70 << 10))),
            431,
        ),
        (
            "9 KiB of query",
            get_of(&format!("/api/data?{}", "x".repeat(9 << 10))),
            414,
        ),
    ];
    for method in [
        "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PROPFIND", "X-Y",
    ] {
        for path in [
            "/",
            "/healthz",
            "/api/data",
            "/api/v1/live",
            "/metrics",
            "/status",
        ] {
            cases.push((
                "a method that no path has",
                line(&format!("{method} {path} HTTP/1.1")),
                405,
            ));
        }
        cases.push((
            "a method of no path",
            line(&format!("{method} /nothing HTTP/1.1")),
            404,
        ));
    }
    check(&world().await, &cases).await;
}

#[tokio::test]
async fn bodies_that_are_framed_twice() {
    let post = |framing: &str, body: &str| {
        let head = "POST /api/data HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
        format!("{head}{framing}\r\n{body}")
    };
    let smuggled = "0\r\n\r\nGET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let cases: Vec<Case> = vec![
        (
            "a length and chunks",
            post(
                "content-length: 5\r\ntransfer-encoding: chunked\r\n",
                smuggled,
            ),
            405,
        ),
        (
            "two lengths",
            post("content-length: 1\r\ncontent-length: 2\r\n", "xx"),
            400,
        ),
        (
            "a list of lengths",
            post("content-length: 1, 2\r\n", "xx"),
            400,
        ),
        ("a negative length", post("content-length: -1\r\n", ""), 400),
        (
            "a length with a sign",
            post("content-length: +1\r\n", "x"),
            400,
        ),
        ("a length in hex", post("content-length: 0x1\r\n", "x"), 400),
        (
            "a length that overflows",
            post("content-length: 18446744073709551616\r\n", ""),
            400,
        ),
        (
            "a length that is a word",
            post("content-length: one\r\n", ""),
            400,
        ),
        (
            "a length of 2^63",
            post("content-length: 9223372036854775808\r\n", ""),
            413,
        ),
        (
            "one byte too many",
            post("content-length: 1048577\r\n", ""),
            413,
        ),
        (
            "chunks that are not last",
            post("transfer-encoding: chunked, identity\r\n", ""),
            400,
        ),
        (
            "a coding that is none",
            post("transfer-encoding: x\r\n", ""),
            400,
        ),
        (
            "gzip before chunks",
            post("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            405,
        ),
        (
            "a chunk of no length",
            post("transfer-encoding: chunked\r\n", "\r\n\r\n"),
            400,
        ),
        (
            "a chunk in words",
            post("transfer-encoding: chunked\r\n", "z\r\n\r\n"),
            400,
        ),
        (
            "a chunk that overflows",
            post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n"),
            400,
        ),
        (
            "a chunk longer than it says",
            post("transfer-encoding: chunked\r\n", "1\r\nxx\r\n0\r\n\r\n"),
            400,
        ),
        (
            "trailers",
            post("transfer-encoding: chunked\r\n", "0\r\nx: injected\r\n\r\n"),
            405,
        ),
        (
            "a long extension",
            post(
                "transfer-encoding: chunked\r\n",
                &format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(20 << 10)),
            ),
            400,
        ),
        ("a body cut short", post("content-length: 9\r\n", "x"), 408),
        (
            "chunks cut short",
            post("transfer-encoding: chunked\r\n", "5\r\nx"),
            408,
        ),
        (
            "a body to a page",
            with("/", "content-length: 1\r\n") + "x",
            200,
        ),
    ];
    check(&world().await, &cases).await;
}

#[tokio::test]
async fn parameters_that_are_none() {
    let mut cases: Vec<Case> = Vec::new();
    for query in [
        "limit=-1",
        "limit=0",
        "limit=1e9",
        "limit=abc",
        "limit=%D9%A1%D9%A2",
        "limit=1;2",
        "limit=1&limit=0",
        "limit[]=1",
        "limit=%00",
        "limit=%ZZ",
        "limit=+",
        "limit=1.0",
        "limit=0x10",
        "limit=99999999999999999999",
        "limit=",
        "offset=-1",
        "offset=1e3",
        "offset=99999999999",
        "page=2",
        "from=NaN",
        "from=2&to=1",
        "tz=../../etc",
        "tz=Mars",
        "cursor=AAAA",
        "country=%00",
        "country=%ZZ",
        "country=%",
        "country=%ff%fe",
        "country[]=us",
        "Country=us",
        "=us",
        "%3Cscript%3E=1",
        "__proto__=1",
    ] {
        cases.push((
            "a parameter of /api/data",
            get_of(&format!("/api/data?{query}")),
            400,
        ));
        cases.push((
            "a parameter of /api/top_venues",
            get_of(&format!("/api/top_venues?{query}")),
            400,
        ));
    }
    let many = vec!["country=us"; 700].join("&");
    let long = format!("country={}", "x".repeat(257));
    for query in [many.as_str(), long.as_str(), "limit=1", "x"] {
        cases.push((
            "a parameter of the summary",
            get_of(&format!("/api/v1/summary?{query}")),
            400,
        ));
        cases.push((
            "a parameter of the stream",
            get_of(&format!("/api/v1/live?{query}")),
            400,
        ));
    }
    for path in ["/api/v1/status", "/api/v1/cluster"] {
        cases.push((
            "a parameter where there is none",
            get_of(&format!("{path}?country=us")),
            400,
        ));
    }
    for (country, status) in [
        ("%EF%BC%B5%EF%BC%B3", 400),
        ("%2e%2e%2f", 400),
        ("'%20OR%201=1--", 400),
        ("%F0%9F%87%BA%F0%9F%87%B8", 400),
        ("a+b", 400),
        ("usa", 400),
        ("uS,", 200),
        ("", 200),
    ] {
        for path in ["/api/v1/summary", "/api/data"] {
            let request = get_of(&format!("{path}?country={country}"));
            cases.push(("a country, or none", request, status));
        }
    }
    check(&world().await, &cases).await;
}

#[tokio::test]
async fn fields_that_ask_for_too_much() {
    let list = |count: usize| vec!["gzip;q=0.5"; count].join(", ");
    let ranges = format!("range: bytes={}\r\n", vec!["0-"; 1_000].join(","));
    let tags = format!("if-none-match: {}\r\n", vec!["\"x\""; 3_000].join(", "));
    let fields = [
        "accept: */*;q=1e999\r\n".to_owned(),
        format!("accept: {}\r\n", "x/y,".repeat(1_000)),
        format!("accept-encoding: {}\r\n", list(350)),
        "accept-encoding: gzip;q=NaN\r\n".to_owned(),
        "accept-encoding: identity;q=0, *;q=0\r\n".to_owned(),
        "accept-encoding: \u{2028}\r\n".to_owned(),
        "accept-language: ../../etc\r\n".to_owned(),
        ranges,
        "range: bytes=-1\r\n".to_owned(),
        "range: bytes=9223372036854775807-\r\n".to_owned(),
        tags,
        "if-none-match: W/\r\n".to_owned(),
        "if-none-match: \"\r\n".to_owned(),
        "if-modified-since: never\r\n".to_owned(),
        "cookie: a=<script>\r\n".to_owned(),
        "referer: javascript:alert(1)\r\n".to_owned(),
        format!("user-agent: {MARKER}\r\n"),
        "x-forwarded-for: <script>\r\n".to_owned(),
        "x-forwarded-host: evil.example\r\n".to_owned(),
        "x-original-url: /metrics\r\n".to_owned(),
        "forwarded: for=\"\r\n".to_owned(),
        "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n".to_owned(),
        "upgrade: websocket\r\nsec-websocket-key: x\r\n".to_owned(),
        "te: trailers\r\n".to_owned(),
        "expect: 200-ok\r\n".to_owned(),
        "x-http-method-override: DELETE\r\n".to_owned(),
        "content-encoding: gzip\r\n".to_owned(),
    ];
    let mut cases: Vec<Case> = Vec::new();
    for more in &fields {
        for path in ["/", "/api/v1/summary"] {
            cases.push(("a field", with(path, more), 200));
        }
    }
    check(&world().await, &cases).await;

    // A stream begins anew whatever somebody says that they have seen.
    for id in ["-1", "18446744073709551616", "abc", "'", MARKER] {
        let world = world().await;
        let mut connection = Connection::open(world.address).await;
        connection
            .send(with("/api/v1/live", &format!("last-event-id: {id}\r\n")))
            .await;
        assert_eq!(connection.head().await.status, 200, "{id}");
        let mut text = String::new();
        while !text.contains("event: snapshot") {
            let chunk = connection.chunk().await.expect("the stream goes on");
            text += std::str::from_utf8(&chunk).expect("UTF-8");
        }
        assert!(!text.contains(MARKER), "{text}");
    }
}

#[tokio::test]
async fn paths_that_lead_elsewhere() {
    let mut cases: Vec<Case> = Vec::new();
    for path in [
        "/..%2f..%2fetc/passwd",
        "/../../../etc/passwd",
        "//etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/..%5c..%5cwindows",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%c0%ae%c0%ae/etc/passwd",
        "/%00",
        "/index.html%00.js",
        "/assets/",
        "/assets",
        "/.git/config",
        "/api",
        "/api/",
        "/api/data/",
        "/api/v1",
        "/API/DATA",
        "/api//data",
        "/;/metrics",
        "/metrics;x=1",
        "/metrics%20",
        "/metrics/..",
        "/healthz/",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "/status/../metrics",
        "/index.html/x",
        "/ingest/x",
        "/api/v1/ingest",
    ] {
        cases.push(("a path", get_of(path), 404));
    }
    let markup = [
        "/<script>alert(1)</script>",
        "/\"><img src=x>",
        "/{{7*7}}",
        "/'%22`",
    ];
    let world = world().await;
    for path in markup.map(|path| path.replace(' ', "%20")) {
        let mut connection = Connection::open(world.address).await;
        connection.send(get_of(&path)).await;
        let answer = String::from_utf8(connection.closed().await).expect("UTF-8");
        assert!(
            answer.starts_with("HTTP/1.1 404 ") || answer.starts_with("HTTP/1.1 400 "),
            "{path}: {answer}"
        );
        assert_inert(&path, &answer);
    }
    check(&world, &cases).await;
}
