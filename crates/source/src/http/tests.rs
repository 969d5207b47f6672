#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime};

use super::wait_of;
use crate::message::{Broken, Item, Position, Resume};
use crate::run::Options;
use crate::status::State;
use crate::testing::*;
use headcount_clock::now_ms;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

fn send(text: impl AsRef<str>) -> Act {
    Act::Send(text.as_ref().as_bytes().to_vec())
}

fn record(mtime: i64) -> String {
    format!("{{\"rsvp_id\":{},\"mtime\":{mtime}}}", mtime % 1000)
}

fn line(mtime: i64) -> String {
    chunk(&format!("{}\n", record(mtime)))
}

const T: i64 = 1_500_000_000_001;

#[tokio::test]
async fn a_line_is_a_message_however_it_is_cut() {
    let body = [
        chunk("{\"a\":1}\n"),
        chunk("\r\n\n{\"b\""),
        chunk(":2}\r\n{\"c\":3}{\"d\":4}\n{\"e"),
        chunk("\":5}"),
        chunk("\n{\"f\":6}\n"),
    ]
    .concat();
    let server = serve(vec![
        vec![send(OK), send(&body), send("0\r\n\r\n"), Act::Close],
        vec![
            send(OK),
            Act::Trickle(body.clone().into_bytes()),
            send(chunk("{\"g\":7}")),
            send("0\r\n\r\n"),
            Act::Close,
        ],
        vec![send(OK), Act::Hold],
    ])
    .await;
    let mut running = start(
        &format!("http://127.0.0.1:{}/2/rsvps", server.port),
        Resume::fresh(),
        quick(),
    );
    let lines = [
        "{\"a\":1}",
        "{\"b\":2}",
        "{\"c\":3}{\"d\":4}",
        "{\"e\":5}",
        "{\"f\":6}",
    ];
    assert_eq!(texts(&running.bench.items(5).await), lines);
    let again = running.bench.items(6).await;
    assert_eq!(
        texts(&again),
        [&lines[..], &["{\"g\":7}"]].concat(),
        "the last line of a stream that ends well is complete"
    );
    let Item::Message(last) = &again[5] else {
        panic!()
    };
    assert_eq!(last.place.to_string(), "message 11");
    let status = running
        .bench
        .status_is(|status| status.state == State::Live && status.reconnects == 2)
        .await;
    assert_eq!(
        (status.messages, status.gaps, status.lines_cut, status.error),
        (11, 0, 0, None)
    );
    assert_eq!(running.stop().await, []);
}

#[tokio::test]
async fn it_goes_on_where_it_was_when_the_server_can() {
    let future = now_ms() + 3_600_000;
    let mut server = serve(vec![
        // An old one after the greatest, one from the future that must not move anything, and one cut off.
        vec![
            send(OK),
            send(line(T + 5000)),
            send(line(T)),
            send(line(future)),
            send(chunk("{\"cut\":")),
            Act::Reset,
        ],
        vec![send(OK), send(line(T + 6000)), Act::Hold],
    ])
    .await;
    let address = format!(
        "http://127.0.0.1:{}/2/rsvps?since_count=7&event_id=x",
        server.port
    );
    let mut running = start(&address, Resume::fresh(), quick());
    let head = server.head().await;
    assert!(
        head.starts_with("GET /2/rsvps?since_count=7&event_id=x HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.to_lowercase().contains("user-agent: headcount/"),
        "{head}"
    );
    let mut batches = vec![running.bench.next().await.unwrap()];
    let head = server.head().await;
    let since = T + 5000 - 60_000;
    assert!(
        head.starts_with(&format!(
            "GET /2/rsvps?event_id=x&since_mtime={since} HTTP/1.1\r\n"
        )),
        "{head}"
    );
    while batches.iter().map(|batch| batch.items.len()).sum::<usize>() < 4 {
        batches.push(running.bench.next().await.unwrap());
    }
    let position = last_position(&batches).unwrap();
    assert_eq!(position.mtime_ms, Some(T + 6000));
    let items = all_items(batches);
    assert_eq!(
        texts(&items),
        [T + 5000, T, future, T + 6000].map(record),
        "a line that was cut off is no message"
    );
    let status = running
        .bench
        .status_is(|status| status.state == State::Live && status.reconnects == 1)
        .await;
    assert_eq!((status.gaps, status.lines_cut), (0, 1));
    running.stop().await;

    // Another process goes on from what was stored.
    let mut running = start(&address, Resume::from(vec![position]), quick());
    let head = server.head().await;
    assert!(
        head.contains(&format!("since_mtime={}", T + 6000 - 60_000)),
        "{head}"
    );
    assert_eq!(texts(&running.bench.items(1).await), [record(T + 6000)]);
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_again_leaves_a_gap() {
    let server = serve(vec![
        vec![send(OK), send(line(T)), Act::Reset],
        vec![send("HTTP/1.1 500 Oh\r\n\r\n"), Act::Close],
        vec![send(OK), send(line(T + 1)), Act::Hold],
    ])
    .await;
    let address = format!("http://127.0.0.1:{}/feed?token=hunter2", server.port);
    let begun = now_ms();
    let mut running = start(&address, Resume::fresh(), quick());
    let mut batches = Vec::new();
    while batches
        .iter()
        .map(|batch: &crate::Batch| batch.messages())
        .sum::<usize>()
        < 2
    {
        batches.push(running.bench.next().await.unwrap());
    }
    let position = last_position(&batches).unwrap();
    let items = all_items(batches);
    let gaps = gaps(&items);
    assert_eq!(
        gaps.len(),
        2,
        "one when the first attempt fails, one up to the connection: {gaps:?}"
    );
    assert_eq!(gaps[0].to_ms, gaps[1].from_ms);
    assert!(gaps[0].from_ms >= begun && gaps[1].to_ms <= now_ms());
    assert!(
        gaps[0].cause.contains("broke off") && gaps[0].cause == gaps[1].cause,
        "{gaps:?}"
    );
    assert!(!format!("{gaps:?} {position:?}").contains("hunter2"));
    assert_eq!(running.bench.status.borrow().gaps, 1);
    running.stop().await;
    // While the process was away it was a gap too.
    let seen = position.seen_ms.unwrap();
    let mut running = start(&address, Resume::from(vec![position]), quick());
    let gap = super::super::testing::gaps(&running.bench.items(2).await).remove(0);
    assert_eq!(
        (gap.from_ms, gap.cause),
        (seen, "headcount was not running".to_owned())
    );
    running.stop().await;
}

#[tokio::test]
async fn a_resuming_server_is_trusted_only_so_long() {
    let server = serve(vec![vec![send(OK), Act::Hold]]).await;
    let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
    let hours_ago = now_ms() - 7_200_000;
    let position = Position {
        seen_ms: Some(hours_ago),
        mtime_ms: Some(T),
        ..Position::new(address.clone())
    };
    let mut running = start(&address, Resume::from(vec![position]), quick());
    let gap = gaps(&running.bench.items(1).await).remove(0);
    assert_eq!(gap.from_ms, hours_ago);
    running.stop().await;
}

#[tokio::test]
async fn trouble_is_explained_and_survived() {
    let answer = |head: &str, body: &str| {
        send(format!(
            "HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    };
    let table: Vec<(Vec<Act>, &str)> = vec![
        (
            vec![
                answer("200 OK\r\nContent-Type: text/html", "<html>"),
                Act::Close,
            ],
            "web page",
        ),
        (
            vec![
                answer(
                    "200 OK\r\nContent-Type: application/json",
                    " \n<!DOCTYPE html>\n",
                ),
                Act::Close,
            ],
            "web page",
        ),
        (
            vec![answer("200 OK\r\nContent-Type: image/png", "x"), Act::Close],
            "sends image/png, not lines of JSON",
        ),
        (
            vec![
                answer("200 OK\r\nContent-Type: text/event-stream", "x"),
                Act::Close,
            ],
            "text/event-stream",
        ),
        (
            vec![answer("200 OK\r\nContent-Encoding: gzip", "x"), Act::Close],
            "packed as gzip",
        ),
        (
            vec![answer("204 No Content", ""), Act::Close],
            "answers 204: it has nothing to send",
        ),
        (
            vec![
                answer(
                    "302 Found\r\nLocation: http://u:hunter2@elsewhere/x?t=hunter2",
                    "",
                ),
                Act::Close,
            ],
            "to http://***@elsewhere/x?t=***, and redirects are not followed",
        ),
        (
            vec![answer("301 Moved\r\nLocation: http://[oh", ""), Act::Close],
            "redirects are not followed",
        ),
        (
            vec![answer("401 Unauthorized", ""), Act::Close],
            "refuses access",
        ),
        (
            vec![answer("404 Not Found", "{}"), Act::Close],
            "no stream at this path",
        ),
        (
            vec![answer("429 Too Many\r\nRetry-After: 0", ""), Act::Close],
            "asked too often",
        ),
        (
            vec![answer("500 Oh", "<html>"), Act::Close],
            "answers 500: it has trouble of its own",
        ),
        (vec![answer("418 Teapot", ""), Act::Close], "answers 418"),
        (
            vec![send("this is not HTTP\r\n\r\n"), Act::Close],
            "invalid HTTP",
        ),
        (vec![Act::Close], "connection closed"),
        (vec![Act::Reset], "reset by peer"),
        // Silence, before and after the head; a body that is cut short in three ways.
        (vec![Act::Hold], "does not answer"),
        (vec![send(OK), Act::Hold], "nothing came from"),
        (vec![send(OK), send("5\r\n{\"a\""), Act::Close], "broke off"),
        (vec![send(OK), send("zz\r\nxx"), Act::Hold], "broke off"),
        (
            vec![
                send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"),
                Act::Close,
            ],
            "broke off",
        ),
    ];
    let options = Options {
        connect_limit: Duration::from_secs(2),
        idle_limit: Duration::from_millis(300),
        ..quick()
    };
    for (script, expected) in table {
        let shown = format!("{script:?}");
        let server = serve(vec![script, vec![send(OK), send(line(T)), Act::Hold]]).await;
        let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
        let mut running = start(&address, Resume::fresh(), options.clone());
        let status = running
            .bench
            .status_is(|status| status.error.is_some())
            .await;
        let error = status.error.unwrap();
        assert!(
            error.contains(expected) && error.ends_with("; trying again"),
            "{shown}: {error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(texts(&running.bench.items(1).await), [record(T)], "{shown}");
        assert_eq!(
            running
                .bench
                .status_is(|status| status.state == State::Live)
                .await
                .error,
            None
        );
        running.stop().await;
    }
}

#[tokio::test]
async fn nobody_there_is_waited_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut running = start(
        &format!("http://127.0.0.1:{port}/2/rsvps"),
        Resume::fresh(),
        quick(),
    );
    let status = running
        .bench
        .status_is(|status| status.error.is_some())
        .await;
    assert!(status.error.unwrap().contains("refused"));
    assert_eq!(
        (status.state, status.gaps),
        (State::Connecting, 0),
        "nothing was promised yet"
    );
    running.stop().await;
    let mut running = start(
        "http://no-such-host.invalid/2/rsvps",
        Resume::fresh(),
        quick(),
    );
    let status = running
        .bench
        .status_is(|status| status.error.is_some())
        .await;
    assert!(status.error.unwrap().contains("no-such-host.invalid"));
    // It stops at once also while it waits to try again.
    running
        .bench
        .status_is(|status| status.state == State::Connecting)
        .await;
    running.stop().await;
}

#[test]
fn a_wait_is_asked_for_in_seconds_or_until_a_moment() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    for (asked, seconds) in [
        ("7", Some(7)),
        ("0", Some(0)),
        ("999999", Some(300)),
        ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
        ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
        ("Sun Nov  6 08:49:47 1994", Some(10)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
        ("Sun, 06 Nov 1994 07:00:00 GMT", Some(0)),
        ("Sun, 07 Nov 2094 08:49:37 GMT", Some(300)),
        ("-1", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(
            wait_of(asked, now),
            seconds.map(Duration::from_secs),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn a_server_can_ask_for_a_wait() {
    let server = serve(vec![
        vec![
            send("HTTP/1.1 503 Wait\r\nRetry-After: 99999999999\r\nContent-Length: 0\r\n\r\n"),
            Act::Close,
        ],
        vec![Act::Reset],
    ])
    .await;
    let mut running = start(
        &format!("http://127.0.0.1:{}/2/rsvps", server.port),
        Resume::fresh(),
        quick(),
    );
    running
        .bench
        .status_is(|status| {
            status
                .error
                .as_ref()
                .is_some_and(|error| error.contains("503"))
        })
        .await;
    let second =
        tokio::time::timeout(Duration::from_millis(100), running.bench.status.changed()).await;
    assert!(
        second.is_err(),
        "it waits: {:?}",
        running.bench.status.borrow()
    );
    assert_eq!(running.stop().await, []);
}

#[tokio::test]
async fn a_line_too_long_is_one_refused_message() {
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(3 << 20));
    let server = serve(vec![vec![
        send(OK),
        send(chunk(&long)),
        send(chunk("\n{}\n")),
        Act::Hold,
    ]])
    .await;
    let mut running = start(
        &format!("http://127.0.0.1:{}/2/rsvps", server.port),
        Resume::fresh(),
        quick(),
    );
    let items = running.bench.items(2).await;
    assert_eq!(
        texts(&items),
        [format!("<{} bytes>", long.len()), "{}".to_owned()]
    );
    let Item::Message(message) = &items[0] else {
        panic!()
    };
    assert!(
        matches!(message.broken, Some(Broken::TooBig { .. }))
            && message.bytes.len() == crate::framing::CUT_BYTES
    );
    running.stop().await;
}

#[tokio::test]
async fn a_slow_program_slows_the_server_down() {
    // 1,024 batches and 16 MiB may wait in the queue (and one batch before it); the server has much more to say.
    let (lines, wait) = (
        300_000,
        (16 << 20) / (64 + record(T).len() as u64) + 4096 + 8000,
    );
    let server = serve(vec![vec![send(OK), send(line(T).repeat(lines)), Act::Hold]]).await;
    let mut running = start(
        &format!("http://127.0.0.1:{}/2/rsvps", server.port),
        Resume::fresh(),
        quick(),
    );
    // It fills one of the two bounds, and then stays in them.
    running
        .bench
        .status_is(|status| status.messages > 10_000)
        .await;
    let mut taken = 0;
    while taken < lines as u64 {
        let waiting = running.bench.status.borrow().messages - taken;
        assert!(waiting <= wait, "{waiting} messages wait");
        taken += running.bench.next().await.unwrap().items.len() as u64;
        tokio::task::yield_now().await;
    }
    running.stop().await;
}

#[tokio::test]
async fn tls_that_is_none_is_explained() {
    let plain = send("HTTP/1.1 400 Speak plainly\r\n\r\n");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let Act::Send(bytes) = &plain else { panic!() };
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, bytes).await;
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
    });
    for scheme in ["https", "wss"] {
        let address = format!("{scheme}://127.0.0.1:{port}/2/rsvps");
        let mut running = start(&address, Resume::fresh(), quick());
        let error = running
            .bench
            .status_is(|status| status.error.is_some())
            .await
            .error
            .unwrap();
        assert!(error.contains("InvalidContentType"), "{error}");
        running.stop().await;
    }
}

/// A certificate nobody vouches for is refused before anything is sent.
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

    crate::stream::install_tls();
    let certificate =
        CertificateDer::from(&include_bytes!("../../tests/fixtures/self-signed.der")[..]);
    let key =
        PrivatePkcs8KeyDer::from(&include_bytes!("../../tests/fixtures/self-signed.key.der")[..]);
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut connection =
                rustls::ServerConnection::new(std::sync::Arc::clone(&config)).unwrap();
            let mut stream = stream.unwrap();
            while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
            assert!(connection.is_handshaking(), "the client went on");
        }
    });
    for scheme in ["https", "wss"] {
        let address = format!("{scheme}://localhost:{port}/2/rsvps");
        let mut running = start(&address, Resume::fresh(), quick());
        let error = running
            .bench
            .status_is(|status| status.error.is_some())
            .await
            .error
            .unwrap();
        assert!(
            error.contains("UnknownIssuer") || error.contains("certificate"),
            "{error}"
        );
        running.stop().await;
    }
}
