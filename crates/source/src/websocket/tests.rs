#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame as RawFrame, FrameHeader};
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::message::SourceItem;
use crate::position::{Position, Resume, ResumeState};
use crate::run::Options;
use crate::status::Activity;
use crate::testing::*;
use headcount_clock::now_ms;

/// What a server does after the handshake.
#[derive(Debug, Clone)]
enum Play {
    Send(Frame),
    /// Answers pings until so many have come.
    Pings(usize),
    /// Says no more and hears nothing, but stays.
    Deaf,
    /// Answers pings for ever.
    Listen,
    Close(u16, &'static str),
    Reset,
}

/// The first connection is played to by the first script, and so on, the last one for ever.
async fn serve_frames(scripts: Vec<Vec<Play>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}/2/rsvps", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let script = scripts[scripts.len().min(number + 1) - 1].clone();
            tokio::spawn(play_frames(stream, script));
        }
    });
    address
}

async fn play_frames(stream: TcpStream, script: Vec<Play>) {
    let mut socket = accept_async(stream).await.unwrap();
    for play in script {
        let sent = match play {
            Play::Send(frame) => socket.send(frame).await,
            Play::Pings(count) => hear_pings(&mut socket, count).await,
            Play::Deaf => return std::future::pending().await,
            Play::Listen => hear_pings(&mut socket, usize::MAX).await,
            Play::Close(code, reason) => {
                let frame = CloseFrame {
                    code: CloseCode::from(code),
                    reason: reason.into(),
                };
                let _ = socket.close(Some(frame)).await;
                while let Some(Ok(_)) = socket.next().await {}
                return;
            }
            Play::Reset => return drop(socket.get_ref().set_zero_linger()),
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn hear_pings(
    socket: &mut WebSocketStream<TcpStream>,
    count: usize,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let mut heard = 0;
    while heard < count {
        match socket.next().await {
            Some(Ok(Frame::Ping(_))) => heard += 1,
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error),
            None => return Err(tokio_tungstenite::tungstenite::Error::ConnectionClosed),
        }
    }
    Ok(())
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn text(text: &str) -> Play {
    Play::Send(Frame::text(text))
}

/// Messages and gaps until there are so many messages.
async fn until_messages(running: &mut Running, count: usize) -> Vec<SourceItem> {
    let mut items: Vec<SourceItem> = Vec::new();
    while items
        .iter()
        .filter(|item| matches!(item, SourceItem::Message(_)))
        .count()
        < count
    {
        items.extend(running.bench.next().await.unwrap().items);
    }
    items
}

#[tokio::test]
async fn a_message_holds_values() {
    let long = "x".repeat(crate::framing::VALUE_MAX + 1);
    let fragments = [
        Play::Send(Frame::Frame(RawFrame::message(
            "{\"d\"",
            OpCode::Data(Data::Text),
            false,
        ))),
        Play::Send(Frame::Ping("between".into())),
        Play::Send(Frame::Frame(RawFrame::message(
            ":4}",
            OpCode::Data(Data::Continue),
            true,
        ))),
    ];
    let script = [
        vec![
            text("{\"a\":1}"),
            Play::Send(Frame::binary("{\"b\":2}")),
            text(""),
            text(" \n"),
            text("{}{}\n{}"),
            text("[{\"x\":1}, {\"y\":2}]"),
            text("{\"u\":1}\r\nnoise\r\n{\"v\":2}"),
            Play::Send(Frame::binary(gzip(b"{\"g\":1}\n{\"g\":2}"))),
            Play::Send(Frame::binary(zlib(b"{\"h\":1}{\"h\":2}"))),
            Play::Send(Frame::binary(
                zstd::encode_all(&b"{\"i\":1}"[..], 1).unwrap(),
            )),
            text(&long),
        ],
        vec![Play::Send(Frame::binary(vec![0xff, 0xfe]))],
        fragments.to_vec(),
        vec![Play::Listen],
    ];
    let address = serve_frames(vec![script.concat()]).await;
    let mut running = start(&address, Resume::fresh(), quick());
    let items = running.bench.items(18).await;
    let long = format!("<{} bytes>", long.len());
    assert_eq!(
        texts(&items),
        [
            "{\"a\":1}",
            "{\"b\":2}",
            "{}",
            "{}",
            "{}",
            "{\"x\":1}",
            "{\"y\":2}",
            "{\"u\":1}",
            "<noise>",
            "{\"v\":2}",
            "{\"g\":1}",
            "{\"g\":2}",
            "{\"h\":1}",
            "{\"h\":2}",
            "{\"i\":1}",
            &long,
            "<\u{fffd}\u{fffd}>",
            "{\"d\":4}"
        ]
    );
    let status = running.bench.status.borrow().clone();
    assert_eq!(
        (status.state, status.messages, status.gaps, status.error),
        (Activity::Live, 18, 0, None)
    );
    assert_eq!(running.stop().await, []);
}

#[tokio::test]
async fn what_is_not_utf_8_or_too_long_is_one_dead_letter_and_no_lost_connection() {
    let raw = |bytes: &[u8], kind, is_final| {
        Play::Send(Frame::Frame(RawFrame::message(
            bytes.to_vec(),
            OpCode::Data(kind),
            is_final,
        )))
    };
    let too_long = vec![b'x'; (8 << 20) + 1];
    let in_latin_1 = b"{\"name\":\"Caf\xe9\"}";
    let (first, rest) = in_latin_1.split_at(14);
    let script = vec![
        text("{\"a\":1}"),
        raw(b"Caf\xe9", Data::Text, true),
        // In parts, cut within what is wrong and before it; packed; beside a value that is right.
        raw(b"\xfd", Data::Text, false),
        raw(b"\xfc!", Data::Continue, true),
        raw(first, Data::Text, false),
        raw(rest, Data::Continue, true),
        Play::Send(Frame::binary(gzip(b"\xc3\x28"))),
        Play::Send(Frame::binary(gzip(b"{\"b\":2}\n\xc3\x28\n{\"c\":3}"))),
        raw(&too_long, Data::Text, true),
        text("{\"z\":9}"),
        Play::Listen,
    ];
    let address = serve_frames(vec![script]).await;
    let mut running = start(&address, Resume::fresh(), quick());
    let items = running.bench.items(10).await;
    let reasons: Vec<Option<&str>> = items
        .iter()
        .map(|item| match item {
            SourceItem::Message(message) => message.broken.as_ref().map(|broken| broken.reason()),
            SourceItem::Gap(gap) => panic!("{gap:?}"),
        })
        .collect();
    assert_eq!(
        texts(&items),
        [
            "{\"a\":1}",
            "<Caf\u{fffd}>",
            "<\u{fffd}\u{fffd}!>",
            // It is an object: the decoder says what is wrong in it.
            "{\"name\":\"Caf\u{fffd}\"}",
            "<\u{fffd}(>",
            "{\"b\":2}",
            "<\u{fffd}(>",
            "{\"c\":3}",
            &format!("<{} bytes>", too_long.len()),
            "{\"z\":9}",
        ]
    );
    let bad = Some("bad_utf8");
    assert_eq!(
        reasons,
        [
            None,
            bad,
            bad,
            None,
            bad,
            None,
            Some("bad_json"),
            None,
            Some("too_big"),
            None
        ]
    );
    let status = running.bench.status.borrow().clone();
    assert_eq!((status.state, status.reconnects), (Activity::Live, 0));
    running.stop().await;
}

#[tokio::test]
async fn every_disconnect_is_a_gap_that_says_why() {
    let packed = Play::Send(Frame::Frame(RawFrame::from_payload(
        FrameHeader {
            rsv1: true,
            opcode: OpCode::Data(Data::Text),
            ..FrameHeader::default()
        },
        "{}".into(),
    )));
    let table = [
        (Play::Close(1000, ""), "closed the connection (1000)"),
        (Play::Close(1001, "going away"), "(1001: going away)"),
        (
            Play::Close(1011, "oh\r\n2026 ERROR forged"),
            "(1011: oh  2026 ERROR forged)",
        ),
        (Play::Close(4000, "own"), "(4000: own)"),
        (Play::Reset, "reset by peer"),
        (Play::Deaf, "no sign of life"),
        (packed, "permessage-deflate"),
    ];
    let mut scripts: Vec<Vec<Play>> = table
        .iter()
        .map(|(play, _)| vec![text("{\"a\":1}"), play.clone(), Play::Listen])
        .collect();
    scripts.push(vec![text("{\"z\":1}"), Play::Listen]);
    let address = serve_frames(scripts).await;
    let begun = now_ms();
    let options = Options {
        idle_limit: Duration::from_secs(1),
        ..quick()
    };
    let mut running = start(&address, Resume::fresh(), options);
    let items = until_messages(&mut running, table.len() + 1).await;
    assert_eq!(items.len(), 2 * table.len() + 1, "{:?}", texts(&items));
    let mut before = begun;
    for (pair, (_, expected)) in items.chunks(2).zip(&table) {
        let [SourceItem::Message(_), SourceItem::Gap(gap)] = pair else {
            panic!("{pair:?}")
        };
        assert!(
            gap.cause.to_lowercase().contains(&expected.to_lowercase()),
            "{expected}: {gap:?}"
        );
        assert!(
            before <= gap.from_ms && gap.from_ms <= gap.to_ms && gap.to_ms <= now_ms(),
            "{gap:?}"
        );
        before = gap.from_ms;
    }
    let status = running
        .bench
        .status_is(|status| status.state == Activity::Live)
        .await;
    assert_eq!(
        (status.gaps, status.reconnects),
        (table.len() as u64, table.len() as u64)
    );
    running.stop().await;
}

#[tokio::test]
async fn pongs_keep_a_silent_stream_alive() {
    // Ten pings last longer than the limit on silence.
    let address = serve_frames(vec![vec![Play::Pings(10), text("{\"a\":1}"), Play::Listen]]).await;
    let options = Options {
        idle_limit: Duration::from_millis(800),
        ..quick()
    };
    let mut running = start(&address, Resume::fresh(), options);
    assert_eq!(texts(&running.bench.items(1).await), ["{\"a\":1}"]);
    assert_eq!(running.bench.status.borrow().reconnects, 0);
    running.stop().await;
}

#[tokio::test]
async fn what_an_earlier_process_knew_becomes_a_gap() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let address = format!("ws://127.0.0.1:{port}/2/rsvps");
    let seen = now_ms() - 5000;
    let state = ResumeState::WebSocket { seen_ms: seen };
    let resume = Resume::from(vec![Position::new(identity_of(&address), None, state)]);
    // The first attempt fails, and the gap is told at once.
    let mut running = start(&address, resume, quick());
    let batch = running.bench.next().await.unwrap();
    let gap = gaps(&batch.items).remove(0);
    assert_eq!(
        (gap.from_ms, &*gap.cause),
        (seen, "headcount was not running")
    );
    assert!(batch.position.unwrap().seen_ms().unwrap() >= gap.to_ms);
    let status = running
        .bench
        .status_is(|status| status.error.is_some())
        .await;
    assert_eq!((status.state, status.gaps), (Activity::Connecting, 1));
    // Then somebody listens there, and the rest of the outage is told.
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let accepted = tokio::spawn(async move {
        let mut socket = accept_async(listener.accept().await.unwrap().0)
            .await
            .unwrap();
        socket.send(Frame::text("{}")).await.unwrap();
        let _ = hear_pings(&mut socket, usize::MAX).await;
    });
    let rest = until_messages(&mut running, 1).await;
    let second = gaps(&rest).remove(0);
    assert_eq!(
        (second.from_ms, texts(&rest[1..])),
        (gap.to_ms, vec!["{}".to_owned()])
    );
    running.stop().await;
    accepted.await.unwrap();
}

#[tokio::test]
async fn what_is_no_websocket_is_explained() {
    for (answer, expected) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "is it an http:// stream?",
        ),
        (
            "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
            "does not follow redirects",
        ),
        (
            "HTTP/1.1 301 Moved\r\nLocation: https://other.org/2/rsvps?token=secret\r\nContent-Length: 0\r\n\r\n",
            "redirects to wss://other.org/2/rsvps?token=***, and headcount does not follow redirects: give that address",
        ),
        (
            "HTTP/1.1 307 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
            "/x, and headcount does not follow redirects: give that address",
        ),
        (
            "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
            "refuses access",
        ),
        (
            "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
            "no stream at this path",
        ),
        (
            "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
            "internal error",
        ),
        (
            "HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
            "another protocol than websocket",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "http"),
        ("", "no connection within"),
    ] {
        let mut server = serve(vec![vec![Act::Send(answer.into()), Act::Hold]]).await;
        let options = Options {
            connect_limit: Duration::from_millis(200),
            ..quick()
        };
        let mut running = start(
            &format!("ws://joe:pw@127.0.0.1:{}/x", server.port),
            Resume::fresh(),
            options,
        );
        let error = running
            .bench
            .status_is(|status| status.error.is_some())
            .await
            .error
            .unwrap();
        assert!(
            error.to_lowercase().contains(expected),
            "{answer:?}: {error}"
        );
        let head = server.head().await.to_lowercase();
        assert!(
            head.contains("authorization: basic ") && !error.contains("pw@"),
            "{head} {error}"
        );
        assert_eq!(running.stop().await, []);
    }
}

#[tokio::test]
async fn it_takes_leave() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}/2/rsvps", listener.local_addr().unwrap());
    let (sender, mut closed) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut socket = accept_async(listener.accept().await.unwrap().0)
            .await
            .unwrap();
        socket.send(Frame::text("{}")).await.unwrap();
        while let Some(Ok(frame)) = socket.next().await {
            if let Frame::Close(_) = frame {
                sender.send(()).await.unwrap();
            }
        }
    });
    let mut running = start(&address, Resume::fresh(), quick());
    running.bench.items(1).await;
    running.stop().await;
    tokio::time::timeout(LIMIT, closed.recv())
        .await
        .unwrap()
        .expect("the server was told");
}
