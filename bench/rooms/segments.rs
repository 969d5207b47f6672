//! How many records a second a journal makes durable, and how many a reader gives back.
//!
//!     cargo run --release -p headcount-journal --example bench_segments -- [FOLDER] [BATCHES] [PARTITIONS]
//!
//! Records of 1.2 kB in batches of 1,000, each batch acknowledged only after its sync: with eight batches under way at
//! a time, with one, and single records one after the other.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headcount_journal::{Batch, Entry, Error, Journal, Options, Receipt, Result, verify};

const RECORD_BYTES: usize = 1_200;

/// What each partition is fed with, by a thread of its own.
#[derive(Clone, Copy)]
struct Load {
    partitions: u16,
    batches: usize,
    batch_records: usize,
    /// Batches that wait for their acknowledgement at a time.
    under_way: usize,
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let batches = arguments.next().map_or(Ok(500), |n| n.parse())?;
    let partitions = arguments.next().map_or(Ok(1), |n| n.parse())?;
    let dir = tempfile::tempdir_in(folder)?;
    let at = |name| dir.path().join(name);
    let load = |batch_records, under_way| Load {
        partitions,
        batches,
        batch_records,
        under_way,
    };

    append(&at("many"), load(1_000, 8))?;
    append(&at("one"), load(1_000, 1))?;
    append(&at("single"), load(1, 1))?;
    read(&at("many"))?;
    let began = Instant::now();
    let report = verify(at("many"))?;
    say("verify", report.entries(), began.elapsed(), "");
    Ok(())
}

fn append(dir: &Path, load: Load) -> Result<()> {
    let options = Options {
        partitions: Some(load.partitions),
        ..Options::default()
    };
    let journal = Journal::open(dir, options)?;
    let began = Instant::now();
    let waits = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..load.partitions)
            .map(|partition| (partition, &journal))
            .map(|(partition, journal)| scope.spawn(move || feed(journal, partition, load)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Result<Vec<_>>>()
    })?;
    let took = began.elapsed();
    let mut waits = waits.concat();
    waits.sort();
    let ms = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let groups = (0..load.partitions).map(|partition| Ok(journal.figures(partition)?.groups));
    let how = format!(
        "batches of {}, {} under way, {} syncs, durable after p50 {:.1} p99 {:.1} ms",
        load.batch_records,
        load.under_way,
        groups.sum::<Result<u64>>()?,
        ms(50),
        ms(99)
    );
    let records = load.batches * load.batch_records * usize::from(load.partitions);
    say("append", records as u64, took, &how);
    journal.close()
}

/// Returns how long each batch waited for its acknowledgement.
fn feed(journal: &Journal, partition: u16, load: Load) -> Result<Vec<Duration>> {
    let mut waits = Vec::with_capacity(load.batches);
    let mut settle = |(began, receipt): (Instant, Receipt)| {
        receipt.wait()?;
        waits.push(began.elapsed());
        Ok::<_, Error>(())
    };
    let mut open = VecDeque::new();
    for number in 0..load.batches {
        if open.len() == load.under_way {
            open.pop_front().map_or(Ok(()), &mut settle)?;
        }
        let entry = Entry {
            kind: 0,
            source: 0,
            key: None,
            body: vec![number as u8; RECORD_BYTES],
        };
        let batch = vec![entry; load.batch_records];
        open.push_back((Instant::now(), journal.append(partition, batch)?));
    }
    open.into_iter().try_for_each(settle)?;
    Ok(waits)
}

fn read(dir: &Path) -> Result<()> {
    let journal = Journal::open(dir, Options::default())?;
    let began = Instant::now();
    let total = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..journal.partitions())
            .map(|partition| (partition, &journal))
            .map(|(partition, journal)| scope.spawn(move || read_partition(journal, partition)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum::<Result<u64>>()
    })?;
    say(
        "read",
        total,
        began.elapsed(),
        "checked, from the page cache",
    );
    Ok(())
}

fn read_partition(journal: &Journal, partition: u16) -> Result<u64> {
    let mut reader = journal.reader(partition, 0)?;
    let (mut batch, mut bytes) = (Batch::new(), 0);
    while reader.position() < reader.durable_end() {
        reader.read(&mut batch, 1 << 20, Duration::ZERO)?;
        bytes += batch.iter().map(|frame| frame.body.len()).sum::<usize>();
    }
    assert_eq!(bytes as u64, reader.position() * RECORD_BYTES as u64);
    Ok(reader.position())
}

fn say(what: &str, records: u64, took: Duration, how: &str) {
    let rate = records as f64 / took.as_secs_f64();
    let megabytes = rate * RECORD_BYTES as f64 / 1e6;
    println!("{what:<8} {rate:>9.0} records/s {megabytes:>6.0} MB/s  {how}");
}
