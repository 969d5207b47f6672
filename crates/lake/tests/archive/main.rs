//! The archiver's thread on a real journal: it follows, ends when told, waits while the lake is away, and is killed.
#![allow(clippy::unwrap_used)]

#[cfg(feature = "s3")]
mod s3;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use headcount_clock::WallClock;
use headcount_journal::{Batch, Journal, Options};
use headcount_lake::archive::{self, Archive, ArchivedEntry, Archiver, Stop};
use headcount_lake::{Lake, LakeDescription};
use headcount_record::{Feed, Kind};

const CHILD: &str = "HEADCOUNT_ARCHIVE_TEST";
const CUT_BYTES: u64 = 20_000;

fn journal(dir: &Path) -> Journal {
    let options = Options {
        partitions: Some(2),
        segment_bytes: 64 << 10,
        ..Options::default()
    };
    Journal::open(dir.join("journal"), options).unwrap()
}

fn open_lake(dir: &Path) -> Lake {
    Lake::open(dir.join("lake").to_str().unwrap()).unwrap()
}

fn description(journal: &Journal) -> LakeDescription {
    LakeDescription {
        cut_bytes: CUT_BYTES,
        ..LakeDescription::new(journal.id(), journal.partitions())
    }
}

fn feed(n: u32) -> Feed {
    Feed::ALL[n as usize % 2]
}

fn append(journal: &Journal, partition: u16, count: u32) {
    let entry = |n: u32| headcount_journal::Entry {
        kind: (if n.is_multiple_of(50) {
            Kind::CONTROL
        } else {
            Kind::of(feed(n))
        })
        .number(),
        source: 3,
        key: None,
        body: format!("{n} {}", "text ".repeat(n as usize % 60)).into_bytes(),
    };
    let receipt = journal
        .append(partition, (0..count).map(entry).collect())
        .unwrap();
    receipt.wait().unwrap();
}

/// Runs an archiver of each partition while `meanwhile` does, and then until all is stored.
fn archive_all(journal: &Journal, lake: &Lake, meanwhile: impl FnOnce(&Stop)) {
    let stop = Stop::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..journal.partitions())
            .map(|partition| {
                let stop = stop.clone();
                scope.spawn(move || {
                    let mut archiver =
                        Archiver::open(lake, description(journal), partition).unwrap();
                    let figures = archiver.figures();
                    let open =
                        |at: &archive::ArchivePosition| journal.reader_at(partition, &at.place);
                    archive::run(&mut archiver, open, &stop).unwrap();
                    figures.lag()
                })
            })
            .collect();
        meanwhile(&stop);
        stop.finish();
        for (partition, running) in (0..).zip(running) {
            let lag = running.join().unwrap();
            let end = journal.durable_end(partition).unwrap();
            assert_eq!((lag.archived, lag.read, lag.memory_bytes), (end, end, 0));
            assert_eq!(lag.trouble, None);
        }
    });
}

/// Holds when the archive says the same as the journal, entry by entry.
fn same(journal: &Journal, lake: &Lake) {
    let archive = Archive::open(lake).unwrap();
    assert_eq!(archive.description().journal, journal.id());
    for partition in 0..journal.partitions() {
        let mut entries = archive.entries(partition);
        let mut reader = journal.reader(partition, 0).unwrap();
        let mut batch = Batch::new();
        while entries.advance().unwrap() {
            for entry in entries.iter() {
                reader.read(&mut batch, 1, Duration::ZERO).unwrap();
                let frame = batch.get(0).unwrap();
                let expected = ArchivedEntry {
                    offset: frame.offset,
                    arrived: frame.appended_at_ms,
                    kind: Kind::new(frame.kind),
                    source: frame.source,
                    body: frame.body,
                };
                assert_eq!(entry, expected);
            }
        }
        assert_eq!(
            entries.next_offset(),
            journal.durable_end(partition).unwrap()
        );
    }
    assert!(archive.check().unwrap().is_empty() && archive.strays().is_empty());
}

/// Waits for something that another thread does.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(
            since.elapsed() < Duration::from_secs(60),
            "{what} does not come"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn objects(lake: &Lake) -> usize {
    let mut count = 0;
    lake.list("raw/", |_| count += 1).unwrap();
    count
}

#[test]
fn it_follows_and_ends_with_everything_stored() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, lake) = (journal(dir.path()), open_lake(dir.path()));
    append(&journal, 0, 300);
    archive_all(&journal, &lake, |_| {
        append(&journal, 0, 500);
        append(&journal, 1, 1);
        // What fills a cut is stored while it goes on.
        until("an object", || objects(&lake) > 0);
        append(&journal, 1, 700);
    });
    same(&journal, &lake);
    let before = objects(&lake);
    // With nothing new there is nothing to store; with something, it is stored behind.
    archive_all(&journal, &lake, |_| {});
    assert_eq!(objects(&lake), before);
    archive_all(&journal, &lake, |_| append(&journal, 1, 30));
    assert!(objects(&lake) > before);
    same(&journal, &lake);
}

#[test]
fn an_hour_that_is_over_is_stored_although_nothing_else_comes() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, lake) = (journal(dir.path()), open_lake(dir.path()));
    let clock = WallClock::at(0);
    let stop = Stop::new();
    std::thread::scope(|scope| {
        let archiver = Archiver::open(&lake, description(&journal), 0).unwrap();
        let mut archiver = archiver.with_clock(clock.clone());
        let figures = archiver.figures();
        let (journal, stop) = (&journal, &stop);
        let running = scope.spawn(move || {
            let open = |at: &archive::ArchivePosition| journal.reader_at(0, &at.place);
            archive::run(&mut archiver, open, stop).unwrap();
        });
        append(journal, 0, 3);
        until("all is read", || figures.lag().read == 3);
        assert_eq!((figures.lag().archived, objects(&lake)), (0, 0));
        clock.set(i64::MAX);
        until("all is stored", || figures.lag().archived == 3);
        stop.stop();
        running.join().unwrap();
    });
    assert!(objects(&lake) > 0);
}

#[test]
fn the_end_of_the_journal_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, lake) = (journal(dir.path()), open_lake(dir.path()));
    append(&journal, 0, 800);
    let stop = Stop::new();
    let mut archiver = Archiver::open(&lake, description(&journal), 0).unwrap();
    journal.close().unwrap();
    let mut open = |at: &archive::ArchivePosition| journal.reader_at(0, &at.place);
    // What does not fill a cut waits for its hour.
    archive::run(&mut archiver, &mut open, &stop).unwrap();
    assert!((1..800).contains(&archiver.position().offset));
    stop.finish();
    archive::run(&mut archiver, &mut open, &stop).unwrap();
    assert_eq!(archiver.position().offset, 800);
    same(&journal, &lake);
}

#[test]
fn while_the_lake_is_away_it_waits_and_tells() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, lake) = (journal(dir.path()), open_lake(dir.path()));
    // A file where a folder should be: no object can be stored.
    std::fs::write(dir.path().join("lake/raw"), b"").unwrap();
    let stop = Stop::new();
    std::thread::scope(|scope| {
        let mut archiver = Archiver::open(&lake, description(&journal), 0).unwrap();
        let figures = archiver.figures();
        let (journal, stop) = (&journal, &stop);
        let running = scope.spawn(move || {
            let open = |at: &archive::ArchivePosition| journal.reader_at(0, &at.place);
            archive::run(&mut archiver, open, stop).unwrap();
        });
        append(journal, 0, 1_000);
        until("trouble", || figures.lag().trouble.is_some());
        assert_eq!(figures.lag().archived, 0);
        std::fs::remove_file(dir.path().join("lake/raw")).unwrap();
        until("the end of the trouble", || figures.lag().trouble.is_none());
        std::fs::rename(dir.path().join("lake/raw"), dir.path().join("away")).unwrap();
        std::fs::write(dir.path().join("lake/raw"), b"").unwrap();
        append(journal, 0, 1_000);
        until("trouble again", || figures.lag().trouble.is_some());
        // It can be stopped all the same.
        stop.stop();
        running.join().unwrap();
        std::fs::remove_file(dir.path().join("lake/raw")).unwrap();
        std::fs::rename(dir.path().join("away"), dir.path().join("lake/raw")).unwrap();
    });
    archive_all(&journal, &lake, |_| {});
    same(&journal, &lake);
}

/// The process that is killed. In an ordinary run of the tests it does nothing.
#[test]
fn child_that_archives_until_it_is_killed() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let dir = Path::new(&dir);
    let (journal, lake) = (journal(dir), open_lake(dir));
    archive_all(&journal, &lake, |_| {
        for n in 0.. {
            append(&journal, n % 2, 100);
        }
    });
}

#[test]
fn kills_lose_and_double_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for run in 0..10 {
        drop(open_lake(dir.path()));
        let before = objects(&open_lake(dir.path()));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "child_that_archives_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let lake = open_lake(dir.path());
        until("another object", || objects(&lake) > before + run);
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(Archive::open(&lake).unwrap().check().unwrap().is_empty());
    }
    let (journal, lake) = (journal(dir.path()), open_lake(dir.path()));
    archive_all(&journal, &lake, |_| {});
    same(&journal, &lake);
}
