//! The source on a local server: exactly once across kills, resharding and refusals.
#![allow(clippy::unwrap_used)]

#[path = "../../../kinesis/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use headcount_kinesis::{Client, HashKey, KinesisAddress, Put};
use headcount_test_servers::Kinesis;
use tokio::time::timeout;

use self::support::throttle::Throttle;
use super::*;
use crate::position::{Position, Resume};
use crate::testing::{Bench, LIMIT, all_items, bench, quick, texts};
use headcount_clock::now_ms;

const KEYS: u16 = 6;

async fn put(client: &Client, records: Vec<Vec<u8>>) {
    let put = |(key, data)| Put {
        data,
        partition_key: "k".to_owned(),
        hash_key: HashKey::middle_of(key, KEYS),
    };
    client
        .put((0..KEYS).cycle().zip(records).map(put).collect())
        .await
        .unwrap();
}

/// One message for every key, numbered; every second record holds two, and some are packed.
async fn put_round(client: &Client, number: u32) {
    let record = |key: u16| {
        let one = |part| format!("{{\"key\":{key},\"n\":{}}}\n", 2 * number + part);
        (one(0) + &one(1)).into_bytes()
    };
    put(client, (0..KEYS).map(record).collect()).await;
}

fn from_earliest(endpoint: &str, name: &str) -> KinesisAddress {
    support::address(endpoint, name, "&from=earliest")
}

fn start(
    address: KinesisAddress,
    resume: Resume,
) -> (Bench, tokio::task::JoinHandle<Result<Ended, Error>>) {
    let (context, bench) = bench(resume, quick());
    let source = tokio::spawn(run_with(address, support::quick(), context));
    (bench, source)
}

/// What a program with several partitions keeps: each takes the messages of its keys, and skips what it has.
#[derive(Default)]
struct Program {
    partitions: Vec<Partition>,
}

#[derive(Default)]
struct Partition {
    positions: BTreeMap<String, Position>,
    kept: Vec<(u16, u32)>,
}

impl Program {
    fn new(partitions: usize) -> Self {
        let partitions = (0..partitions).map(|_| Partition::default()).collect();
        Program { partitions }
    }

    fn resume(&self) -> Resume {
        // As positions are stored: as JSON.
        let stored: Vec<Vec<Position>> = self
            .partitions
            .iter()
            .map(|partition| {
                let again =
                    |position| serde_json::from_str(&serde_json::to_string(position).unwrap());
                partition
                    .positions
                    .values()
                    .map(|position| again(position).unwrap())
                    .collect()
            })
            .collect();
        Resume::from_partitions(stored.iter().map(Vec::as_slice))
    }

    /// Takes a batch. With `dies`, the process is killed when only the first partition has its part.
    fn take(&mut self, batch: &MessageBatch, dies: bool) {
        let Some(position) = &batch.position else {
            return;
        };
        let count = self.partitions.len();
        for (at, partition) in self.partitions.iter_mut().enumerate() {
            if dies && at > 0 {
                return;
            }
            let had = partition
                .positions
                .get(&position.of)
                .and_then(|position| position.at);
            let before = partition.kept.len();
            for item in &batch.items {
                let SourceItem::Message(message) = item else {
                    continue;
                };
                let value: serde_json::Value = serde_json::from_slice(&message.bytes).unwrap();
                let key = value["key"].as_u64().unwrap() as u16;
                let number = value["n"].as_u64().unwrap() as u32;
                if usize::from(key) % count == at && had.is_none_or(|had| message.position > had) {
                    partition.kept.push((key, number));
                }
            }
            // As the program does it: a partition without entries gets no position.
            if partition.kept.len() > before {
                partition
                    .positions
                    .insert(position.of.clone(), position.clone());
            }
        }
    }

    fn kept(&self) -> usize {
        self.partitions
            .iter()
            .map(|partition| partition.kept.len())
            .sum()
    }

    fn check(&self, rounds: u32) {
        for key in 0..KEYS {
            let of_key = |partition: &Partition| -> Vec<u32> {
                let kept = partition.kept.iter();
                kept.filter(|(found, _)| *found == key)
                    .map(|(_, number)| *number)
                    .collect()
            };
            let found: Vec<u32> = self.partitions.iter().flat_map(of_key).collect();
            assert_eq!(found, (0..2 * rounds).collect::<Vec<_>>(), "key {key}");
        }
    }
}

#[tokio::test]
async fn a_killed_program_has_everything_once_and_in_order() {
    let (client, name) = support::stream(2).await;
    let throttle = Throttle::before(Kinesis::shared().endpoint()).await;
    let mut program = Program::new(3);
    let mut rounds = 0;
    for life in 0..12 {
        for _ in 0..3 {
            put_round(&client, rounds).await;
            rounds += 1;
        }
        match life % 4 {
            1 | 2 => support::split(&client).await,
            3 => support::merge(&client).await,
            _ => {}
        }
        let address = from_earliest(throttle.endpoint(), &name);
        let (mut bench, source) = start(address, program.resume());
        // Most lives end in the middle of a batch; what was read ahead is lost with them.
        for _ in 0..life % 3 {
            let batch = bench.next().await.unwrap();
            program.take(&batch, false);
        }
        let batch = bench.next().await.unwrap();
        program.take(&batch, true);
        source.abort();
    }
    let total = usize::from(KEYS) * 2 * rounds as usize;
    let address = from_earliest(throttle.endpoint(), &name);
    let (mut bench, source) = start(address, program.resume());
    while program.kept() < total {
        let batch = bench.next().await.unwrap();
        program.take(&batch, false);
    }
    program.check(rounds);
    bench.trigger.stop();
    assert_eq!(
        timeout(LIMIT, source).await.unwrap().unwrap().unwrap(),
        Ended::Stopped
    );
    // What is settled is not read again.
    let settled = program.resume();
    let (context, mut bench) = self::bench(settled, quick());
    tokio::spawn(run_with(
        from_earliest(throttle.endpoint(), &name),
        support::quick(),
        context,
    ));
    put_round(&client, rounds).await;
    let mut again = 0;
    while program.kept() < total + usize::from(KEYS) * 2 {
        let batch = bench.next().await.unwrap();
        again += batch.messages();
        program.take(&batch, false);
    }
    program.check(rounds + 1);
    assert!(again < total, "{again} of {total} were read again");
}

#[tokio::test]
async fn records_come_in_every_form_and_bad_ones_with_their_reason() {
    let (client, name) = support::stream(1).await;
    let records = [
        &br#"{"a":1}"#[..],
        b"\"{\\\"b\\\":2}\"",
        b"{\"c\":3}\n{\"d\":4}\n",
        b"nothing",
    ];
    for record in records {
        put(&client, vec![record.to_vec()]).await;
    }
    let (mut bench, source) = start(
        from_earliest(&Kinesis::shared().endpoint(), &name),
        Resume::fresh(),
    );
    let items = bench.items(5).await;
    assert_eq!(
        texts(&items),
        [
            r#"{"a":1}"#,
            r#"{"b":2}"#,
            r#"{"c":3}"#,
            r#"{"d":4}"#,
            "<nothing>"
        ]
    );
    bench.trigger.stop();
    assert!(all_items(bench.rest().await).is_empty());
    timeout(LIMIT, source).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn latest_leaves_out_what_was_there() {
    let (client, name) = support::stream(2).await;
    put(&client, vec![b"{\"old\":1}".to_vec(); 6]).await;
    let endpoint = Kinesis::shared().endpoint();
    // By the stream's clock, which is ours here.
    let begun = now_ms() + 1;
    while now_ms() <= begun + 2 {
        tokio::task::yield_now().await;
    }
    put(&client, vec![b"{\"new\":1}".to_vec(); 6]).await;
    let address = support::address(&endpoint, &name, &format!("&from={begun}"));
    let (mut bench, source) = start(address, Resume::fresh());
    let items = bench.items(6).await;
    assert!(texts(&items).iter().all(|text| text == r#"{"new":1}"#));
    source.abort();
}

#[tokio::test]
async fn a_stream_that_is_not_there_ends_the_source_with_a_sentence() {
    let address = from_earliest(&Kinesis::shared().endpoint(), "nowhere");
    let (_bench, source) = start(address, Resume::fresh());
    let error = timeout(LIMIT, source).await.unwrap().unwrap().unwrap_err();
    assert!(
        error.to_string().contains("look at stream nowhere"),
        "{error}"
    );
}
