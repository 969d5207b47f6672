//! How batches become groups, and what those who wait for them are told.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Bench;
use crate::entry::Entry;
use crate::error::Error;
use crate::queue::{Patience, Pushed, Queue};
use crate::receipt::Receipt;
use crate::segments::disk::sim::{EIO, ENOSPC, Fault, Op};
use crate::segments::options::Options;
use crate::segments::reader::Reader;
use crate::segments::tail::Tail;
use crate::segments::writer::{self, Counts, Shared};

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
            body: vec![0; len],
        };
        entries
    ]
}

fn taken(queue: &Queue) -> Vec<usize> {
    let group = queue.take(Patience::default()).unwrap();
    group.iter().map(|job| job.entries.len()).collect()
}

fn is_queued(pushed: crate::Result<Pushed>) -> bool {
    match pushed.unwrap() {
        Pushed::Queued(_) => true,
        Pushed::NoRoom(back) => {
            assert!(!back.is_empty());
            false
        }
    }
}

#[test]
fn a_group_ends_at_its_bytes_or_its_entries_and_holds_whole_batches() {
    let queue = Queue::new(options().limits());
    for entries in [4, 6, 1, 11, 2] {
        assert!(is_queued(queue.try_push(0, batch(entries, 0))));
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
        assert!(is_queued(queue.try_push(0, batch(1, len))));
    }
    assert_eq!(taken(&queue), [1, 1]);
    assert_eq!(taken(&queue), [1]);
}

#[test]
fn a_full_queue_makes_wait() {
    let queue = Arc::new(Queue::new(options().limits()));
    for _ in 0..5 {
        assert!(is_queued(queue.try_push(0, batch(1, 0))));
    }
    assert!(!is_queued(queue.try_push(0, batch(1, 0))), "by count");
    taken(&queue);
    assert!(is_queued(queue.try_push(0, batch(1, 2900))));
    assert!(!is_queued(queue.try_push(0, batch(1, 100))), "by bytes");

    let waiting = Arc::clone(&queue);
    let thread = std::thread::spawn(move || waiting.push(0, batch(3, 100)).is_ok());
    let awaiting = Arc::clone(&queue);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert!(!thread.is_finished());
    assert_eq!(taken(&queue), [1]);
    assert!(thread.join().unwrap());
    let queued = runtime.block_on(async { awaiting.push_async(0, batch(1, 100)).await.is_ok() });
    assert!(queued);
    assert!(is_queued(Ok(Pushed::Queued(
        queue.push(0, batch(1, 0)).unwrap()
    ))));
    assert_eq!(taken(&queue), [3, 1, 1]);
    // A batch longer than the queue gets in alone.
    assert!(is_queued(queue.try_push(0, batch(1, 100_000))));
    assert!(!is_queued(queue.try_push(0, batch(1, 0))));
}

#[test]
fn a_writer_waits_for_others_only_as_told() {
    let queue = Arc::new(Queue::new(options().limits()));
    assert!(is_queued(queue.try_push(0, batch(1, 0))));
    let long = Duration::from_secs(60);
    let alone = Patience {
        batches: 1,
        wait: long,
    };
    assert_eq!(
        queue.take(alone).unwrap().len(),
        1,
        "it would wait for a minute"
    );

    assert!(is_queued(queue.try_push(0, batch(1, 0))));
    let other = Arc::clone(&queue);
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(10));
        other.push(0, batch(1, 0)).is_ok()
    });
    let two = Patience {
        batches: 2,
        wait: long,
    };
    assert_eq!(queue.take(two).unwrap().len(), 2);
    assert!(thread.join().unwrap());

    assert!(is_queued(queue.try_push(0, batch(1, 0))));
    let short = Patience {
        batches: 2,
        wait: Duration::from_millis(1),
    };
    assert_eq!(queue.take(short).unwrap().len(), 1, "nobody came");
}

#[test]
fn patience_is_for_those_who_were_there() {
    let wait = Duration::from_millis(3);
    assert_eq!(
        Patience::after(1, 0, wait).batches,
        1,
        "one who comes alone never waits"
    );
    assert_eq!(
        Patience::after(1, 1, wait).batches,
        2,
        "two who take turns are brought together"
    );
    assert_eq!(Patience::after(7, 0, wait).batches, 7);
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
    let (shared, thread) = start(&bench, &options);
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
    let groups = shared.counts.groups.load(Ordering::Relaxed);
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
) -> (Arc<Shared>, std::thread::JoinHandle<crate::Result<()>>) {
    let (log, _) = bench.open().unwrap();
    let shared = Arc::new(Shared {
        queue: Queue::new(options.limits()),
        tail: Arc::new(Tail::new(log.segments().to_vec(), log.end())),
        counts: Counts::default(),
    });
    let thread = writer::start(log, 0, Arc::clone(&shared), options).unwrap();
    (shared, thread)
}

#[test]
fn after_a_failed_sync_all_who_wait_are_told_and_no_one_gets_in() {
    let bench = Bench::new();
    let (shared, thread) = start(&bench, &options());
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
    let mut reader = Reader::new(bench.home.disk.clone(), 0, Arc::clone(&shared.tail), 0).unwrap();
    let mut batch = crate::Batch::new();
    assert_eq!(reader.read(&mut batch, 1000, Duration::ZERO).unwrap(), 2);
    let end = reader.read(&mut batch, 1000, Duration::from_secs(60));
    assert!(matches!(end, Err(Error::Poisoned { .. })), "{end:?}");
}

#[test]
fn after_a_full_disk_the_next_batch_gets_in() {
    let bench = Bench::new();
    let (shared, thread) = start(&bench, &options());
    assert_eq!(
        shared.queue.push(0, batch(2, 9)).unwrap().wait().unwrap(),
        Some(2)
    );
    bench.sim.fail(Fault {
        op: Op::Write,
        skip: 0,
        errno: ENOSPC,
        written: 17,
    });
    let error = shared
        .queue
        .push(0, batch(1, 9))
        .unwrap()
        .wait()
        .unwrap_err();
    let Error::Full { path, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(path, &PathBuf::from("/p000/00000000000000000000.seg"));
    assert_eq!(
        shared.queue.push(0, batch(1, 9)).unwrap().wait().unwrap(),
        Some(3)
    );
    shared.queue.refuse(Error::Closed);
    thread.join().unwrap().unwrap();
    assert!(matches!(
        shared.queue.push(0, batch(1, 9)),
        Err(Error::Closed)
    ));
}

#[test]
fn a_batch_without_entries_is_answered_and_writes_nothing() {
    let bench = Bench::new();
    let (shared, thread) = start(&bench, &options());
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
