//! Clients as they were written for the real stream: a socket, lines, JSON.

use std::{net::SocketAddr, sync::atomic::Ordering, time::Duration};

use futures_util::{SinkExt, StreamExt};
use headcount_record::Feed;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use super::*;

/// Nothing in these tests takes this long.
const LIMIT: Duration = Duration::from_secs(20);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        Self {
            address,
            stop,
            serving: tokio::spawn(serve(listener, options, shutdown)),
        }
    }

    /// A recording as fast as it is read.
    async fn of(lines: &[String], once: bool) -> Self {
        let programme = Programme::Recording(lines.iter().collect());
        Self::start(Options {
            speed: Speed::MAX,
            once,
            ..Options::new(programme)
        })
        .await
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(LIMIT, self.serving)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }

    /// Sends a request with nothing but a host.
    async fn ask(&self, target: &str) -> Client {
        self.send(&format!(
            "GET {target} HTTP/1.1\r\nHost: stream.meetup.com\r\n\r\n"
        ))
        .await
    }

    async fn send(&self, request: &str) -> Client {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut client = Client {
            stream: BufReader::new(stream),
            head: Vec::new(),
        };
        loop {
            let line = client.line().await;
            if line.is_empty() {
                return client;
            }
            client.head.push(line.to_lowercase());
        }
    }

    fn websocket(&self, target: &str) -> String {
        format!("ws://{}{target}", self.address)
    }
}

struct Client {
    stream: BufReader<TcpStream>,
    head: Vec<String>,
}

impl Client {
    async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(LIMIT, self.stream.read_line(&mut line))
            .await
            .unwrap()
            .unwrap();
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    /// One chunk with its LF, or nothing at the end of the body.
    async fn chunk(&mut self) -> String {
        let length = usize::from_str_radix(&self.line().await, 16).unwrap();
        let mut chunk = vec![0; length + 2];
        timeout(LIMIT, self.stream.read_exact(&mut chunk))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(&chunk[length..], b"\r\n");
        chunk.truncate(length);
        String::from_utf8(chunk).unwrap()
    }

    async fn rest(&mut self) -> String {
        let mut rest = String::new();
        timeout(LIMIT, self.stream.read_to_string(&mut rest))
            .await
            .unwrap()
            .unwrap();
        rest
    }

    /// A body whose length was announced.
    async fn body(&mut self) -> String {
        let length = self.header("content-length").parse().unwrap();
        let mut body = vec![0; length];
        timeout(LIMIT, self.stream.read_exact(&mut body))
            .await
            .unwrap()
            .unwrap();
        String::from_utf8(body).unwrap()
    }

    fn status(&self) -> &str {
        &self.head[0][9..12]
    }

    fn header(&self, name: &str) -> &str {
        let value = |line: &'_ String| line.strip_prefix(name)?.strip_prefix(": ").map(str::len);
        let line = self.head.iter().find(|line| value(line).is_some()).unwrap();
        &line[name.len() + 2..]
    }
}

fn of_feed(lines: &[String], feed: Feed) -> Vec<String> {
    let recording = |line: &&String| [line].into_iter().collect::<RecordedFeeds>().count(feed) == 1;
    lines
        .iter()
        .filter(recording)
        .map(|line| format!("{line}\n"))
        .collect()
}

#[tokio::test]
async fn a_plain_client_reads_one_object_a_chunk() {
    let lines = simulated(300);
    let server = Server::of(&lines, false).await;
    for feed in Feed::ALL {
        let expected = of_feed(&lines, feed);
        let mut client = server.ask(&format!("/2/{feed}")).await;
        assert_eq!(client.status(), "200");
        assert_eq!(
            client.header("content-type"),
            "application/json; charset=utf-8"
        );
        assert_eq!(client.header("transfer-encoding"), "chunked");
        // Twice, since it begins anew.
        for line in expected.iter().chain(&expected) {
            assert_eq!(client.chunk().await, *line);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_of_http_1_0_reads_lines() {
    let lines = simulated(50);
    let server = Server::of(&lines, false).await;
    let mut client = server.send("GET /2/rsvps HTTP/1.0\r\n\r\n").await;
    for line in of_feed(&lines, Feed::Rsvps) {
        assert_eq!(client.line().await + "\n", line);
    }
}

#[tokio::test]
async fn a_websocket_brings_one_object_a_message() {
    let lines = simulated(300);
    let server = Server::of(&lines, false).await;
    for feed in Feed::ALL {
        let address = server.websocket(&format!("/2/{feed}"));
        let (mut socket, _) = connect_async(address).await.unwrap();
        // Whatever a client says is not heeded.
        socket.send(Message::text("hello")).await.unwrap();
        for line in of_feed(&lines, feed) {
            let message = timeout(LIMIT, socket.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            assert_eq!(message.into_text().unwrap().as_str(), line.trim_end());
        }
        socket.close(None).await.unwrap();
    }
    let (mut socket, _) = connect_async(server.websocket("/2/rsvps?since_count=x"))
        .await
        .unwrap();
    let message = timeout(LIMIT, socket.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(message.into_text().unwrap().contains(r#""errors":"#));
    server.stop().await;
}

#[tokio::test]
async fn since_mtime_resumes_and_both_since_are_refused() {
    let lines: Vec<String> = (0..20)
        .map(|id| rsvp(id, 1_704_067_200_001 + i64::from(id)))
        .collect();
    let server = Server::of(&lines, true).await;
    let mut client = server.ask("/2/rsvps?since_mtime=1704067200015").await;
    for line in &lines[15..] {
        assert_eq!(client.chunk().await.trim_end(), line);
    }
    let mut client = server.ask("/2/rsvps?since_count=3").await;
    assert_eq!(client.chunk().await.trim_end(), lines[17]);
    let mut client = server.ask("/2/rsvps?event_id=e2").await;
    assert_eq!(client.chunk().await.trim_end(), lines[2]);
    let mut client = server.ask("/2/rsvps?since_mtime=1&since_count=3").await;
    assert_eq!(client.status(), "400");
    let errors: serde_json::Value = serde_json::from_str(&client.body().await).unwrap();
    assert!(
        errors["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("since_count")
    );
}

#[tokio::test]
async fn a_long_poll_calls_back() {
    let lines: Vec<String> = (0..5)
        .map(|id| rsvp(id, 1_704_067_200_001 + i64::from(id)))
        .collect();
    let server = Server::of(&lines, false).await;
    let mut client = server
        .ask("/2/rsvps?callback=jQuery1.cb&since_mtime=1704067200003")
        .await;
    assert_eq!(
        client.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    let body = client.body().await;
    let array = body
        .strip_prefix("/**/jQuery1.cb(")
        .unwrap()
        .strip_suffix(");\n")
        .unwrap();
    let records: Vec<serde_json::Value> = serde_json::from_str(array).unwrap();
    assert_eq!(records[0]["rsvp_id"], 3);
    assert!(records.len() > 2);
}

#[tokio::test]
async fn other_requests_get_a_clear_answer() {
    let server = Server::of(&simulated(20), false).await;
    let mut client = server.ask("/2/checkins").await;
    assert_eq!(client.status(), "404");
    assert!(client.body().await.contains("/2/open_events"));
    let client = server
        .send("POST /2/rsvps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(client.status(), "405");
    assert_eq!(server.ask("/").await.status(), "200");
    let request = "GET /2/rsvps HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(server.send(request).await.status(), "400");
    let client = server
        .send("HEAD /2/rsvps HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert_eq!(client.status(), "200");
}

#[tokio::test]
async fn the_eleventh_connection_is_told_so() {
    let lines = simulated(20);
    let server = Server::of(&lines, true).await;
    let mut clients = Vec::new();
    for _ in 0..9 {
        clients.push(server.ask("/2/rsvps").await);
    }
    let (socket, _) = connect_async(server.websocket("/2/rsvps")).await.unwrap();
    let mut refused = server.ask("/2/rsvps").await;
    assert_eq!(refused.status(), "429");
    assert!(
        refused
            .rest()
            .await
            .contains("at most 10 connections are allowed")
    );
    assert!(connect_async(server.websocket("/2/rsvps")).await.is_err());
    // A place comes free when the server has seen that the client is gone.
    drop(socket);
    let again = async { while server.ask("/2/rsvps").await.status() != "200" {} };
    timeout(LIMIT, again).await.unwrap();
}

#[tokio::test]
async fn shutdown_ends_every_stream() {
    let server = Server::of(&simulated(20), true).await;
    let mut client = server.ask("/2/rsvps").await;
    client.chunk().await;
    let (socket, _) = connect_async(server.websocket("/2/rsvps")).await.unwrap();
    server.stop().await;
    assert!(client.rest().await.ends_with("\r\n0\r\n\r\n"));
    let messages: Vec<_> = timeout(LIMIT, socket.collect()).await.unwrap();
    assert!(matches!(messages.last(), Some(Ok(Message::Close(_)))));
}

#[tokio::test]
async fn a_page_from_elsewhere_cannot_read_it_under_its_own_name() {
    let server = Server::of(&simulated(3), true).await;
    for path in ["/", "/2/rsvps", "/2/rsvps?callback=f", "/nothing"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: rebound.example:8000\r\n\r\n");
        let client = server.send(&request).await;
        assert!(
            client.head[0].contains(" 421 "),
            "{path}: {:?}",
            client.head
        );
    }
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (host, status) in [("rebound.example", " 421 "), ("localhost", " 101 ")] {
        let request = format!("GET /2/rsvps HTTP/1.1\r\nHost: {host}\r\n{upgrade}\r\n");
        let client = server.send(&request).await;
        assert!(client.head[0].contains(status), "{host}: {:?}", client.head);
    }
}

/// Records taken for a client that reads nothing, with a pipe of 4 KiB.
async fn taken_for_nothing(request: &'static str) -> u64 {
    use crate::{connection_slots::ConnectionSlots, http::Answerer, playback::Broadcast, server};

    let programme = Programme::Recording(simulated(200).iter().collect());
    let options = Options {
        speed: Speed::MAX,
        ..Options::new(programme)
    };
    let shown = Arc::clone(&options.shown);
    let slot = ConnectionSlots::new(1).take([127, 0, 0, 1].into()).unwrap();
    let (_ask, signal) = shutdown::channel();
    let names = Arc::new(crate::host::names(([127, 0, 0, 1], 80).into(), &[]));
    let broadcast = Arc::new(Broadcast::new(options));
    let answerer = Answerer::new(broadcast, names, slot, 1, signal.clone());
    let (mut client, end) = tokio::io::duplex(4096);
    let connection = tokio::spawn(server::connection(end, answerer, signal));
    client.write_all(request.as_bytes()).await.unwrap();
    // The clock is paused: this time is over when nobody has anything left to do.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let taken = shown.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(shown.load(Ordering::Relaxed), taken, "nothing moves");
    connection.abort();
    taken
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_costs_a_few_records() {
    let taken = taken_for_nothing("GET /2/rsvps HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!((1..30).contains(&taken), "{taken} over HTTP");
    let taken = taken_for_nothing(
        "GET /2/rsvps HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    .await;
    assert!((1..30).contains(&taken), "{taken} over a WebSocket");
}
