//! How many records a second a journal on Kafka makes durable, and how many a reader gives back.
//!
//!     cargo run --release -p headcount-journal --features kafka --example bench_kafka -- kafka://HOST:PORT/NAME [BATCHES]
//!
//! Records of 1.2 kB in batches of 500, eight under way at a time. Without an address a broker is started for it.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use headcount_journal::kafka::{JournalTopic, Options};
use headcount_journal::{Batch, Entry, Journal, Receipt, Result};
use headcount_kafka::KafkaAddress;
use headcount_test_servers::Kafka;

const BATCH_RECORDS: usize = 500;
const UNDER_WAY: usize = 8;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut own = None;
    let address: KafkaAddress = match arguments.next() {
        Some(address) => address.parse()?,
        None => {
            let broker = own.insert(Kafka::start());
            format!("kafka://{}/throughput", broker.bootstrap()).parse()?
        }
    };
    let batches = arguments.next().map_or(Ok(600), |n| n.parse())?;
    let topics = vec![JournalTopic::of_kind("rsvps", 1)];
    let journal = Journal::kafka(Options::new(address, "throughput", topics)?)?;
    let before = journal.durable_end(0)?;
    append(&journal, batches)?;
    let began = Instant::now();
    let end = journal.durable_end(0)?;
    println!("end      {:>9.1} ms", began.elapsed().as_secs_f64() * 1e3);
    assert_eq!(end - before, (batches * BATCH_RECORDS) as u64);
    read(&journal, end)?;
    journal.close()?;
    Ok(())
}

/// Text that is neither all alike nor noise, as records are.
fn record(number: usize) -> Vec<u8> {
    let mut body = format!("{{\"rsvp_id\":{number},\"member\":{{\"member_id\":");
    let mut state = number as u64;
    while body.len() < 1_190 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        body += &format!("{},\"name\":\"group\",", state >> 40);
    }
    body.into_bytes()
}

fn append(journal: &Journal, batches: usize) -> Result<()> {
    let records: Vec<_> = (0..BATCH_RECORDS)
        .map(|number| Entry {
            kind: 1,
            source: 1,
            key: Some(b"1234567"[..].into()),
            body: record(number),
        })
        .collect();
    let (mut open, mut waits) = (VecDeque::<(Instant, Receipt)>::new(), Vec::new());
    let mut settle = |(began, receipt): (Instant, Receipt)| -> Result<()> {
        receipt.wait()?;
        waits.push(began.elapsed());
        Ok(())
    };
    let began = Instant::now();
    for _ in 0..batches {
        if open.len() == UNDER_WAY {
            open.pop_front().map_or(Ok(()), &mut settle)?;
        }
        open.push_back((Instant::now(), journal.append(0, records.clone())?));
    }
    open.into_iter().try_for_each(settle)?;
    let took = began.elapsed();
    waits.sort();
    let ms = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let groups = journal.figures(0)?.groups;
    println!(
        "append   {:>9.0} records/s  {groups} transactions, durable after p50 {:.1} p99 {:.1} ms",
        (batches * BATCH_RECORDS) as f64 / took.as_secs_f64(),
        ms(50),
        ms(99)
    );
    Ok(())
}

fn read(journal: &Journal, end: u64) -> Result<()> {
    let began = Instant::now();
    let (mut reader, mut batch) = (journal.reader(0, 0)?, Batch::new());
    let mut bytes = 0;
    while reader.position() < end {
        reader.read(&mut batch, 1 << 20, Duration::from_secs(10))?;
        bytes += batch.iter().map(|frame| frame.body.len()).sum::<usize>();
    }
    let took = began.elapsed().as_secs_f64();
    println!(
        "read     {:>9.0} records/s  {:.0} MB/s",
        end as f64 / took,
        bytes as f64 / took / 1e6
    );
    Ok(())
}
