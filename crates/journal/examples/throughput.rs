//! How many records a second one partition makes durable, and how many a reader gives back.
//!
//!     cargo run --release -p headcount-journal --example throughput -- [FOLDER] [BATCHES] [PARTITIONS]
//!
//! Records of 1.2 kB in batches of 1,000, each batch acknowledged only after its sync.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headcount_journal::{Batch, Entry, Journal, Options, verify};

const RECORD_BYTES: usize = 1_200;
const BATCH_RECORDS: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let batches = arguments.next().map_or(Ok(500), |n| n.parse())?;
    let partitions = arguments.next().map_or(Ok(1), |n| n.parse())?;
    let dir = tempfile::tempdir_in(folder)?;
    for under_way in [8, 1] {
        append(
            &dir.path().join(under_way.to_string()),
            batches,
            partitions,
            under_way,
        )?;
    }
    let dir = dir.path().join("8");
    read(&dir)?;
    let began = Instant::now();
    let report = verify(&dir)?;
    say("verify", report.entries(), began.elapsed(), "");
    let began = Instant::now();
    drop(Journal::open(&dir, Options::default())?);
    println!("open     {:>9.1} ms", began.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

/// Each partition is fed by a thread that has so many batches under way.
fn append(
    dir: &Path,
    batches: usize,
    partitions: u16,
    under_way: usize,
) -> headcount_journal::Result<()> {
    let options = Options {
        partitions: Some(partitions),
        ..Options::default()
    };
    let journal = Journal::open(dir, options)?;
    let began = Instant::now();
    let waits = std::thread::scope(|scope| {
        let feed = |partition| feed(&journal, partition, batches, under_way);
        let threads: Vec<_> = (0..partitions)
            .map(|partition| scope.spawn(move || feed(partition)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<headcount_journal::Result<Vec<_>>>()
    })?;
    let took = began.elapsed();
    let mut waits = waits.concat();
    waits.sort();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let groups: u64 = (0..partitions)
        .map(|partition| journal.figures(partition).map(|f| f.groups))
        .sum::<Result<_, _>>()?;
    let records = (batches * BATCH_RECORDS * usize::from(partitions)) as u64;
    let how = format!(
        "{under_way} under way, {groups} syncs, durable after p50 {:.1} p99 {:.1} ms",
        at(50),
        at(99)
    );
    say("append", records, took, &how);
    journal.close()
}

fn feed(
    journal: &Journal,
    partition: u16,
    batches: usize,
    under_way: usize,
) -> headcount_journal::Result<Vec<Duration>> {
    let mut open = VecDeque::new();
    let mut waits = Vec::with_capacity(batches);
    for number in 0..batches + under_way {
        if open.len() == under_way || number >= batches {
            let Some((began, receipt)): Option<(Instant, headcount_journal::Receipt)> =
                open.pop_front()
            else {
                break;
            };
            receipt.wait()?;
            waits.push(began.elapsed());
        }
        if number < batches {
            let entry = Entry {
                kind: 0,
                source: 0,
                body: vec![number as u8; RECORD_BYTES],
            };
            open.push_back((
                Instant::now(),
                journal.append(partition, vec![entry; BATCH_RECORDS])?,
            ));
        }
    }
    Ok(waits)
}

fn read(dir: &Path) -> headcount_journal::Result<()> {
    let journal = Journal::open(dir, Options::default())?;
    let began = Instant::now();
    let mut total = 0;
    std::thread::scope(|scope| {
        let read = |partition| {
            let mut reader = journal.reader(partition, 0)?;
            let (mut batch, mut bytes) = (Batch::new(), 0_usize);
            while reader.position() < reader.durable_end() {
                reader.read(&mut batch, 1 << 20, Duration::ZERO)?;
                bytes += batch.iter().map(|frame| frame.body.len()).sum::<usize>();
            }
            assert_eq!(bytes as u64, reader.position() * RECORD_BYTES as u64);
            Ok(reader.position())
        };
        let threads: Vec<_> = (0..journal.partitions())
            .map(|partition| scope.spawn(move || read(partition)))
            .collect();
        for thread in threads {
            total += thread.join().unwrap()?;
        }
        Ok::<_, headcount_journal::Error>(())
    })?;
    say(
        "read",
        total,
        began.elapsed(),
        "checked, from the page cache",
    );
    Ok(())
}

fn say(what: &str, records: u64, took: Duration, how: &str) {
    let rate = records as f64 / took.as_secs_f64();
    let megabytes = rate * RECORD_BYTES as f64 / 1e6;
    println!("{what:<8} {rate:>9.0} records/s {megabytes:>6.0} MB/s  {how}");
}
