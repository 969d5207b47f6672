#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use crate::message::{Broken, SourceItem};
use crate::position::{Position, Resume, ResumeState};
use crate::run::Options;
use crate::status::Activity;
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

const OVERLAP_MS: i64 = 200_000;

const T: i64 = 1_500_000_000_001;

#[tokio::test]
async fn a_value_is_a_message_however_it_is_laid_out_and_cut() {
    let body = [
        chunk("{\"a\":1}\n"),
        chunk("\r\n\n{\"b\""),
        // Glued, on several lines, in an array, and something that is no value.
        chunk(":2}\r\n{\"c\":3}{\"d\":\"}{\"}\n{\n  \"e"),
        chunk("\": 5\n}"),
        chunk("[{\"f\":6}, {\"g\":7}]\nnoise\n{\"h\":8}\n"),
    ]
    .concat();
    let server = serve(vec![
        vec![send(OK), send(&body), send("0\r\n\r\n"), Act::Close],
        vec![
            send(OK),
            Act::Trickle(body.clone().into_bytes()),
            send(chunk("{\"i\":9}")),
            send("0\r\n\r\n"),
            Act::Close,
        ],
        vec![send(OK), Act::Hold],
    ])
    .await;
    let mut running = start(
        &format!("http://127.0.0.1:{}/2/rsvps?resume=none", server.port),
        Resume::fresh(),
        quick(),
    );
    let values = [
        "{\"a\":1}",
        "{\"b\":2}",
        "{\"c\":3}",
        "{\"d\":\"}{\"}",
        "{\n  \"e\": 5\n}",
        "{\"f\":6}",
        "{\"g\":7}",
        "<noise>",
        "{\"h\":8}",
    ];
    let items = running.bench.items(20).await;
    let messages: Vec<SourceItem> = items
        .iter()
        .filter(|item| matches!(item, SourceItem::Message(_)))
        .cloned()
        .collect();
    assert_eq!(
        texts(&messages),
        [&values[..], &values[..], &["{\"i\":9}"]].concat()
    );
    let SourceItem::Message(last) = &messages[18] else {
        panic!()
    };
    assert_eq!(last.location.to_string(), "message 19");
    let status = running
        .bench
        .status_is(|status| status.state == Activity::Live && status.reconnects == 2)
        .await;
    assert_eq!(
        (status.messages, status.values_cut, status.error),
        (19, 0, None)
    );
    running.stop().await;
}

#[tokio::test]
async fn values_without_line_ends_come_at_once() {
    let go_on = Arc::new(Notify::new());
    let server = serve(vec![vec![
        send(OK),
        send(chunk("{\"a\":1}")),
        // The next one is sent only when this one has come.
        Act::Until(Arc::clone(&go_on)),
        send(chunk("{\"b\":2}{\"c\"")),
        Act::Until(Arc::clone(&go_on)),
        send(chunk(":3}")),
        Act::Hold,
    ]])
    .await;
    let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
    let mut running = start(&address, Resume::fresh(), quick());
    for value in ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"] {
        assert_eq!(texts(&running.bench.items(1).await), [value]);
        go_on.notify_one();
    }
    running.stop().await;
}

#[tokio::test]
async fn bytes_that_become_no_value_are_told() {
    for beginning in ["prose without an end of line", "{\"never\":\"closed"] {
        let go_on = Arc::new(Notify::new());
        let server = serve(vec![vec![
            send(OK),
            send(chunk("{\"a\":1}")),
            send(chunk(beginning)),
            Act::Until(Arc::clone(&go_on)),
            send(chunk("\n{\"b\":2}\n")),
            Act::Hold,
        ]])
        .await;
        let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
        let options = Options {
            value_limit: Duration::from_millis(20),
            ..quick()
        };
        let mut running = start(&address, Resume::fresh(), options);
        assert_eq!(texts(&running.bench.items(1).await), ["{\"a\":1}"]);
        let status = running
            .bench
            .status_is(|status| status.error.is_some())
            .await;
        assert_eq!(status.state, Activity::Live);
        let error = status.error.unwrap();
        assert!(error.contains("without completing a value"), "{error}");
        go_on.notify_one();
        assert_eq!(
            texts(&running.bench.items(2).await),
            [&format!("<{beginning}>"), "{\"b\":2}"],
            "in the end it is refused, and counted"
        );
        running
            .bench
            .status_is(|status| status.error.is_none())
            .await;
        running.stop().await;
    }
}

/// The content of a body in every packing that is told by its first bytes.
fn packed(content: &[u8]) -> [Vec<u8>; 4] {
    let gzip = |content: &[u8]| {
        let mut gzip = flate2::GzBuilder::new()
            .filename("a name")
            .comment("a comment")
            .extra([1, 2, 3])
            .write(Vec::new(), flate2::Compression::fast());
        gzip.write_all(content).unwrap();
        gzip.finish().unwrap()
    };
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(content).unwrap();
    let (first, second) = content.split_at(content.len() / 3);
    [
        gzip(content),
        // Several members, and what fills the last block of a tape.
        [gzip(first), gzip(second), vec![0; 100]].concat(),
        zlib.finish().unwrap(),
        [
            zstd::encode_all(first, 1).unwrap(),
            zstd::encode_all(second, 1).unwrap(),
        ]
        .concat(),
    ]
}

fn binary_chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[tokio::test]
async fn a_packed_body_is_unpacked_as_it_comes() {
    let records: Vec<String> = (0..200).map(|n| record(T + n * 1000)).collect();
    let content = records.join("\n");
    for packed in packed(content.as_bytes()) {
        let half = packed.len() / 2;
        let single_bytes: Vec<u8> = packed
            .iter()
            .flat_map(|byte| binary_chunk(&[*byte]))
            .collect();
        let server = serve(vec![
            vec![
                send(OK),
                Act::Send(binary_chunk(&packed[..half])),
                Act::Send(binary_chunk(&packed[half..])),
                send("0\r\n\r\n"),
                Act::Close,
            ],
            vec![
                send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"),
                Act::Send(single_bytes),
                send("0\r\n\r\n"),
                Act::Close,
            ],
            vec![send(OK), Act::Hold],
        ])
        .await;
        let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
        let mut running = start(&address, Resume::fresh(), quick());
        let mut items = running.bench.items(401).await;
        items.retain(|item| matches!(item, SourceItem::Message(_)));
        assert_eq!(texts(&items), [&records[..], &records[..]].concat());
        running.stop().await;
    }
}

#[tokio::test]
async fn deflate_without_the_head_of_zlib_and_utf_16_are_read() {
    let records: Vec<String> = (0..200).map(|n| record(T + n * 1000)).collect();
    let content = records.join("\n");
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    raw.write_all(content.as_bytes()).unwrap();
    let raw = raw.finish().unwrap();
    let units = |big_endian: bool, mark: &str| -> Vec<u8> {
        let bytes = |unit: u16| match big_endian {
            true => unit.to_be_bytes(),
            false => unit.to_le_bytes(),
        };
        let text = format!("{mark}{content}");
        text.encode_utf16().flat_map(bytes).collect()
    };
    let deflate =
        "HTTP/1.1 200 OK\r\nContent-Encoding: Deflate\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (head, body) in [
        (deflate, raw),
        (deflate, content.clone().into_bytes()),
        (OK, units(false, "\u{feff}")),
        (OK, units(true, "\u{feff}")),
        (OK, units(false, "")),
        (OK, units(true, "")),
    ] {
        let half = body.len() / 2 + 1;
        let server = serve(vec![
            vec![
                send(head),
                Act::Send(binary_chunk(&body[..3])),
                Act::Send(binary_chunk(&body[3..half])),
                Act::Send(binary_chunk(&body[half..])),
                send("0\r\n\r\n"),
                Act::Close,
            ],
            vec![send(OK), Act::Hold],
        ])
        .await;
        let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
        let mut running = start(&address, Resume::fresh(), quick());
        assert_eq!(texts(&running.bench.items(200).await), records);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_answers_without_a_stream_has_failed_until_it_does() {
    let page =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n<html>";
    for answer in [
        "HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 410 No\r\nContent-Length: 0\r\n\r\n",
        page,
    ] {
        let refused = vec![send(answer), Act::Close];
        let server = serve(vec![
            refused.clone(),
            refused.clone(),
            vec![send(OK), send(line(T)), Act::Reset],
            refused.clone(),
            refused.clone(),
            refused,
            vec![send(OK), send(line(T + 1)), Act::Hold],
        ])
        .await;
        let address = format!("http://127.0.0.1:{}/feed", server.port);
        let mut running = start(&address, Resume::fresh(), quick());
        let failed = |status: &crate::Status| status.state == Activity::Failed;
        let error = running.bench.status_is(failed).await.error.unwrap();
        assert!(
            error.starts_with("the server ") || error.starts_with("a web page came"),
            "it is named beside its error: {error}"
        );
        // It goes on as soon as there is a stream, and one outage has one gap, told at once and up to its end.
        let items = running.bench.items(4).await;
        assert_eq!(texts(&items[..1]), [record(T)]);
        let [first, second] = &gaps(&items)[..] else {
            panic!("{items:?}")
        };
        assert_eq!((first.to_ms, &first.cause), (second.from_ms, &second.cause));
        assert_eq!(texts(&items[3..]), [record(T + 1)]);
        let status = running
            .bench
            .status_is(|status| status.state == Activity::Live)
            .await;
        assert_eq!(
            (status.gaps, status.reconnects, status.error),
            (1, 1, None),
            "{answer}"
        );
        running.stop().await;
    }
}

#[tokio::test]
async fn a_packed_body_that_is_damaged_is_an_interruption_that_says_so() {
    let records: Vec<String> = (0..200).map(|n| record(T + n * 1000)).collect();
    for mut packed in packed(records.join("\n").as_bytes()) {
        // Within the first member or frame: cut between two, the content would be whole.
        let cut = packed[..packed.len() / 4].to_vec();
        let in_the_middle = packed.len() / 2;
        packed[in_the_middle..in_the_middle + 8].fill(0xff);
        let again = vec![send(OK), send(line(T)), Act::Hold];
        for (body, part) in [(cut, "packed content breaks off"), (packed, "")] {
            let script = vec![
                send(OK),
                Act::Send(binary_chunk(&body)),
                send("0\r\n\r\n"),
                Act::Close,
            ];
            let server = serve(vec![script, again.clone()]).await;
            let address = format!("http://127.0.0.1:{}/2/rsvps?resume=none", server.port);
            let mut running = start(&address, Resume::fresh(), quick());
            let status = running
                .bench
                .status_is(|status| status.error.is_some())
                .await;
            let error = status.error.unwrap();
            assert!(
                error.contains(part),
                "{error}, of {} bytes: {}",
                body.len(),
                body.escape_ascii()
            );
            running
                .bench
                .status_is(|status| {
                    status.state == Activity::Live && status.error.is_none() && status.messages > 0
                })
                .await;
            running.stop().await;
        }
    }
}

#[tokio::test]
async fn a_little_that_becomes_very_much_is_bounded() {
    // A MiB of zeros in a text, then 64 MiB of blanks between two values: a few kilobytes.
    let content = [
        b"{\"a\":1}".to_vec(),
        vec![b' '; 64 << 20],
        b"{\"b\":2}".to_vec(),
    ]
    .concat();
    let bomb = zstd::encode_all(&content[..], 19).unwrap();
    assert!(bomb.len() < 64 << 10);
    let server = serve(vec![vec![
        send(OK),
        Act::Send(binary_chunk(&bomb)),
        Act::Hold,
    ]])
    .await;
    let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
    let mut running = start(&address, Resume::fresh(), quick());
    assert_eq!(
        texts(&running.bench.items(2).await),
        ["{\"a\":1}", "{\"b\":2}"]
    );
    running.stop().await;
}

/// What the second request asks for, after these values came over the first connection.
async fn since_after(values: &[String]) -> (i64, i64, String) {
    let mut script = vec![send(OK)];
    script.extend(
        values
            .iter()
            .map(|value| send(chunk(&format!("{value}\n")))),
    );
    script.push(Act::Reset);
    let mut server = serve(vec![script, vec![send(OK), Act::Hold]]).await;
    let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
    let before = now_ms();
    let mut running = start(&address, Resume::fresh(), quick());
    running.bench.items(values.len()).await;
    let after = now_ms();
    server.head().await;
    let head = server.head().await;
    running.stop().await;
    (before, after, head.lines().next().unwrap().to_owned())
}

fn since_of(request: &str) -> i64 {
    let (_, since) = request.split_once("since_mtime=").expect(request);
    since.trim_end_matches(" HTTP/1.1").parse().unwrap()
}

#[tokio::test]
async fn a_place_to_resume_from_is_never_later_than_the_arrival_minus_the_overlap() {
    // One record that is ahead of all others says nothing.
    let now = now_ms();
    let times = [now - 3_001, now - 2_001, now + 288_001, now - 1_001];
    let (_, _, request) = since_after(&times.map(record)).await;
    assert_eq!(since_of(&request), now - 2_001 - OVERLAP_MS);
    // When all are, it is the clock here that is behind, and what comes from now on is asked for.
    let times = [now + 288_001, now + 289_001, now + 290_001];
    let (before, after, request) = since_after(&times.map(record)).await;
    let since = since_of(&request);
    assert!(
        (before - OVERLAP_MS..=after - OVERLAP_MS).contains(&since),
        "{since} is not the overlap before the arrival, {before} to {after}"
    );
}

#[tokio::test]
async fn the_time_of_a_refused_record_moves_nothing() {
    let refused = |mtime: i64| format!("{{\"refused\":true,\"mtime\":{mtime}}}");
    let broken = |mtime: i64| format!("{{'rsvp_id':1,\"mtime\":{mtime}}}");
    let (_, _, request) = since_after(&[
        record(T),
        record(T + 1),
        record(T + 2),
        refused(T + 3_000_000),
        refused(T + 3_000_001),
        broken(T + 4_000_000),
        refused(T + 3_000_002),
    ])
    .await;
    assert_eq!(since_of(&request), T - OVERLAP_MS);
}

#[tokio::test]
async fn without_a_place_to_resume_from_an_interruption_is_a_gap() {
    let server = serve(vec![
        vec![send(OK), send(chunk("noise\n{}\n")), Act::Reset],
        vec![send(OK), Act::Hold],
    ])
    .await;
    let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
    let mut running = start(&address, Resume::fresh(), quick());
    let items = running.bench.items(3).await;
    assert_eq!(gaps(&items).len(), 1, "{items:?}");
    running.stop().await;
}

#[tokio::test]
async fn it_goes_on_where_it_was_when_the_server_can() {
    let mut server = serve(vec![
        // An old one after the greatest, and one cut off.
        vec![
            send(OK),
            send(line(T + 5000)),
            send(line(T + 5500)),
            send(line(T + 5800)),
            send(line(T)),
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
    let since = T + 5000 - OVERLAP_MS;
    assert!(
        head.starts_with(&format!(
            "GET /2/rsvps?event_id=x&since_mtime={since} HTTP/1.1\r\n"
        )),
        "{head}"
    );
    while batches.iter().map(|batch| batch.items.len()).sum::<usize>() < 6 {
        batches.push(running.bench.next().await.unwrap());
    }
    let position = last_position(&batches).unwrap();
    let ResumeState::Http { cursor_ms, .. } = position.state else {
        panic!("{position:?}")
    };
    assert_eq!(cursor_ms, Some(T + 5000));
    let mut items = all_items(batches);
    let gap = gaps(&items).remove(0);
    assert!(gap.cause.starts_with("may be incomplete"), "{gap:?}");
    items.retain(|item| matches!(item, SourceItem::Message(_)));
    assert_eq!(
        texts(&items),
        [T + 5000, T + 5500, T + 5800, T, T + 6000].map(record),
        "a value that was cut off is no message"
    );
    let status = running
        .bench
        .status_is(|status| status.state == Activity::Live && status.reconnects == 1)
        .await;
    assert_eq!((status.gaps, status.values_cut), (1, 1));
    running.stop().await;

    // Another process goes on from what was stored.
    let mut running = start(&address, Resume::from(vec![position]), quick());
    let head = server.head().await;
    assert!(
        head.contains(&format!("since_mtime={}", T + 5000 - OVERLAP_MS)),
        "{head}"
    );
    assert_eq!(texts(&running.bench.items(2).await)[1], record(T + 6000));
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
        .map(|batch: &crate::MessageBatch| batch.messages())
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
    let seen = position.seen_ms().unwrap();
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
    let state = ResumeState::Http {
        cursor_ms: Some(T),
        seen_ms: hours_ago,
    };
    let position = Position::new(identity_of(&address), None, state);
    let options = Options {
        proved_after: Duration::from_millis(1),
        ..quick()
    };
    let mut running = start(&address, Resume::from(vec![position]), options);
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
            "sends image/png, not JSON",
        ),
        (
            vec![
                answer("200 OK\r\nContent-Type: text/event-stream", "x"),
                Act::Close,
            ],
            "text/event-stream",
        ),
        (
            vec![answer("200 OK\r\nContent-Encoding: br", "x"), Act::Close],
            "packed as br",
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
            "to http://elsewhere/x?t=***, and headcount does not follow redirects",
        ),
        (
            vec![answer("301 Moved\r\nLocation: http://[oh", ""), Act::Close],
            "does not follow redirects",
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
            "too many requests",
        ),
        (
            vec![answer("500 Oh", "<html>"), Act::Close],
            "answers 500: it has an internal error",
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
        (vec![send(OK), Act::Hold], "nothing came from the server"),
        (vec![send(OK), send("5\r\n{\"a\""), Act::Close], "broke off"),
        (vec![send(OK), send("zz\r\nxx"), Act::Hold], "broke off"),
        (
            vec![
                send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"a\":"),
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
        // Where a connection was lost before anything came there is a gap: nothing says from where on to ask.
        let mut items = Vec::new();
        while !items
            .iter()
            .any(|item| matches!(item, SourceItem::Message(_)))
        {
            items.extend(running.bench.next().await.unwrap().items);
        }
        items.retain(|item| matches!(item, SourceItem::Message(_)));
        assert_eq!(texts(&items), [record(T)], "{shown}");
        assert_eq!(
            running
                .bench
                .status_is(|status| status.state == Activity::Live)
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
        (Activity::Connecting, 0),
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
    let error = status.error.unwrap();
    assert!(error.contains("lookup address"), "{error}");
    // It stops at once also while it waits to try again.
    running
        .bench
        .status_is(|status| status.state == Activity::Connecting)
        .await;
    running.stop().await;
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
async fn a_value_too_long_is_one_refused_message() {
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
    let SourceItem::Message(message) = &items[0] else {
        panic!()
    };
    assert!(
        matches!(message.broken, Some(Broken::TooBig { .. }))
            && message.bytes.len() == crate::framing::EXCERPT_BYTES
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

#[tokio::test]
async fn it_resumes_by_the_servers_clock_on_a_machine_that_is_an_hour_behind() {
    const HOUR: i64 = 3_600_000;
    let begun = now_ms();
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_millis(HOUR as u64));
    let ok = OK.replace("Transfer", &format!("Date: {date}\r\nTransfer"));
    let first = begun + HOUR - 5_000;
    let mut server = serve(vec![
        vec![
            send(&ok),
            send(line(first)),
            send(line(first + 1)),
            send(line(first + 2)),
            Act::Reset,
        ],
        vec![send(&ok), send(line(first + 3)), Act::Hold],
        vec![send(&ok), Act::Hold],
        vec![send(&ok), send(line(first + 4)), Act::Hold],
    ])
    .await;
    let address = format!("http://127.0.0.1:{}/2/rsvps", server.port);
    let since = |head: &str| -> i64 {
        let asked = head.split_once("since_mtime=").unwrap().1;
        asked.split(' ').next().unwrap().parse().unwrap()
    };
    let mut running = start(&address, Resume::fresh(), quick());
    server.head().await;
    let mut batches = Vec::new();
    while batches
        .iter()
        .map(|batch: &crate::MessageBatch| batch.messages())
        .sum::<usize>()
        < 4
    {
        batches.push(running.bench.next().await.unwrap());
    }
    assert_eq!(since(&server.head().await), first - OVERLAP_MS);
    let behind = |status: &crate::Status| {
        status
            .clock_lead_s
            .is_some_and(|s| (3_590..3_601).contains(&s))
    };
    running.bench.status_is(behind).await;
    let position = last_position(&batches).unwrap();
    running.stop().await;

    // Another process has only this machine's clock to begin with, and then the server's.
    let mut running = start(&address, Resume::from(vec![position]), quick());
    assert!(since(&server.head().await) <= now_ms() - OVERLAP_MS);
    assert_eq!(since(&server.head().await), first + 1 - OVERLAP_MS);
    assert_eq!(texts(&running.bench.items(2).await)[1], record(first + 4));
    running.stop().await;
}
