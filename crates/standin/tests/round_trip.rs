//! What the stand-in serves is what the sources bring: a recording goes out over HTTP and WebSocket and comes back as
//! it was.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::Duration;

use headcount_source::framing::{Framer, ScanMode};
use headcount_source::{
    AnySource, Ended, Resume, SourceAddress, SourceItem, shutdown, sink, status,
};
use headcount_standin::{self as standin, Programme, RecordedFeeds, Speed};
use serde_json::Value;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(60);

/// A real recording, or a few invented records where the real ones are not at hand.
fn recording() -> Vec<u8> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let folder = std::env::var_os("HEADCOUNT_SHARED_DATA").map_or_else(beside, PathBuf::from);
    std::fs::read(folder.join("rsvps/2018-05-20-pretty.json")).unwrap_or_else(|_| {
        eprintln!("NOT TESTED with a real recording: none in {}", folder.display());
        let record = |id: u64| {
            format!(
                "{{\n \"rsvp_id\": {id}, \"response\": \"yes\", \"guests\": 0, \"mtime\": {}, \"member\": {{\"member_id\": 1}},\n \
                 \"event\": {{\"event_id\": \"e{id}\", \"event_url\": \"http://x/y\"}}, \"group\": {{\"group_id\": 1}}\n}}\n",
                1_526_800_000_001 + 1001 * id
            )
        };
        (1..=100).map(record).collect::<String>().into_bytes()
    })
}

fn values(recording: &[u8]) -> Vec<Vec<u8>> {
    let mut framer = Framer::new(ScanMode::Proved);
    framer.push(recording);
    framer.finish();
    framer
        .filter(|framed| framed.span.broken.is_none())
        .map(|framed| framed.bytes.to_vec())
        .collect()
}

/// The first so many messages of a source, and the gaps between them.
async fn messages(address: &str, count: usize) -> (Vec<Value>, usize) {
    let address: SourceAddress = address.parse().unwrap();
    let (sink, mut inbox) = sink::channel(sink::SinkLimits::default());
    let (report, _status) = status::status(address.to_string());
    let (trigger, stop) = shutdown::shutdown();
    let source = tokio::spawn(AnySource::new(address).run(sink, Resume::fresh(), report, stop));
    let (mut values, mut gaps) = (Vec::new(), 0);
    while values.len() < count {
        for item in timeout(LIMIT, inbox.next())
            .await
            .unwrap()
            .unwrap()
            .batch
            .items
        {
            match item {
                SourceItem::Message(message) => {
                    values.push(serde_json::from_slice(&message.bytes).unwrap())
                }
                SourceItem::Gap(_) => gaps += 1,
            }
        }
    }
    trigger.stop();
    while inbox.next().await.is_some() {}
    assert_eq!(
        timeout(LIMIT, source).await.unwrap().unwrap().unwrap(),
        Ended::Stopped
    );
    (values, gaps)
}

#[tokio::test]
async fn a_recording_comes_back_as_it_was() {
    let lines = values(&recording());
    let expected: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let mut recording = RecordedFeeds::default();
    for line in &lines {
        recording.push(line);
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut options = standin::Options::new(Programme::Recording(recording));
    (options.speed, options.once) = (Speed::MAX, true);
    tokio::spawn(standin::serve(listener, options, std::future::pending()));
    for scheme in ["http", "ws"] {
        let address = format!("{scheme}://127.0.0.1:{port}/2/rsvps");
        let (values, gaps) = messages(&address, expected.len()).await;
        assert_eq!((values.len(), gaps), (expected.len(), 0), "{scheme}");
        assert!(
            values == expected,
            "{scheme}: other values came back, or in another order"
        );
    }
}
