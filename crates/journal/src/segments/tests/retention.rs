//! Old segments are deleted, and a machine that stops at any moment of it leaves the partition as it was before or after.

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, Random};
use crate::batch::Batch;
use crate::counters::PartitionCounters;
use crate::entry::Entry;
use crate::error::Error;
use crate::queue::Queue;
use crate::segments::Options;
use crate::segments::disk::sim::CrashDamage;
use crate::segments::log::Log;
use crate::segments::reader::SegmentReader;
use crate::segments::tail::Tail;
use crate::segments::writer::SegmentPartition;

fn batch(number: u8) -> Vec<Vec<Entry>> {
    vec![vec![Entry {
        kind: 0,
        source: 1,
        key: None,
        body: vec![number; 1000],
    }]]
}

/// A partition with this many entries of one byte value each, three of which fill a segment.
fn filled(bench: &Bench, entries: u8) -> Log {
    let (mut log, _) = bench.open().unwrap();
    for number in 0..entries {
        log.commit(&batch(number), 1).unwrap();
    }
    log
}

fn shared(log: &Log) -> SegmentPartition {
    SegmentPartition {
        queue: Queue::new(Options::default().limits()),
        tail: Arc::new(Tail::new(log.segments().to_vec(), log.end())),
        counts: PartitionCounters::default(),
        folder: log.folder().clone(),
        mark: log.mark_file(),
    }
}

/// The partition begins at an allowed offset, and from there on it has all entries.
fn check(bench: &Bench, firsts: &[u64], entries: u8) {
    let (log, _) = bench.open().unwrap();
    let first = log.segments()[0].header.base;
    assert!(firsts.contains(&first), "it begins at {first}");
    let names = bench.folder.disk.list(&bench.folder.dir).unwrap();
    assert_eq!(
        names.len(),
        log.segments().len(),
        "nothing is left: {names:?}"
    );
    let tail = Tail::new(log.segments().to_vec(), log.end());
    tail.close(Error::Closed);
    let disk = bench.folder.disk.clone();
    let mut reader = SegmentReader::new(disk, 0, Arc::new(tail), first).unwrap();
    let (mut batch, mut next) = (Batch::new(), first);
    while next < u64::from(entries) {
        assert!(reader.read(&mut batch, 1 << 20, Duration::ZERO).unwrap() > 0);
        for frame in batch.iter() {
            assert_eq!((frame.offset, u64::from(frame.body[0])), (next, next));
            next += 1;
        }
    }
}

#[test]
fn only_whole_segments_that_end_before_the_offset_are_deleted() {
    for offset in 0..=14 {
        let bench = Bench::new();
        let log = filled(&bench, 14);
        let starts: Vec<_> = log.segments().iter().map(|it| it.header.base).collect();
        assert!(starts.len() > 3, "{starts:?}");
        shared(&log).delete_before(offset).unwrap();
        drop(log);
        let first = *starts.iter().rev().find(|base| **base <= offset).unwrap();
        check(&bench, &[first], 14);
    }
}

#[test]
fn a_machine_that_stops_at_any_moment_of_a_deletion_loses_nothing_else() {
    let mut stopped = 0;
    for damage in CrashDamage::ALL {
        for after in 0.. {
            let bench = Bench::new();
            let log = filled(&bench, 14);
            let partition = shared(&log);
            bench.sim.crash_after(after);
            let done = partition.delete_before(10).is_ok();
            drop((partition, log));
            let bench = Bench::on(bench.sim.after_crash(damage, &mut Random(after)));
            check(&bench, &[0, 9], 14);
            // It goes on as before: with another deletion, and more entries.
            let (mut log, _) = bench.open().unwrap();
            shared(&log).delete_before(10).unwrap();
            log.commit(&batch(14), 1).unwrap();
            drop(log);
            check(&bench, &[9], 15);
            stopped += 1;
            if done {
                break;
            }
        }
    }
    assert!(stopped > 20, "{stopped}");
}

#[test]
fn readers_go_on_from_where_they_stand() {
    let bench = Bench::new();
    let log = filled(&bench, 14);
    let partition = shared(&log);
    let disk = bench.folder.disk.clone();
    let boundary = log.segments()[2].header.base;
    let open = |from| SegmentReader::new(disk.clone(), 0, Arc::clone(&partition.tail), from);
    let mut batch = Batch::new();
    // One stands at the end of a segment that goes, one in the middle of one that stays.
    let mut at_boundary = open(0).unwrap();
    while at_boundary.position() < boundary {
        at_boundary.read(&mut batch, 1, Duration::ZERO).unwrap();
    }
    let mut behind = open(boundary + 1).unwrap();
    partition.delete_before(boundary).unwrap();
    for (reader, next) in [(&mut at_boundary, boundary), (&mut behind, boundary + 1)] {
        assert!(reader.read(&mut batch, 1, Duration::ZERO).unwrap() > 0);
        assert_eq!(batch.get(0).unwrap().offset, next);
    }
    let error = open(boundary - 1).err().unwrap();
    assert!(
        matches!(error, Error::BeforeStart { first, .. } if first == boundary),
        "{error}"
    );
}
