//! A real process, really killed: what it was told is durable is there exactly once, and batches are whole.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use headcount_journal::{Batch, Entry, Error, Journal, Options, ReadOnly, verify};

const CHILD: &str = "HEADCOUNT_JOURNAL_KILL_TEST";
const PARTITIONS: u16 = 2;

fn options() -> Options {
    Options {
        partitions: Some(PARTITIONS),
        segment_bytes: 256 << 10,
        ..Options::default()
    }
}

/// The body of part `part` of batch `number` of run `run`: whoever reads it knows what belongs beside it.
fn body(run: u32, thread: u32, number: u32, part: u32, size: u32) -> Vec<u8> {
    let mut text = format!("{run} {thread} {number} {part} {size} ").into_bytes();
    text.resize(60 + (number as usize * 37 + part as usize) % 900, b'.');
    text
}

fn batch(run: u32, thread: u32, number: u32) -> Vec<Entry> {
    let size = 1 + number * 7 % 40;
    (0..size)
        .map(|part| Entry {
            kind: 0,
            source: 1,
            key: None,
            body: body(run, thread, number, part, size),
        })
        .collect()
}

/// The process that is killed. In an ordinary run of the tests it does nothing.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Ok(arguments) = std::env::var(CHILD) else {
        return;
    };
    let (run, dir) = arguments.split_once(' ').unwrap();
    let run = run.parse().unwrap();
    let journal = Journal::open(dir, options()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3_u32 {
            let journal = &journal;
            scope.spawn(move || {
                let partition = (thread % 2) as u16;
                let mut open = std::collections::VecDeque::new();
                for number in 0.. {
                    open.push_back((
                        number,
                        journal
                            .append(partition, batch(run, thread, number))
                            .unwrap(),
                    ));
                    // Two are under way at a time, so that groups hold several batches.
                    if open.len() > 2 {
                        let (number, receipt) = open.pop_front().unwrap();
                        let end = receipt.wait().unwrap().unwrap();
                        println!("ack {run} {thread} {number} {partition} {end}");
                    }
                }
            });
        }
    });
}

/// What the killed processes had been told: batch to (partition, end offset).
type Acknowledged = HashMap<(u32, u32, u32), (u16, u64)>;

fn run_and_kill(dir: &Path, run: u32, after: Duration, acknowledged: &mut Acknowledged) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "child_that_appends_until_it_is_killed",
            "--nocapture",
        ])
        .env(CHILD, format!("{run} {}", dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reading =
        std::thread::spawn(move || output.lines().map_while(Result::ok).collect::<Vec<_>>());
    std::thread::sleep(after);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(
        !status.success(),
        "it was to be killed, not to end: {status}"
    );
    for line in reading.join().unwrap() {
        let Some((_, line)) = line.split_once("ack ") else {
            continue;
        };
        let numbers: Vec<u64> = line.split(' ').map_while(|n| n.parse().ok()).collect();
        // The last line may be torn too.
        if let [run, thread, number, partition, end] = numbers[..] {
            acknowledged.insert(
                (run as u32, thread as u32, number as u32),
                (partition as u16, end),
            );
        }
    }
}

/// Reads a partition and checks that it is made of whole batches, each there once and in the order of its thread.
/// Returns where each ends.
fn whole_batches(journal: &Journal, partition: u16) -> HashMap<(u32, u32, u32), u64> {
    let mut reader = journal.reader(partition, 0).unwrap();
    let (mut frames, mut bodies) = (Batch::new(), Vec::new());
    while reader.read(&mut frames, 1 << 20, Duration::ZERO).unwrap() > 0 {
        bodies.extend(frames.iter().map(|frame| frame.body.to_vec()));
    }
    let mut found = HashMap::new();
    let mut next = HashMap::new();
    let mut at = 0;
    while at < bodies.len() {
        let text = String::from_utf8_lossy(&bodies[at]);
        let numbers: Vec<u32> = text
            .split(' ')
            .take(5)
            .map(|n| n.parse().unwrap())
            .collect();
        let [run, thread, number, 0, _] = numbers[..] else {
            panic!("offset {at} begins with {text}")
        };
        for entry in batch(run, thread, number) {
            assert!(
                bodies.get(at) == Some(&entry.body),
                "batch {run} {thread} {number} is not whole at offset {at}"
            );
            at += 1;
        }
        let expected = next.entry((run, thread)).or_insert(0);
        assert_eq!(number, *expected, "thread {thread} of run {run}");
        *expected += 1;
        assert!(
            found.insert((run, thread, number), at as u64).is_none(),
            "twice"
        );
    }
    found
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let runs = std::env::var("HEADCOUNT_KILLS").map_or(25, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    let mut acknowledged = Acknowledged::new();
    let mut moment = 12_345_u64;
    for run in 0..runs {
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        // Some die while they start: 0 to 120 ms.
        run_and_kill(
            &dir,
            run,
            Duration::from_micros((moment >> 33) % 120_000),
            &mut acknowledged,
        );
        let began = Instant::now();
        let journal = Journal::open(&dir, options()).unwrap();
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "recovery took {:?}",
            began.elapsed()
        );
        let found: Vec<_> = (0..PARTITIONS)
            .map(|partition| whole_batches(&journal, partition))
            .collect();
        for (batch, (partition, end)) in &acknowledged {
            assert_eq!(
                found[usize::from(*partition)].get(batch),
                Some(end),
                "batch {batch:?} of partition {partition}"
            );
        }
    }
    assert!(
        acknowledged.len() > 100,
        "only {} batches were acknowledged",
        acknowledged.len()
    );
    let report = verify(&dir).unwrap();
    assert!(report.is_sound(), "{report:?}");
    println!(
        "{} batches acknowledged, {} entries",
        acknowledged.len(),
        report.entries()
    );
}

#[test]
fn two_processes_cannot_write_but_one_can_look() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "child_that_appends_until_it_is_killed",
            "--nocapture",
        ])
        .env(CHILD, format!("0 {}", dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_ack = |line: std::io::Result<String>| line.unwrap().contains("ack ");
    assert!(lines.by_ref().any(is_ack), "it has begun");

    let error = Journal::open(&dir, options()).err().unwrap();
    assert!(
        matches!(error, Error::Locked { pid: Some(pid), .. } if pid == child.id()),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains(&format!("in use by process {}", child.id())),
        "{text}"
    );

    let mut seen = 0;
    for _ in 0..30 {
        // Go on reading what it says, or it would stop.
        assert!(lines.by_ref().take(20).any(is_ack));
        let look = ReadOnly::open(&dir).unwrap();
        let (mut reader, mut batch) = (look.reader(0, 0).unwrap(), Batch::new());
        let mut count = 0;
        loop {
            match reader.read(&mut batch, 1 << 20, Duration::ZERO) {
                Ok(n) => count += n,
                Err(Error::Closed) => break,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(count >= seen, "it went backwards");
        seen = count;
        let report = verify(&dir).unwrap();
        assert!(report.is_sound(), "{report:?}");
        assert!(report.partitions[0].end >= count as u64);
    }
    assert!(seen > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    let journal = Journal::open(&dir, options()).unwrap();
    assert!(journal.durable_end(0).unwrap() >= seen as u64);
    assert!(
        matches!(
            Journal::open(&dir, options()).err(),
            Some(Error::Locked { .. })
        ),
        "nor twice in one process"
    );
    journal.close().unwrap();
    drop(Journal::open(&dir, options()).unwrap());
}
