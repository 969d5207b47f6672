//! What the tests of sources share: a source's surroundings, and what came of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::address::SourceAddress;
use crate::any_source::AnySource;
use crate::error::{Ended, Error};
use crate::message::{Broken, Gap, MessageBatch, SourceItem};
use crate::position::{Position, Resume};
use crate::record_time::{ReadTime, RecordTime};
use crate::run::{Context, Options};
use crate::shutdown::{Trigger, shutdown};
use crate::sink::{BatchReceiver, SinkLimits, channel};
use crate::status::{Status, status};
use headcount_clock::Delays;

/// No test waits longer than this for anything.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// The other ends of a source's context.
pub(crate) struct Bench {
    pub(crate) inbox: BatchReceiver,
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) trigger: Trigger,
}

/// Short times, so that tests need not wait; but silence is long, for a busy machine is slow.
pub(crate) fn quick() -> Options {
    Options {
        connect_limit: Duration::from_secs(5),
        idle_limit: LIMIT,
        ping_interval: Duration::from_millis(100),
        delays: Delays {
            first: Duration::from_millis(2),
            most: Duration::from_millis(20),
        },
        refusal_delays: Delays {
            first: Duration::from_millis(2),
            most: Duration::from_millis(20),
        },
        proved_after: Duration::from_secs(2),
        poll_interval: Duration::from_millis(2),
        still_limit: Duration::from_millis(100),
        ..Options::default()
    }
}

/// The time of what these tests call a record: it has an `mtime`, and nothing that is `refused`.
fn read_time(record: &[u8]) -> Option<RecordTime> {
    #[derive(serde::Deserialize)]
    struct Record {
        mtime: i64,
        refused: Option<bool>,
    }
    let record: Record = serde_json::from_slice(record).ok()?;
    record.refused.is_none().then_some(RecordTime {
        ms: record.mtime,
        is_live: record.mtime % 1000 != 0,
    })
}

pub(crate) fn bench(resume: Resume, options: Options) -> (Context, Bench) {
    let (sink, inbox) = channel(SinkLimits::default());
    let (report, status) = status("test");
    let (trigger, shutdown) = shutdown();
    (
        Context {
            sink,
            resume,
            report,
            shutdown,
            read_time: ReadTime::new(read_time),
            options,
        },
        Bench {
            inbox,
            status,
            trigger,
        },
    )
}

impl Bench {
    pub(crate) async fn next(&mut self) -> Option<MessageBatch> {
        let delivery = timeout(LIMIT, self.inbox.next())
            .await
            .expect("a batch comes in time");
        delivery.map(|delivery| delivery.open().0)
    }

    /// Everything until the source ends.
    pub(crate) async fn rest(&mut self) -> Vec<MessageBatch> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch);
        }
        batches
    }

    /// Items, in whatever batches, until there are so many.
    pub(crate) async fn items(&mut self, count: usize) -> Vec<SourceItem> {
        let mut items = Vec::new();
        while items.len() < count {
            items.extend(self.next().await.expect("the source goes on").items);
        }
        items
    }

    pub(crate) async fn status_is(&mut self, wanted: impl FnMut(&Status) -> bool) -> Status {
        let reached = timeout(LIMIT, self.status.wait_for(wanted)).await;
        if let Ok(Ok(status)) = reached {
            return status.clone();
        }
        drop(reached);
        panic!("the status is not reached: {:?}", self.status.borrow())
    }
}

/// The items as text: messages as they are (broken ones in angle brackets), gaps by their cause.
pub(crate) fn texts(items: &[SourceItem]) -> Vec<String> {
    let show = |item: &SourceItem| match item {
        SourceItem::Message(message) => {
            let text = String::from_utf8_lossy(&message.bytes);
            match &message.broken {
                None => text.into_owned(),
                Some(Broken::TooBig { length, .. }) => format!("<{length} bytes>"),
                Some(_) => format!("<{text}>"),
            }
        }
        SourceItem::Gap(gap) => format!("gap: {}", gap.cause),
    };
    items.iter().map(show).collect()
}

pub(crate) fn gaps(items: &[SourceItem]) -> Vec<Gap> {
    items
        .iter()
        .filter_map(|item| {
            if let SourceItem::Gap(gap) = item {
                Some(gap.clone())
            } else {
                None
            }
        })
        .collect()
}

pub(crate) fn all_items(batches: Vec<MessageBatch>) -> Vec<SourceItem> {
    batches.into_iter().flat_map(|batch| batch.items).collect()
}

pub(crate) fn last_position(batches: &[MessageBatch]) -> Option<Position> {
    batches
        .iter()
        .rev()
        .find_map(|batch| batch.position.clone())
}

/// A source that runs in the background.
pub(crate) struct Running {
    pub(crate) bench: Bench,
    source: JoinHandle<Result<Ended, Error>>,
}

/// What the positions of a stream on the network are called.
pub(crate) fn identity_of(address: &str) -> String {
    match address.parse().unwrap() {
        SourceAddress::Http(address) | SourceAddress::WebSocket(address) => address.identity(),
        other => panic!("{other} is no stream"),
    }
}

pub(crate) fn start(address: &str, resume: Resume, options: Options) -> Running {
    let address: SourceAddress = address.parse().expect("an address");
    let (context, bench) = bench(resume, options);
    let Context {
        sink,
        resume,
        report,
        shutdown,
        read_time,
        options,
    } = context;
    let source = AnySource::new(address)
        .with_read_time(read_time)
        .with_options(options)
        .run(sink, resume, report, shutdown);
    Running {
        bench,
        source: tokio::spawn(source),
    }
}

impl Running {
    /// Stops the source; what it still handed on.
    pub(crate) async fn stop(mut self) -> Vec<SourceItem> {
        self.bench.trigger.stop();
        let rest = all_items(self.bench.rest().await);
        let ended = timeout(LIMIT, self.source)
            .await
            .expect("it stops in time")
            .expect("it does not panic");
        assert_eq!(ended.expect("it stops in good order"), Ended::Stopped);
        rest
    }
}

/// What a server does with one connection after it has read the head of the request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Send(Vec<u8>),
    /// Answers the request for a WebSocket as it asks.
    Upgrade,
    /// The same over and over, until the other side goes.
    Flood(Vec<u8>),
    /// One byte a packet.
    Trickle(Vec<u8>),
    /// Waits until it is told to go on.
    Until(Arc<Notify>),
    /// Says no more, but stays.
    Hold,
    /// Breaks the connection off.
    Reset,
    /// Closes it in good order.
    Close,
}

/// A server that misbehaves as told: the first connection by the first script, and so on, the last one for ever.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The heads of the requests.
    pub(crate) heads: mpsc::Receiver<String>,
}

pub(crate) async fn serve(scripts: Vec<Vec<Act>>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (sender, heads) = mpsc::channel(1000);
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.expect("a connection");
            let script = scripts[scripts.len().min(number + 1) - 1].clone();
            tokio::spawn(play(stream, script, sender.clone()));
        }
    });
    Server { port, heads }
}

async fn play(mut stream: TcpStream, script: Vec<Act>, heads: mpsc::Sender<String>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let _ = heads.try_send(String::from_utf8_lossy(&head).into_owned());
    stream.set_nodelay(true).expect("a socket");
    for act in script {
        let sent = match act {
            Act::Send(bytes) => stream.write_all(&bytes).await,
            Act::Upgrade => stream.write_all(upgrade(&head).as_bytes()).await,
            Act::Flood(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {}
                return;
            }
            Act::Trickle(bytes) => trickle(&mut stream, &bytes).await,
            Act::Until(told) => {
                told.notified().await;
                Ok(())
            }
            Act::Hold => return std::future::pending().await,
            Act::Reset => {
                // What was sent before must have arrived.
                tokio::task::yield_now().await;
                return drop(stream.set_zero_linger());
            }
            Act::Close => return drop(stream.shutdown().await),
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The answer that opens a WebSocket.
fn upgrade(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let key = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("sec-websocket-key")
                .then_some(value)
        })
        .expect("a WebSocket is asked for");
    format!(
        "HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes())
    )
}

async fn trickle(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

impl Server {
    pub(crate) async fn head(&mut self) -> String {
        timeout(LIMIT, self.heads.recv())
            .await
            .expect("a request comes in time")
            .expect("the server runs")
    }
}
