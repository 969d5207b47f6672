//! Journals of their own names, and what is in them.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use headcount_journal::kafka::Options;
use headcount_journal::{Batch, Entry, Journal, Offset, Place, Route};
use headcount_kafka::KafkaAddress;
use headcount_test_servers::Kafka;

/// Longer than anything takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Kinds as the router of these tests reads them.
pub(crate) const NAME: u8 = 10;
pub(crate) const POSITION: u8 = 11;
pub(crate) const NOTE: u8 = 12;

/// A journal's name on a broker.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) bootstrap: String,
    pub(crate) name: String,
}

impl Site {
    /// On the broker of all tests.
    pub(crate) fn shared() -> Self {
        Self::on(Kafka::shared().bootstrap())
    }

    pub(crate) fn on(bootstrap: String) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            bootstrap,
            name: format!("t{}-{count}", process::id()),
        }
    }

    pub(crate) fn address(&self) -> KafkaAddress {
        format!("kafka://{}/{}", self.bootstrap, self.name)
            .parse()
            .unwrap()
    }
}

/// Lane 0 for kind 0, lane 1 for kind 2, the rest in the commit message.
pub(crate) fn route(entry: &Entry) -> Route {
    let text = || String::from_utf8(entry.body.clone()).unwrap();
    match entry.kind {
        0 => Route::Lane {
            lane: 0,
            key: entry.body.get(..4).map(<[u8]>::to_vec),
        },
        2 => Route::Lane { lane: 1, key: None },
        NAME => Route::Name(text()),
        POSITION => Route::Position(text().split(' ').next().unwrap_or_default().to_owned()),
        _ => Route::Inline,
    }
}

pub(crate) fn options(site: &Site, worker: &str) -> Options {
    Options::new(site.address(), worker, Arc::new(route)).unwrap()
}

pub(crate) fn open(site: &Site, worker: &str) -> Journal {
    Journal::kafka(options(site, worker)).unwrap()
}

pub(crate) fn entry(kind: u8, source: u16, body: impl Into<Vec<u8>>) -> Entry {
    Entry {
        kind,
        source,
        body: body.into(),
    }
}

/// An entry as it was read: offset, time, kind, source, body.
pub(crate) type Row = (Offset, i64, u8, u16, String);

/// Reads a partition from a place to its end as it is now, in small reads; with the places on the way.
pub(crate) fn read_from(
    journal: &Journal,
    partition: u16,
    place: &Place,
) -> (Vec<Row>, Vec<Place>) {
    let end = journal.durable_end(partition).unwrap();
    let mut reader = journal.reader_at(partition, place).unwrap();
    let (mut batch, mut rows, mut places) = (Batch::new(), Vec::new(), vec![reader.place()]);
    let deadline = Instant::now() + SOON;
    while reader.position() < end {
        assert!(
            Instant::now() < deadline,
            "stopped at {}",
            reader.position()
        );
        reader.read(&mut batch, 2_000, SOON).unwrap();
        rows.extend(batch.iter().map(|frame| {
            let body = String::from_utf8_lossy(frame.body).into_owned();
            (
                frame.offset,
                frame.appended_at_ms,
                frame.kind,
                frame.source,
                body,
            )
        }));
        places.push(reader.place());
    }
    (rows, places)
}

pub(crate) fn read_all(journal: &Journal, partition: u16) -> Vec<Row> {
    read_from(journal, partition, &Place::default()).0
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
