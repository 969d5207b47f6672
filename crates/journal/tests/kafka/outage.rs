//! A broker that goes away, and comes back.

use std::time::Duration;

use headcount_journal::{Journal, Pushed};
use headcount_test_servers::Kafka;

use crate::support::{Site, entry, options, read_all, until};

/// A broker that is stopped or killed is one's own.
#[test]
fn nothing_is_lost_or_doubled_when_the_broker_goes_away_in_between() {
    let kafka = Kafka::start();
    let site = Site::on(kafka.bootstrap());
    let mut small = options(&site, "worker");
    small.queue_bytes = 200_000;
    small.transaction_timeout = Duration::from_secs(2);
    let journal = Journal::kafka(small).unwrap();
    let (mut receipts, mut next) = (Vec::new(), 0);
    let mut fill = |receipts: &mut Vec<_>| {
        loop {
            let batch = vec![entry(0, 0, format!("{next} {}", "x".repeat(1_000))); 1];
            match journal.try_append(0, batch).unwrap() {
                Pushed::Queued(receipt) => receipts.push(receipt),
                Pushed::NoRoom(_) => return,
            }
            next += 1;
        }
    };
    for round in 0..3 {
        fill(&mut receipts);
        match round {
            // Longer than a transaction lives: Kafka has given it up when the broker goes on.
            0 => {
                kafka.pause();
                fill(&mut receipts);
                std::thread::sleep(Duration::from_secs(6));
                kafka.resume();
            }
            _ => {
                kafka.kill();
                fill(&mut receipts);
                kafka.restart();
            }
        }
        let figures = journal.figures(0).unwrap();
        assert!(figures.queue_bytes <= 200_000, "{figures:?}");
        until("there is room again", || {
            journal.figures(0).unwrap().queue_batches == 0
        });
    }
    let count = receipts.len();
    for receipt in receipts {
        receipt.wait().unwrap();
    }
    let rows = read_all(&journal, 0);
    assert_eq!(rows.len(), count);
    for (row, number) in rows.iter().zip(0..) {
        let of: usize = row.4.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(of, number);
    }
    journal.close().unwrap();
}
