//! How batches become groups, and what those who wait for them are told.

use std::sync::Arc;
use std::time::Duration;

use super::Bench;
use crate::counters::PartitionCounters;
use crate::entry::Entry;
use crate::error::Error;
use crate::queue::{Linger, Queue};
use crate::receipt::Receipt;
use crate::segments::disk::sim::{EIO, Fault, Op};
use crate::segments::options::Options;
use crate::segments::reader::SegmentReader;
use crate::segments::tail::Tail;
use crate::segments::writer::{self, SegmentPartition};
use crate::waiting::Waiting;

fn options() -> Options {
    Options {
        group_bytes: 1000,
        group_entries: 10,
        queue_bytes: 3000,
        queue_batches: 5,
        ..Options::default()
    }
}

fn batch(entries: usize, len: usize) -> Vec<Entry> {
    vec![
        Entry {
            kind: 0,
            source: 0,
            key: None,
            body: vec![0; len],
        };
        entries
    ]
}

fn taken(queue: &Queue) -> Vec<usize> {
    let group = queue.take(Linger::default()).unwrap();
    group.iter().map(|job| job.entries.len()).collect()
}

/// Queues a batch for which there is room.
fn push(queue: &Queue, batch: Vec<Entry>) {
    drop(queue.push(0, batch).unwrap());
}

#[test]
fn a_group_ends_at_its_bytes_or_its_entries_and_holds_whole_batches() {
    let queue = Queue::new(options().limits());
    for entries in [4, 6, 1, 11, 2] {
        push(&queue, batch(entries, 0));
    }
    assert_eq!(taken(&queue), [4, 6]);
    assert_eq!(taken(&queue), [1]);
    assert_eq!(
        taken(&queue),
        [11],
        "a batch beyond the limit is a group of its own"
    );
    assert_eq!(taken(&queue), [2]);
    for len in [400, 400, 2000] {
        push(&queue, batch(1, len));
    }
    assert_eq!(taken(&queue), [1, 1]);
    assert_eq!(taken(&queue), [1]);
}

#[test]
fn a_full_queue_makes_wait() {
    // By count, and by bytes.
    for (first, last) in [(vec![0; 5], 0), (vec![2900], 100)] {
        let queue = Arc::new(Queue::new(options().limits()));
        for len in &first {
            push(&queue, batch(1, *len));
        }
        let waiting = Arc::clone(&queue);
        let (pushed, is_in) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            push(&waiting, batch(3, last));
            pushed.send(()).unwrap();
        });
        // It cannot get in before something is taken, however long it has been waiting.
        assert_eq!(queue.depth().0, first.len());
        is_in.try_recv().unwrap_err();
        assert_eq!(taken(&queue).len(), first.len());
        is_in.recv().unwrap();
        thread.join().unwrap();
        assert_eq!(taken(&queue), [3]);
    }
    // A batch longer than the queue gets in alone.
    let queue = Queue::new(options().limits());
    push(&queue, batch(1, 100_000));
    assert_eq!(taken(&queue), [1]);
}

#[test]
fn a_writer_waits_for_others_only_as_told() {
    let queue = Arc::new(Queue::new(options().limits()));
    push(&queue, batch(1, 0));
    let long = Duration::from_secs(60);
    let alone = Linger {
        batches: 1,
        wait: long,
    };
    assert_eq!(
        queue.take(alone).unwrap().len(),
        1,
        "it would wait for a minute"
    );

    push(&queue, batch(1, 0));
    let other = Arc::clone(&queue);
    let thread = std::thread::spawn(move || other.push(0, batch(1, 0)).is_ok());
    let two = Linger {
        batches: 2,
        wait: long,
    };
    assert_eq!(queue.take(two).unwrap().len(), 2);
    assert!(thread.join().unwrap());

    push(&queue, batch(1, 0));
    let short = Linger {
        batches: 2,
        wait: Duration::from_millis(1),
    };
    assert_eq!(queue.take(short).unwrap().len(), 1, "nobody came");
}

#[test]
fn lingering_is_for_those_who_were_there() {
    let wait = Duration::from_millis(3);
    assert_eq!(
        Linger::after(1, 0, wait).batches,
        1,
        "one who comes alone never waits"
    );
    assert_eq!(
        Linger::after(1, 1, wait).batches,
        2,
        "two who take turns are brought together"
    );
    assert_eq!(Linger::after(7, 0, wait).batches, 7);
}

/// On a slow disk those who come together share a sync.
#[test]
fn batches_that_come_together_share_a_sync() {
    const ROUNDS: u64 = 10;
    let bench = Bench::new();
    // Long enough that a busy machine wakes all of them in time.
    bench.sim.slow_down(Duration::from_millis(80));
    let options = Options {
        group_interval: Duration::from_secs(1),
        ..options()
    };
    let (shared, _, thread) = start(&bench, &options);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    shared.queue.push(0, batch(1, 9)).unwrap().wait().unwrap();
                }
            });
        }
    });
    // Without waiting they would take turns, in twice as many groups.
    let groups = shared.counts.figures(&shared.queue).groups;
    assert!(
        groups < ROUNDS * 8 / 5,
        "{groups} groups for {ROUNDS} rounds"
    );
    shared.queue.refuse(Error::Closed);
    thread.join().unwrap().unwrap();
}

/// A writer thread on the simulated disk.
fn start(
    bench: &Bench,
    options: &Options,
) -> (
    Arc<SegmentPartition>,
    Arc<Waiting>,
    std::thread::JoinHandle<crate::Result<()>>,
) {
    let (log, _) = bench.open().unwrap();
    let shared = Arc::new(SegmentPartition {
        queue: Queue::new(options.limits()),
        tail: Arc::new(Tail::new(log.segments().to_vec(), log.end())),
        counts: PartitionCounters::default(),
        folder: log.folder().clone(),
        mark: log.mark_file(),
    });
    let waiting = Arc::new(Waiting::default());
    let thread = writer::start(log, 0, Arc::clone(&shared), Arc::clone(&waiting), options).unwrap();
    (shared, waiting, thread)
}

#[test]
fn after_a_failed_sync_all_who_wait_are_told_and_no_one_gets_in() {
    let bench = Bench::new();
    let (shared, _, thread) = start(&bench, &options());
    assert_eq!(
        shared.queue.push(0, batch(2, 9)).unwrap().wait().unwrap(),
        Some(2)
    );
    bench.sim.fail(Fault {
        op: Op::Sync,
        skip: 0,
        errno: EIO,
        written: 0,
    });
    let receipts: Vec<Receipt> = (0..20)
        .map_while(|_| shared.queue.push(0, batch(1, 9)).ok())
        .collect();
    assert!(!receipts.is_empty());
    for receipt in receipts {
        let error = receipt.wait().unwrap_err();
        assert!(matches!(error, Error::Poisoned { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("restart headcount") && text.contains("Input/output error"),
            "{text}"
        );
    }
    let refused = shared.queue.push(0, batch(1, 9)).unwrap_err();
    assert!(matches!(refused, Error::Poisoned { .. }), "{refused}");
    assert!(matches!(
        thread.join().unwrap(),
        Err(Error::Poisoned { .. })
    ));
    // What was durable can still be read, and then the reason why there is no more.
    let mut reader =
        SegmentReader::new(bench.folder.disk.clone(), 0, Arc::clone(&shared.tail), 0).unwrap();
    let mut batch = crate::Batch::new();
    assert_eq!(reader.read(&mut batch, 1000, Duration::ZERO).unwrap(), 2);
    let end = reader.read(&mut batch, 1000, Duration::from_secs(60));
    assert!(matches!(end, Err(Error::Poisoned { .. })), "{end:?}");
}

/// Waits until the shown reason is as it should be.
fn until_waiting(waiting: &Waiting, so: impl Fn(&Option<String>) -> bool) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut shown = waiting.watch();
    runtime.block_on(async { shown.wait_for(so).await.unwrap().clone() })
}

#[test]
fn a_full_disk_is_waited_out_and_keeps_the_order() {
    let bench = Bench::new();
    let (shared, waiting, thread) = start(&bench, &options());
    let push = |len| shared.queue.push(0, batch(1, len)).unwrap();
    assert_eq!(push(9).wait().unwrap(), Some(1));
    bench.sim.set_capacity(bench.sim.used());
    let receipts: Vec<_> = [4000, 1, 200, 2].map(push).into();
    let reason = until_waiting(&waiting, Option::is_some).unwrap();
    assert!(
        reason.starts_with("no room to append to /p000/00000000000000000001")
            && reason.ends_with("waiting for room"),
        "{reason}"
    );
    // Whoever appends is told nothing but that it is durable, once there is room.
    bench.sim.heal();
    let ends = receipts.into_iter().map(|receipt| receipt.wait().unwrap());
    assert!(ends.eq((2..=5).map(Some)));
    assert_eq!(until_waiting(&waiting, Option::is_none), None);
    shared.queue.refuse(Error::Closed);
    thread.join().unwrap().unwrap();
    let lengths: Vec<_> = (bench.read_all().unwrap().iter())
        .map(|entry| entry.body.len())
        .collect();
    assert_eq!(lengths, [9, 4000, 1, 200, 2]);
}

#[test]
fn a_full_disk_is_given_up_when_told_and_nothing_comes_after_what_was_refused() {
    let bench = Bench::new();
    let (shared, waiting, thread) = start(&bench, &options());
    let push = |len| shared.queue.push(0, batch(1, len)).unwrap();
    assert_eq!(push(9).wait().unwrap(), Some(1));
    bench.sim.set_capacity(bench.sim.used());
    let receipts: Vec<_> = [4000, 0].map(push).into();
    until_waiting(&waiting, Option::is_some);
    waiting.give_up.set();
    for receipt in receipts {
        let error = receipt.wait().unwrap_err();
        let Error::Full { path, .. } = &error else {
            panic!("{error}")
        };
        assert!(path.starts_with("/p000"), "{error}");
    }
    // A later batch would be beyond what is missing.
    let refused = shared.queue.push(0, batch(1, 0)).unwrap_err();
    assert!(matches!(refused, Error::Full { .. }), "{refused}");
    assert!(matches!(thread.join().unwrap(), Err(Error::Full { .. })));
    // Readers come to the end as after any close.
    assert_eq!(bench.read_all().unwrap().len(), 1);
    let mut reader =
        SegmentReader::new(bench.folder.disk.clone(), 0, Arc::clone(&shared.tail), 1).unwrap();
    let end = reader.read(&mut crate::Batch::new(), 1000, Duration::from_secs(60));
    assert!(matches!(end, Err(Error::Closed)), "{end:?}");
}

#[test]
fn a_batch_without_entries_is_answered_and_writes_nothing() {
    let bench = Bench::new();
    let (shared, _, thread) = start(&bench, &options());
    assert_eq!(
        shared.queue.push(0, batch(3, 9)).unwrap().wait().unwrap(),
        Some(3)
    );
    let ops = bench.sim.ops();
    assert_eq!(
        shared.queue.push(0, Vec::new()).unwrap().wait().unwrap(),
        Some(3)
    );
    assert_eq!(bench.sim.ops(), ops);
    shared.queue.refuse(Error::Closed);
    thread.join().unwrap().unwrap();
}
