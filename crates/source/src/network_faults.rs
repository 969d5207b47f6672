//! What networks and servers do wrong, to every source that is a stream: it is told, it is survived, and the next record
//! comes.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::message::SourceItem;
use crate::position::Resume;
use crate::run::Options;
use crate::status::Activity;
use crate::testing::*;

const RECORD: &str = "{\"rsvp_id\":1,\"mtime\":1500000000001}";

/// A stream over HTTP or WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http,
    WebSocket,
}

use Protocol::{Http, WebSocket};

impl Protocol {
    fn address(self, port: u16) -> String {
        match self {
            Http => format!("http://127.0.0.1:{port}/feed"),
            WebSocket => format!("ws://127.0.0.1:{port}/feed"),
        }
    }

    /// The answer that opens the stream.
    fn opened(self) -> Act {
        match self {
            Http => Act::Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
            WebSocket => Act::Upgrade,
        }
    }

    fn record(self) -> Vec<u8> {
        match self {
            Http => [
                format!("{:x}\r\n", RECORD.len() + 1),
                RECORD.to_owned(),
                "\n\r\n".to_owned(),
            ]
            .concat()
            .into_bytes(),
            WebSocket => frame(0x81, RECORD.as_bytes()),
        }
    }
}

/// A frame of a WebSocket, whatever its first byte says.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(length as u8),
        length @ 126..65536 => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

fn options() -> Options {
    Options {
        connect_limit: Duration::from_secs(1),
        idle_limit: Duration::from_millis(500),
        ..quick()
    }
}

/// How a connection goes wrong, and what is said of it.
fn faults() -> Vec<(&'static str, Protocol, Vec<Act>, &'static str)> {
    let mut faults = Vec::new();
    for protocol in [Http, WebSocket] {
        let mut half = protocol.record();
        half.truncate(half.len() / 2);
        let mut add = |name, script, part| faults.push((name, protocol, script, part));
        add(
            "silence after the connection",
            vec![Act::Hold],
            match protocol {
                Http => "the server does not answer",
                WebSocket => "no connection within",
            },
        );
        add(
            "silence of a stream",
            vec![protocol.opened(), Act::Send(protocol.record()), Act::Hold],
            match protocol {
                Http => "nothing came from the server",
                WebSocket => "no sign of life",
            },
        );
        add(
            "a reset within a record",
            vec![protocol.opened(), Act::Send(half.clone()), Act::Reset],
            "reset",
        );
        add(
            "an end within a record",
            vec![protocol.opened(), Act::Send(half), Act::Close],
            match protocol {
                Http => "broke off",
                WebSocket => "dropped the connection",
            },
        );
        for (status, part) in [
            ("301 Moved\r\nLocation: /feed", "redirects to"),
            ("401 No", "refuses access"),
            ("404 No", "no stream at this path"),
            ("429 Slow\r\nRetry-After: -7", "too many requests"),
            ("500 Oh", "internal error"),
        ] {
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            add(status, vec![Act::Send(answer.into()), Act::Close], part);
        }
    }
    let mut websocket = |name, bytes: Vec<u8>, part| {
        let script = vec![Act::Upgrade, Act::Send(bytes), Act::Hold];
        faults.push((name, WebSocket, script, part));
    };
    websocket(
        "a masked frame",
        b"\x81\x81\0\0\0\0x".to_vec(),
        "masks its frames",
    );
    websocket("an extension", frame(0xc1, b"{}"), "permessage-deflate");
    websocket(
        "a continuation of nothing",
        frame(0x80, b"{}"),
        "did not begin",
    );
    websocket("an unknown frame", frame(0x83, b"{}"), "opcode");
    websocket("a ping in parts", frame(0x09, b""), "in parts");
    websocket(
        "a frame without an end",
        vec![0x81, 127, 0, 0, 0, 0, 4, 0, 0, 0],
        "no sign of life",
    );
    for code in [
        1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1015, 4000,
    ] {
        let farewell = frame(0x88, &code.to_be_bytes());
        websocket("a farewell", farewell, "closed the connection (");
    }
    websocket(
        "a farewell without a code",
        frame(0x88, b""),
        "closed the connection",
    );
    faults
}

#[tokio::test]
async fn every_fault_is_told_and_survived() {
    for (name, protocol, script, part) in faults() {
        let server = serve(vec![
            script,
            vec![protocol.opened(), Act::Send(protocol.record()), Act::Hold],
        ])
        .await;
        let address = protocol.address(server.port);
        let mut running = start(&address, Resume::fresh(), options());
        let told =
            |status: &crate::Status| status.error.as_ref().is_some_and(|it| it.contains(part));
        running.bench.status_is(told).await;
        let mut messages = Vec::new();
        while messages.last() != Some(&RECORD.to_owned())
            || running.bench.status.borrow().state != Activity::Live
        {
            let batch = running.bench.next().await.unwrap();
            messages.extend(texts(&batch.items));
        }
        let wrong: Vec<&String> = messages
            .iter()
            .filter(|text| *text != RECORD && !text.starts_with("gap: "))
            .collect();
        assert!(wrong.is_empty(), "{name}, {protocol:?}: {wrong:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn bytes_one_by_one_and_a_burst_after_a_stall_lose_nothing() {
    const BURST: usize = 20_000;
    for protocol in [Http, WebSocket] {
        let go_on = Arc::new(Notify::new());
        let server = serve(vec![vec![
            protocol.opened(),
            Act::Trickle(protocol.record().repeat(3)),
            Act::Until(Arc::clone(&go_on)),
            Act::Send(protocol.record().repeat(BURST)),
            Act::Hold,
        ]])
        .await;
        let mut running = start(&protocol.address(server.port), Resume::fresh(), quick());
        assert_eq!(texts(&running.bench.items(3).await), [RECORD; 3]);
        go_on.notify_one();
        let burst = running.bench.items(BURST).await;
        assert!(texts(&burst).iter().all(|text| text == RECORD));
        assert_eq!(
            (burst.len(), running.bench.status.borrow().reconnects),
            (BURST, 0)
        );
        running.stop().await;
    }
}

/// Nothing but pings, or parts of a message that never ends: what came before is handed on, memory stays flat, and it
/// stops when it is told to.
#[tokio::test]
async fn a_flood_keeps_nothing_from_being_taken_and_stopped() {
    // A gzip of stored blocks with nothing in them (RFC 1951, 3.2.4).
    let blocks = b"\0\0\0\xff\xff".repeat(1000);
    let beginning = [
        &b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..],
        b"\0",
        &[RECORD.len() as u8, 0, !(RECORD.len() as u8), 0xff],
        RECORD.as_bytes(),
    ]
    .concat();
    let chunk =
        |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let server = serve(vec![vec![
        Http.opened(),
        Act::Send(chunk(&beginning)),
        Act::Flood(chunk(&blocks)),
    ]])
    .await;
    let mut running = start(&Http.address(server.port), Resume::fresh(), quick());
    assert_eq!(texts(&running.bench.items(1).await), [RECORD]);
    running.stop().await;
    for (name, flood) in [
        ("pings", frame(0x89, b"ping").repeat(1000)),
        ("empty parts", frame(0x00, b"").repeat(1000)),
        ("parts", frame(0x00, &[b'x'; 1000]).repeat(100)),
    ] {
        let mut beginning = WebSocket.record();
        if name != "pings" {
            beginning.extend(frame(0x01, b"{"));
        }
        let server = serve(vec![vec![
            Act::Upgrade,
            Act::Send(beginning),
            Act::Flood(flood),
        ]])
        .await;
        let options = Options {
            value_limit: Duration::from_millis(50),
            ..quick()
        };
        let mut running = start(&WebSocket.address(server.port), Resume::fresh(), options);
        assert_eq!(texts(&running.bench.items(1).await), [RECORD], "{name}");
        if name != "pings" {
            let told = |status: &crate::Status| {
                let error = status.error.as_deref().unwrap_or_default();
                error.contains("without completing a value")
            };
            running.bench.status_is(told).await;
        }
        running.stop().await;
    }
}

/// A server that sends the same records over every connection and goes: all are handed on each time, one gap between two
/// connections, and at growing delays.
#[tokio::test]
async fn the_same_records_after_every_connection_are_handed_on_each_time() {
    for protocol in [Http, WebSocket] {
        let script = vec![
            protocol.opened(),
            Act::Send(protocol.record().repeat(100)),
            Act::Close,
        ];
        let server = serve(vec![script]).await;
        let mut running = start(&protocol.address(server.port), Resume::fresh(), quick());
        let items = running.bench.items(1000).await;
        let messages = items
            .iter()
            .filter(|item| matches!(item, SourceItem::Message(_)))
            .count();
        let gaps = gaps(&items).len();
        assert_eq!(messages + gaps, items.len());
        assert!(
            (messages - 1) / 100 <= gaps + 1 && gaps <= messages / 100,
            "{messages} {gaps}"
        );
        running.stop().await;
    }
}
