//! The conformance suite on Kinesis, and what only a stream can do to a journal: throttle it, split it, merge it.
#![cfg(feature = "kinesis")]
#![allow(clippy::unwrap_used)]

mod suite;
#[path = "../../kinesis/tests/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::time::Duration;

use headcount_journal::{Batch, Entry, Error, Journal, Result, kinesis};
use headcount_kinesis::Client;
use headcount_test_servers::Kinesis;
use support::throttle::Throttle;

/// A stream of its own.
struct Stream(String);

impl Stream {
    fn through(&self, endpoint: &str, partitions: Option<u16>) -> Result<Journal> {
        let mut options = kinesis::Options::new(support::address(endpoint, &self.0, ""));
        options.client = support::quick();
        options.partitions = partitions;
        Journal::kinesis(options)
    }
}

impl suite::Subject for Stream {
    const KNOWS_OFFSETS: bool = false;

    fn new() -> Self {
        Self(support::fresh_name())
    }

    fn open(&self, partitions: Option<u16>) -> Result<Journal> {
        self.through(&Kinesis::shared().endpoint(), partitions)
    }
}

conformance!(kinesis_stream, Stream);

const LIMIT: Duration = Duration::from_secs(120);

fn entry(writer: u16, number: u32, bytes: usize) -> Entry {
    // Not to be packed to nothing.
    let noise = (0..bytes).map(|at| (at.wrapping_mul(2_654_435_761) >> 7) as u8);
    let mut body = format!("{number} ").into_bytes();
    body.extend(noise);
    Entry {
        kind: 0,
        source: writer,
        key: None,
        body,
    }
}

fn number(body: &[u8]) -> u32 {
    let end = body.iter().position(|&byte| byte == b' ').unwrap();
    std::str::from_utf8(&body[..end]).unwrap().parse().unwrap()
}

/// Reads so many entries; the numbers of every writer must be without gaps and repetitions.
fn check(journal: &Journal, partition: u16, writers: u16, each: u32) {
    let mut reader = journal.reader(partition, 0).unwrap();
    let mut batch = Batch::new();
    let mut next: HashMap<u16, u32> = HashMap::new();
    for _ in 0..u32::from(writers) * each {
        let count = reader.read(&mut batch, 1, LIMIT).unwrap();
        assert_eq!(count, 1);
        let frame = batch.get(0).unwrap();
        let wanted = next.entry(frame.source).or_default();
        assert_eq!(number(frame.body), *wanted, "writer {}", frame.source);
        *wanted += 1;
    }
    assert_eq!(reader.behind().unwrap(), 0);
    assert_eq!(journal.durable_end(partition).unwrap(), reader.position());
}

/// On a runtime of its own, for the journal's calls block.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn append_all(journal: &Journal, partition: u16, writer: u16, each: u32, bytes: usize) {
    for numbers in (0..each).collect::<Vec<_>>().chunks(3) {
        let batch = numbers.iter().map(|&number| entry(writer, number, bytes));
        journal
            .append(partition, batch.collect())
            .unwrap()
            .wait()
            .unwrap();
    }
}

#[test]
fn refusals_lose_and_double_nothing() {
    let stream = <Stream as suite::Subject>::new();
    let (started, wait) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            run(async {
                let throttle = Throttle::before(Kinesis::shared().endpoint()).await;
                started.send(throttle.endpoint().to_owned()).unwrap();
                stopped.await.unwrap();
                assert!(throttle.said("PutRecords FailedRecordCount") > 0);
                assert!(throttle.said("PutRecords InternalFailure") > 0);
                assert!(throttle.said("GetRecords ProvisionedThroughputExceededException") > 0);
            });
        });
        let endpoint = wait.recv().unwrap();
        // Made without the proxy, for only what can be repeated is refused by it.
        let direct = <Stream as suite::Subject>::open(&stream, Some(2)).unwrap();
        let throttled = stream.through(&endpoint, None).unwrap();
        let other = stream.through(&endpoint, None).unwrap();
        std::thread::scope(|scope| {
            for (writer, journal) in [(0, &throttled), (1, &other), (2, &direct)] {
                for partition in 0..2 {
                    // 3 entries of 700 kB are a batch of three records.
                    let bytes = if writer == 1 { 700_000 } else { 10 };
                    let each = if writer == 1 { 9 } else { 60 };
                    scope.spawn(move || append_all(journal, partition, writer, each, bytes));
                }
            }
        });
        for partition in 0..2 {
            let mut reader = throttled.reader(partition, 0).unwrap();
            let (mut batch, mut next) = (Batch::new(), [0_u32; 3]);
            while next != [60, 9, 60] {
                assert!(
                    reader.read(&mut batch, 1 << 20, LIMIT).unwrap() > 0,
                    "{next:?}"
                );
                for frame in batch.iter() {
                    let wanted = &mut next[usize::from(frame.source)];
                    assert_eq!(number(frame.body), *wanted);
                    *wanted += 1;
                }
            }
            assert_eq!(reader.position(), direct.durable_end(partition).unwrap());
        }
        drop((throttled, other));
        stop.send(()).unwrap();
    });
}

#[test]
fn a_partition_keeps_its_order_while_its_shards_are_split_and_merged() {
    let stream = <Stream as suite::Subject>::new();
    let journal = <Stream as suite::Subject>::open(&stream, Some(2)).unwrap();
    std::thread::scope(|scope| {
        for partition in 0..2 {
            let journal = &journal;
            scope.spawn(move || append_all(journal, partition, 0, 200, 100));
        }
        scope.spawn(|| {
            run(async {
                let address = support::address(&Kinesis::shared().endpoint(), &stream.0, "");
                let client = Client::connect(&address, support::quick()).await.unwrap();
                for _ in 0..4 {
                    support::split(&client).await;
                    support::split(&client).await;
                    support::merge(&client).await;
                }
            });
        });
        scope.spawn(|| check(&journal, 0, 1, 200));
    });
    check(&journal, 0, 1, 200);
    check(&journal, 1, 1, 200);

    // From any place, in another process, in whatever shard it lies.
    let (mut reader, mut batch) = (journal.reader(1, 0).unwrap(), Batch::new());
    let mut places = Vec::new();
    while reader.position() < 200 {
        places.push(reader.place());
        assert!(reader.read(&mut batch, 1_500, LIMIT).unwrap() > 0);
    }
    let other = <Stream as suite::Subject>::open(&stream, None).unwrap();
    assert_eq!(other.id(), journal.id());
    for place in places.iter().step_by(5) {
        let mut reader = other.reader_at(1, place).unwrap();
        while reader.position() < 200 {
            let next = reader.position();
            assert!(reader.read(&mut batch, 1_500, LIMIT).unwrap() > 0);
            let first = batch.get(0).unwrap();
            assert_eq!((first.offset, u64::from(number(first.body))), (next, next));
        }
        assert_eq!(reader.behind().unwrap(), 0);
    }
}

#[test]
fn who_creates_it_at_the_same_time_creates_one_journal() {
    let stream = <Stream as suite::Subject>::new();
    let ids: Vec<u64> = std::thread::scope(|scope| {
        let open = || {
            <Stream as suite::Subject>::open(&stream, Some(2))
                .unwrap()
                .id()
        };
        let opening: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        opening.into_iter().map(|id| id.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn a_place_in_a_lost_stream_is_refused() {
    let stream = <Stream as suite::Subject>::new();
    let journal = <Stream as suite::Subject>::open(&stream, None).unwrap();
    let mut place = journal.reader(0, 0).unwrap().place();
    place.hint = b"{}".to_vec();
    assert!(matches!(
        journal.reader_at(0, &place).err(),
        Some(Error::Stream(_))
    ));
}

#[test]
fn an_outage_is_waited_for() {
    let server = Kinesis::start();
    let stream = <Stream as suite::Subject>::new();
    let journal = stream.through(&server.endpoint(), Some(1)).unwrap();
    append_all(&journal, 0, 0, 30, 100);
    server.kill();
    // Put while nobody is there; and read by a reader that was there before.
    let mut reader = journal
        .reader_at(0, &headcount_journal::Place::default())
        .unwrap();
    let batch = |from: u32| {
        (from..from + 3)
            .map(|number| entry(0, number, 100))
            .collect()
    };
    let receipts: Vec<_> = (30..60)
        .step_by(3)
        .map(|from| journal.append(0, batch(from)).unwrap())
        .collect();
    server.restart();
    for receipt in receipts {
        receipt.wait().unwrap();
    }
    let mut batch = Batch::new();
    while reader.position() < 60 {
        assert!(reader.read(&mut batch, 10_000, LIMIT).unwrap() > 0);
    }
    check(&journal, 0, 1, 60);
}
