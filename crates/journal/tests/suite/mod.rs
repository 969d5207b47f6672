//! What every journal must do, whatever it is made of. A backend runs all of it with one line:
//! `conformance!(name, Subject);`
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use headcount_journal::{BODY_BYTES_MAX, Batch, Entry, Error, Journal, Offset, Result};

/// A journal that can be opened again and again.
pub(crate) trait Subject {
    /// Whether a receipt says where its batch ends; where several processes write, it cannot.
    const KNOWS_OFFSETS: bool;
    /// A new one that shares nothing with others.
    fn new() -> Self;
    /// Opens it, creating it if need be.
    fn open(&self, partitions: Option<u16>) -> Result<Journal>;
}

#[macro_export]
macro_rules! conformance {
    ($backend:ident, $subject:ty) => {
        mod $backend {
            use super::*;
            $crate::conformance!(@ $subject:
                offsets_are_dense_and_each_partition_has_its_own
                what_is_read_is_what_was_appended
                a_reader_begins_at_any_offset
                reads_are_bounded_and_bring_at_least_one
                a_reader_waits_for_what_comes
                a_reader_that_waits_can_be_woken
                waiting_is_for_what_is_away
                capabilities_are_kept
                what_does_not_belong_is_refused
                opening_again_finds_everything
                a_schema_keeps_its_kinds
                the_number_of_partitions_stays
                batches_of_many_threads_stay_whole_and_in_order
                receipts_can_be_awaited
                closing_ends_appends_and_then_reads
                a_reader_keeps_up_with_a_writer
                a_place_is_where_another_reader_goes_on
                a_reader_knows_when_it_is_not_behind
            );
        }
    };
    (@ $subject:ty: $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                $crate::suite::$case(&<$subject as $crate::suite::Subject>::new());
            }
        )*
    };
}

const SOON: Duration = Duration::from_secs(20);

fn entry(kind: u8, source: u16, body: impl Into<Vec<u8>>) -> Entry {
    Entry {
        kind,
        source,
        key: None,
        body: body.into(),
    }
}

fn texts(texts: &[&str]) -> Vec<Entry> {
    texts.iter().map(|text| entry(0, 0, *text)).collect()
}

/// What a receipt says of a batch that ends at an offset.
fn said<S: Subject>(end: Offset) -> Option<Offset> {
    S::KNOWS_OFFSETS.then_some(end)
}

/// Reads until there are `count` entries from `from` on.
fn read(journal: &Journal, partition: u16, from: Offset, count: usize) -> Vec<Entry> {
    let mut reader = journal.reader(partition, from).unwrap();
    let (mut batch, mut found) = (Batch::new(), Vec::new());
    while found.len() < count {
        assert!(
            reader.read(&mut batch, 10_000, SOON).unwrap() > 0,
            "only {} entries",
            found.len()
        );
        for frame in batch.iter() {
            assert_eq!(frame.offset, from + found.len() as u64);
            found.push(entry(frame.kind, frame.source, frame.body));
        }
    }
    assert_eq!(
        reader.read(&mut batch, 10_000, Duration::ZERO).unwrap(),
        0,
        "more than {count} entries"
    );
    found
}

pub(crate) fn offsets_are_dense_and_each_partition_has_its_own<S: Subject>(subject: &S) {
    let journal = subject.open(Some(2)).unwrap();
    assert_eq!(journal.partitions(), 2);
    assert_eq!(journal.durable_end(1).unwrap(), 0);
    assert_eq!(
        journal
            .append(0, texts(&["a", "b"]))
            .unwrap()
            .wait()
            .unwrap(),
        said::<S>(2)
    );
    assert_eq!(
        journal.append(0, texts(&["c"])).unwrap().wait().unwrap(),
        said::<S>(3)
    );
    assert_eq!(
        journal.append(0, Vec::new()).unwrap().wait().unwrap(),
        said::<S>(3)
    );
    assert_eq!(
        journal.append(1, texts(&["d"])).unwrap().wait().unwrap(),
        said::<S>(1)
    );
    assert_eq!(
        (
            journal.durable_end(0).unwrap(),
            journal.durable_end(1).unwrap()
        ),
        (3, 1)
    );
    assert_eq!(read(&journal, 0, 0, 3), texts(&["a", "b", "c"]));
    assert_eq!(read(&journal, 1, 0, 1), texts(&["d"]));
}

pub(crate) fn what_is_read_is_what_was_appended<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let entries = vec![
        entry(0, 0, ""),
        entry(254, u16::MAX, [0, 255, 10, 13]),
        entry(1, 7, vec![0; 5000]),
        entry(0, 1, vec![b'x'; BODY_BYTES_MAX]),
        entry(0, 0, ""),
    ];
    let before = now_ms();
    journal.append(0, entries.clone()).unwrap().wait().unwrap();
    assert!(read(&journal, 0, 0, 5) == entries);

    let (mut reader, mut batch) = (journal.reader(0, 0).unwrap(), Batch::new());
    assert!(reader.read(&mut batch, 1, SOON).unwrap() > 0);
    let at = batch.get(0).unwrap().appended_at_ms;
    assert!((before..=now_ms()).contains(&at), "appended at {at}");
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64
}

pub(crate) fn a_reader_begins_at_any_offset<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let entries: Vec<_> = (0..300_u16)
        .map(|n| entry(0, n, vec![n as u8; 700]))
        .collect();
    for batch in entries.chunks(7) {
        journal.append(0, batch.to_vec()).unwrap().wait().unwrap();
    }
    for from in (0..=300).step_by(11).chain([299, 300]) {
        assert!(
            read(&journal, 0, from, 300 - from as usize) == entries[from as usize..],
            "from {from}"
        );
    }
    match journal.reader(0, 301).err() {
        Some(Error::BeyondEnd {
            asked: 301,
            end: 300,
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
}

pub(crate) fn reads_are_bounded_and_bring_at_least_one<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let entries: Vec<_> = [10, 60_000, 10, 10, 200_000, 10]
        .map(|len| entry(0, 0, vec![1; len]))
        .to_vec();
    journal.append(0, entries.clone()).unwrap().wait().unwrap();
    for max_bytes in [0, 1, 100, 1000, 70_000, 1 << 30] {
        let (mut reader, mut batch) = (journal.reader(0, 0).unwrap(), Batch::new());
        let mut count = 0;
        while count < entries.len() {
            let n = reader.read(&mut batch, max_bytes, SOON).unwrap();
            let bytes: usize = batch.iter().map(|frame| frame.body.len()).sum();
            assert!(
                n == 1 || (n > 1 && bytes <= max_bytes),
                "{n} entries, {bytes} bytes of {max_bytes}"
            );
            count += n;
        }
        assert_eq!(reader.position(), entries.len() as u64);
    }
}

pub(crate) fn a_reader_waits_for_what_comes<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let (mut reader, mut batch) = (journal.reader(0, 0).unwrap(), Batch::new());
    let began = Instant::now();
    let short = Duration::from_millis(30);
    assert_eq!(reader.read(&mut batch, 1000, short).unwrap(), 0);
    assert!(began.elapsed() >= short);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| reader.read(&mut batch, 1000, SOON).unwrap());
        journal.append(0, texts(&["now"])).unwrap().wait().unwrap();
        assert_eq!(waiting.join().unwrap(), 1);
    });
    assert!(began.elapsed() < SOON);
    // At the durable end of a journal in use, a new reader waits too.
    let mut late = journal.reader(0, 1).unwrap();
    assert_eq!(late.read(&mut batch, 1000, Duration::ZERO).unwrap(), 0);
    journal
        .append(0, texts(&["and now"]))
        .unwrap()
        .wait()
        .unwrap();
    assert_eq!(late.read(&mut batch, 1000, SOON).unwrap(), 1);
    assert_eq!(batch.get(0).unwrap().body, b"and now");
}

pub(crate) fn a_reader_that_waits_can_be_woken<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let (mut reader, mut batch) = (journal.reader(0, 0).unwrap(), Batch::new());
    let began = Instant::now();
    let waker = reader.waker();
    // Before it waits, so that it must not wait ...
    waker.wake();
    assert_eq!(reader.read(&mut batch, 1000, SOON).unwrap(), 0);
    std::thread::scope(|scope| {
        // ... and while it does, or is about to.
        let waiting = scope.spawn(|| reader.read(&mut batch, 1000, SOON).unwrap());
        waker.clone().wake();
        assert_eq!(waiting.join().unwrap(), 0);
    });
    assert!(began.elapsed() < SOON, "a wake-up was missed");
    // What is there is read all the same.
    journal.append(0, texts(&["a"])).unwrap().wait().unwrap();
    let mut count = 0;
    while count == 0 {
        waker.wake();
        count = reader.read(&mut batch, 1000, SOON).unwrap();
    }
    assert_eq!(batch.get(0).unwrap().body, b"a");
}

pub(crate) fn waiting_is_for_what_is_away<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let waiting = journal.waiting();
    journal.append(0, texts(&["a"])).unwrap().wait().unwrap();
    assert!(!waiting.has_changed().unwrap());
    assert_eq!(*waiting.borrow(), None);
}

pub(crate) fn capabilities_are_kept<S: Subject>(subject: &S) {
    let journal = subject.open(Some(2)).unwrap();
    let can = journal.capabilities();
    let end = journal.append(0, texts(&["a"])).unwrap().wait().unwrap();
    assert_eq!(can.knows_offsets, end.is_some());
    assert_eq!(can.knows_offsets, S::KNOWS_OFFSETS);
    let keyed = Entry {
        key: Some(b"of"[..].into()),
        ..entry(9, 0, "a position")
    };
    journal.append(1, vec![keyed]).unwrap().wait().unwrap();
    match journal.positions() {
        Ok(positions) => {
            assert!(can.keeps_positions);
            assert_eq!(positions, [vec![], vec![b"a position".to_vec()]]);
        }
        Err(Error::NoPositions) => assert!(!can.keeps_positions),
        Err(other) => panic!("{other}"),
    }
}

pub(crate) fn what_does_not_belong_is_refused<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let long = vec![entry(0, 0, vec![0; BODY_BYTES_MAX + 1])];
    let huge = vec![entry(0, 0, vec![0; BODY_BYTES_MAX]); 17];
    let refused = |partition, batch| journal.append(partition, batch).map(|_| ()).unwrap_err();
    assert!(matches!(
        refused(0, long),
        Error::TooLong { what: "body", .. }
    ));
    assert!(matches!(
        refused(0, huge),
        Error::TooLong { what: "batch", .. }
    ));
    assert!(matches!(
        refused(0, vec![entry(255, 0, "")]),
        Error::ReservedKind
    ));
    assert!(matches!(
        refused(1, texts(&["a"])),
        Error::NoPartition {
            partition: 1,
            partitions: 1
        }
    ));
    assert!(matches!(
        journal.reader(9, 0).err(),
        Some(Error::NoPartition { .. })
    ));
    assert!(matches!(
        journal.durable_end(9),
        Err(Error::NoPartition { .. })
    ));
    assert_eq!(
        journal.durable_end(0).unwrap(),
        0,
        "a refused batch leaves nothing"
    );
}

pub(crate) fn opening_again_finds_everything<S: Subject>(subject: &S) {
    let mut entries = Vec::new();
    for round in 0..5_u16 {
        let journal = subject.open(None).unwrap();
        assert!(read(&journal, 0, 0, entries.len()) == entries);
        let batch: Vec<_> = (0..50).map(|n| entry(0, round, vec![n; 900])).collect();
        entries.extend(batch.clone());
        let end = journal.append(0, batch).unwrap().wait().unwrap();
        assert_eq!(end, said::<S>(entries.len() as u64));
        assert_eq!(journal.durable_end(0).unwrap(), entries.len() as u64);
        if round % 2 == 0 {
            journal.close().unwrap();
        }
    }
}

/// Kinds belong to a schema for ever, whoever asks for them, and however many do so at once.
pub(crate) fn a_schema_keeps_its_kinds<S: Subject>(subject: &S) {
    let schemas = [("one 1", 2_u8), ("{\"two\": \"ä\"}", 3), ("three", 1)];
    let journal = subject.open(None).unwrap();
    let of = |journal: &Journal, (schema, count)| {
        let first = journal.register_kinds(schema, count, 16..=21).unwrap();
        first..first + count
    };
    let given = std::thread::scope(|scope| {
        let asking = schemas.map(|schema| {
            scope.spawn({
                let journal = &journal;
                move || of(journal, schema)
            })
        });
        asking.map(|asked| asked.join().unwrap())
    });
    let mut kinds: Vec<u8> = given.iter().flat_map(Clone::clone).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, (16..=21).collect::<Vec<_>>(), "{given:?}");
    assert_eq!(schemas.map(|schema| of(&journal, schema)), given);
    let full = journal.register_kinds("four", 1, 16..=21);
    assert!(matches!(full, Err(Error::NoKindsLeft { .. })), "{full:?}");
    let other = journal.register_kinds("three", 2, 16..=30);
    assert!(
        matches!(other, Err(Error::KindCount { found: 1, .. })),
        "{other:?}"
    );
    drop(journal);
    let again = subject.open(None).unwrap();
    assert_eq!(schemas.map(|schema| of(&again, schema)), given);
}

pub(crate) fn the_number_of_partitions_stays<S: Subject>(subject: &S) {
    drop(subject.open(Some(3)).unwrap());
    assert_eq!(subject.open(None).unwrap().partitions(), 3);
    assert_eq!(subject.open(Some(3)).unwrap().partitions(), 3);
    match subject.open(Some(4)).err() {
        Some(Error::Partitions {
            found: 3, asked: 4, ..
        }) => {}
        other => panic!("{other:?}"),
    }
}

pub(crate) fn batches_of_many_threads_stay_whole_and_in_order<S: Subject>(subject: &S) {
    const THREADS: u16 = 4;
    const BATCHES: u32 = 60;
    let journal = subject.open(None).unwrap();
    let batch = |thread: u16, number: u32| -> Vec<Entry> {
        let size = 1 + number % 5;
        (0..size)
            .map(|part| entry(0, thread, format!("{number} {part}/{size}")))
            .collect()
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let journal = &journal;
            scope.spawn(move || {
                let receipts: Vec<_> = (0..BATCHES)
                    .map(|number| journal.append(0, batch(thread, number)).unwrap())
                    .collect();
                let ends: Vec<_> = receipts
                    .into_iter()
                    .map(|receipt| receipt.wait().unwrap())
                    .collect();
                assert!(ends.is_sorted());
            });
        }
    });
    let total: usize =
        usize::from(THREADS) * (0..BATCHES).map(|n| batch(0, n).len()).sum::<usize>();
    let found = read(&journal, 0, 0, total);
    let (mut at, mut next) = (0, HashMap::<u16, u32>::new());
    while at < found.len() {
        let thread = found[at].source;
        let number = next.entry(thread).or_default();
        let whole = batch(thread, *number);
        assert!(
            found[at..].starts_with(&whole),
            "batch {number} of thread {thread} at offset {at}"
        );
        *number += 1;
        at += whole.len();
    }
}

pub(crate) fn receipts_can_be_awaited<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        for n in 1..=50 {
            let receipt = journal.append(0, texts(&["a"])).unwrap();
            assert_eq!(receipt.await.unwrap(), said::<S>(n));
        }
        // Dropping a receipt changes nothing.
        drop(journal.append(0, texts(&["b"])).unwrap());
        let last = journal.append(0, texts(&["c"])).unwrap();
        assert_eq!(last.await.unwrap(), said::<S>(52));
    });
    assert_eq!(read(&journal, 0, 50, 2), texts(&["b", "c"]));
}

pub(crate) fn closing_ends_appends_and_then_reads<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let (mut reader, mut batch) = (journal.reader(0, 0).unwrap(), Batch::new());
    let queued: Vec<_> = (0..20)
        .map(|_| journal.append(0, texts(&["a"])).unwrap())
        .collect();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut count = 0;
            loop {
                match reader.read(&mut batch, 1000, SOON) {
                    Ok(n) => count += n,
                    Err(Error::Closed) => return count,
                    Err(other) => panic!("{other}"),
                }
            }
        });
        journal.close().unwrap();
        assert_eq!(
            waiting.join().unwrap(),
            20,
            "what was queued is written, and read"
        );
    });
    assert!(
        queued
            .into_iter()
            .map(|receipt| receipt.wait().unwrap())
            .eq((1..=20).map(said::<S>))
    );
    assert!(matches!(
        journal.append(0, texts(&["b"])),
        Err(Error::Closed)
    ));
    journal.close().unwrap();
    assert_eq!(subject.open(None).unwrap().durable_end(0).unwrap(), 20);
}

pub(crate) fn a_reader_keeps_up_with_a_writer<S: Subject>(subject: &S) {
    const ENTRIES: u64 = 3_000;
    let journal = subject.open(None).unwrap();
    std::thread::scope(|scope| {
        for from in [0, 0] {
            let mut reader = journal.reader(0, from).unwrap();
            scope.spawn(move || {
                let (mut batch, mut next) = (Batch::new(), from);
                while next < ENTRIES {
                    assert!(
                        reader.read(&mut batch, 5_000, SOON).unwrap() > 0,
                        "stopped at {next}"
                    );
                    for frame in batch.iter() {
                        assert_eq!(
                            (frame.offset, frame.body),
                            (next, next.to_string().as_bytes())
                        );
                        next += 1;
                    }
                    assert!(reader.durable_end() >= next);
                }
            });
        }
        let mut last = None;
        for start in (0..ENTRIES).step_by(10) {
            let batch = (start..start + 10)
                .map(|n| entry(0, 0, n.to_string()))
                .collect();
            last = Some(journal.append(0, batch).unwrap());
        }
        assert_eq!(last.unwrap().wait().unwrap(), said::<S>(ENTRIES));
    });
}

pub(crate) fn a_place_is_where_another_reader_goes_on<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let entries: Vec<_> = (0..200_u8)
        .map(|n| entry(n % 3, 0, vec![n; 1 + usize::from(n) * 9]))
        .collect();
    for batch in entries.chunks(9) {
        journal.append(0, batch.to_vec()).unwrap().wait().unwrap();
    }
    let (mut reader, mut batch) = (journal.reader(0, 0).unwrap(), Batch::new());
    let mut frames: Vec<(Offset, i64, Entry)> = Vec::new();
    let mut places = vec![reader.place()];
    while frames.len() < entries.len() {
        assert!(reader.read(&mut batch, 3_000, SOON).unwrap() > 0);
        frames.extend(batch.iter().map(|frame| {
            let entry = entry(frame.kind, frame.source, frame.body);
            (frame.offset, frame.appended_at_ms, entry)
        }));
        places.push(reader.place());
    }
    assert!(places.len() > 20, "small reads make many places");
    for place in &places {
        let mut other = journal.reader_at(0, place).unwrap();
        assert_eq!(other.position(), place.offset);
        let mut next = usize::try_from(place.offset).unwrap();
        while next < frames.len() {
            assert!(other.read(&mut batch, 20_000, SOON).unwrap() > 0);
            for frame in batch.iter() {
                let entry = entry(frame.kind, frame.source, frame.body);
                assert!((frame.offset, frame.appended_at_ms, entry) == frames[next]);
                next += 1;
            }
        }
        assert_eq!(other.place(), reader.place(), "from {}", place.offset);
    }
}

pub(crate) fn a_reader_knows_when_it_is_not_behind<S: Subject>(subject: &S) {
    let journal = subject.open(None).unwrap();
    let (mut reader, mut batch) = (journal.reader(0, 0).unwrap(), Batch::new());
    assert_eq!(reader.behind().unwrap(), 0);
    for round in 0..3 {
        journal
            .append(0, texts(&["a", "b"]))
            .unwrap()
            .wait()
            .unwrap();
        assert!(reader.behind().unwrap() > 0, "round {round}");
        let mut count = 0;
        while count < 2 {
            let read = reader.read(&mut batch, 1, SOON).unwrap();
            assert_eq!(read, 1);
            count += read;
            assert_eq!(reader.behind().unwrap() == 0, count == 2);
        }
    }
}
