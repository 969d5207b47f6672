//! A broker that goes away, and comes back.

use std::time::Duration;

use headcount_journal::Journal;
use headcount_test_servers::Kafka;

use crate::support::{SOON, Site, entry, options, read_all};
use tokio::sync::watch;

/// Waits until the journal says that it waits, or that it does not.
fn told(waiting: &mut watch::Receiver<Option<String>>, so: impl FnMut(&Option<String>) -> bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let told = async {
        tokio::time::timeout(SOON, waiting.wait_for(so))
            .await
            .map(drop)
    };
    runtime.block_on(told).expect("the journal says it in time");
}

/// A broker that is stopped or killed is one's own.
#[test]
fn nothing_is_lost_or_doubled_when_the_broker_goes_away_in_between() {
    let kafka = Kafka::start();
    let site = Site::on(kafka.bootstrap());
    let mut small = options(&site, "worker");
    small.queue_bytes = 200_000;
    small.transaction_timeout = Duration::from_secs(2);
    let journal = Journal::kafka(small).unwrap();
    let (mut next, mut waiting) = (0, journal.waiting());
    let mut fill = |receipts: &mut Vec<_>| {
        // Until one more would have to wait for room in the queue.
        while journal.figures(0).unwrap().queue_bytes < 198_000 {
            let batch = vec![entry(0, 0, format!("{next} {}", "x".repeat(1_000)))];
            receipts.push(journal.append(0, batch).unwrap());
            next += 1;
        }
    };
    for round in 0..3 {
        let mut receipts = Vec::new();
        fill(&mut receipts);
        match round {
            0 => {
                kafka.pause();
                fill(&mut receipts);
                // Longer than a transaction lives: Kafka is to give it up when the broker goes on. It stands still, so there
                // is nobody to be asked whether it is time.
                std::thread::sleep(Duration::from_secs(6));
                kafka.resume();
            }
            _ => {
                kafka.kill();
                fill(&mut receipts);
                told(&mut waiting, Option::is_some);
                kafka.restart();
            }
        }
        let figures = journal.figures(0).unwrap();
        assert!(figures.queue_bytes <= 200_000, "{figures:?}");
        for receipt in receipts {
            receipt.wait().unwrap();
        }
        told(&mut waiting, Option::is_none);
    }
    let count = next;
    let rows = read_all(&journal, 0);
    assert_eq!(rows.len(), count);
    for (row, number) in rows.iter().zip(0..) {
        let of: usize = row.4.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(of, number);
    }
    journal.close().unwrap();
}
