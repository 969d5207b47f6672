//! Journals of their own names, and what is in them.

use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use headcount_journal::kafka::{JournalTopic, Options};
use headcount_journal::{Batch, Entry, Journal, Offset, Place};
use headcount_kafka::KafkaAddress;
use headcount_test_servers::Kafka;

/// Longer than anything takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Kinds that have no topic.
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

/// The topics of these tests' journals: one for kind 0 and one for kind 2; the rest is in the commit messages.
pub(crate) fn topics() -> Vec<JournalTopic> {
    vec![
        JournalTopic::of_kind("rsvps", 0),
        JournalTopic::of_kind("photos", 2),
    ]
}

pub(crate) fn options(site: &Site, worker: &str) -> Options {
    Options::new(site.address(), worker, topics()).unwrap()
}

pub(crate) fn open(site: &Site, worker: &str) -> Journal {
    Journal::kafka(options(site, worker)).unwrap()
}

/// An entry: a record has the beginning of its body as its key, a position its first word.
pub(crate) fn entry(kind: u8, source: u16, body: impl Into<Vec<u8>>) -> Entry {
    let body = body.into();
    let key = match kind {
        0 => body.get(..4),
        POSITION => body.split(|byte| *byte == b' ').next(),
        _ => None,
    };
    Entry {
        kind,
        source,
        key: key.map(Into::into),
        body,
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
