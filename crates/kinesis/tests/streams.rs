//! Streams on a local server: read in order across splits and merges, through refusals, and after a kill.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, HashMap};

use headcount_kinesis::{
    Client, Error, HashKey, Put, ReadPlan, SequenceNumber, ShardStart, StreamEvent, StreamReader,
};
use headcount_test_servers::Kinesis;
use serde_json::json;
use support::throttle::Throttle;
use support::{LIMIT, merge, split, stream, through};
use tokio::time::timeout;

const KEYS: u16 = 8;

/// One record for every key, numbered.
fn round(number: u32) -> Vec<Put> {
    let put = |key: u16| Put {
        data: format!("{key} {number}").into_bytes(),
        partition_key: key.to_string(),
        hash_key: HashKey::middle_of(key, KEYS),
    };
    (0..KEYS).map(put).collect()
}

fn from_the_oldest() -> ReadPlan {
    ReadPlan {
        beginning: ShardStart::Oldest,
        starts: BTreeMap::new(),
        only: None,
        tolerates_loss: false,
    }
}

/// What was found so far: numbers by key, and where each shard goes on.
#[derive(Default)]
struct Found {
    numbers: HashMap<u16, Vec<u32>>,
    positions: BTreeMap<String, ShardStart>,
    count: usize,
    troubles: usize,
}

impl Found {
    /// Reads until there are so many records in all.
    async fn read(&mut self, reader: &mut StreamReader, count: usize) {
        while self.count < count {
            let event = timeout(LIMIT, reader.next()).await;
            match event.expect("an event comes in time").unwrap() {
                StreamEvent::Records { shard, records, .. } => {
                    let Some(last) = records.last() else { continue };
                    let after = ShardStart::After {
                        sequence: last.sequence.clone(),
                        whole_ms: last.arrived_ms,
                    };
                    self.positions.insert(shard, after);
                    self.count += records.len();
                    for record in records {
                        let text = String::from_utf8(record.data).unwrap();
                        let (key, number) = text.split_once(' ').unwrap();
                        let numbers = self.numbers.entry(key.parse().unwrap()).or_default();
                        numbers.push(number.parse().unwrap());
                    }
                }
                StreamEvent::Trouble(_) => self.troubles += 1,
                StreamEvent::Ended { .. } => {}
                lost @ StreamEvent::Lost { .. } => panic!("{lost:?}"),
            }
        }
    }

    fn check(mut self, rounds: u32) {
        for key in 0..KEYS {
            assert_eq!(
                self.numbers.remove(&key).unwrap(),
                (0..rounds).collect::<Vec<_>>(),
                "key {key}"
            );
        }
    }
}

/// Puts round after round, resharding in between.
async fn put_and_reshard(client: &Client, rounds: std::ops::Range<u32>) {
    for number in rounds {
        client.put(round(number)).await.unwrap();
        match number % 12 {
            3 | 5 => split(client).await,
            9 => merge(client).await,
            _ => {}
        }
    }
}

#[tokio::test]
async fn order_within_a_key_survives_resharding_while_records_flow() {
    let (client, _) = stream(2).await;
    let mut reader = StreamReader::new(client.clone(), from_the_oldest());
    let mut found = Found::default();
    let total = 60 * usize::from(KEYS);
    let reading = found.read(&mut reader, total);
    tokio::join!(put_and_reshard(&client, 0..60), reading);
    found.check(60);
}

#[tokio::test]
async fn a_killed_reader_goes_on_where_it_was() {
    let (client, _) = stream(1).await;
    put_and_reshard(&client, 0..40).await;
    let mut found = Found::default();
    let total = 40 * usize::from(KEYS);
    let mut kills = 0;
    while found.count < total {
        let plan = ReadPlan {
            starts: found.positions.clone(),
            ..from_the_oldest()
        };
        let mut reader = StreamReader::new(client.clone(), plan);
        let count = (found.count + 37).min(total);
        found.read(&mut reader, count).await;
        kills += 1;
    }
    assert!(kills > 3, "{kills}");
    found.check(40);
}

#[tokio::test]
async fn refusals_lose_and_double_nothing() {
    let (client, name) = stream(2).await;
    let throttle = Throttle::before(Kinesis::shared().endpoint()).await;
    let throttled = through(throttle.endpoint(), &name).await;
    let mut reader = StreamReader::new(throttled.clone(), from_the_oldest());
    let mut found = Found::default();
    let total = 40 * usize::from(KEYS);
    let reading = found.read(&mut reader, total);
    tokio::join!(put_and_reshard(&client, 0..40), reading);
    assert!(found.troubles > 0);
    found.check(40);
    for what in [
        "GetRecords ProvisionedThroughputExceededException",
        "GetRecords ExpiredIteratorException",
        "GetRecords InternalFailure",
        "ListShards LimitExceededException",
    ] {
        assert!(throttle.said(what) > 0, "{what}");
    }
}

#[tokio::test]
async fn what_a_put_was_refused_is_put_again_and_nothing_else() {
    let (client, name) = stream(2).await;
    let throttle = Throttle::before(Kinesis::shared().endpoint()).await;
    let throttled = through(throttle.endpoint(), &name).await;
    // Up to the put that is taken although the answer says otherwise.
    let mut number = 0;
    while throttle.said("PutRecords InternalFailure") == 0 {
        let places = throttled.put(round(number)).await.unwrap();
        assert_eq!(places.len(), usize::from(KEYS));
        number += 1;
    }
    assert!(throttle.said("PutRecords FailedRecordCount") > 1);
    let mut reader = StreamReader::new(client, from_the_oldest());
    let mut found = Found::default();
    let at_least = (number as usize) * usize::from(KEYS);
    found.read(&mut reader, at_least).await;
    for (key, mut numbers) in found.numbers {
        numbers.dedup();
        let (last, before) = numbers.split_last().unwrap();
        assert!(
            before.iter().copied().eq(0..number - 1),
            "key {key}: {before:?}"
        );
        assert_eq!(*last, number - 1);
    }
}

#[tokio::test]
async fn one_hash_key_is_one_sequence_across_resharding() {
    let (client, _) = stream(3).await;
    let plan = ReadPlan {
        only: Some(HashKey::middle_of(5, KEYS)),
        ..from_the_oldest()
    };
    let mut reader = StreamReader::new(client.clone(), plan);
    put_and_reshard(&client, 0..24).await;
    let mut numbers = Vec::new();
    while numbers.len() < 24 {
        let event = timeout(LIMIT, reader.next()).await.unwrap().unwrap();
        if let StreamEvent::Records { records, .. } = event {
            let texts = records
                .iter()
                .map(|record| String::from_utf8_lossy(&record.data));
            numbers.extend(texts.filter_map(|text| text.strip_prefix("5 ")?.parse::<u32>().ok()));
        }
    }
    assert!(numbers.into_iter().eq(0..24));
}

#[tokio::test]
async fn what_is_no_longer_kept_is_an_error_and_not_a_jump() {
    let (client, name) = stream(1).await;
    client.put(round(0)).await.unwrap();
    let listed = support::call("ListShards", json!({ "StreamName": name })).await;
    let listed = &listed["Shards"][0];
    let shard = listed["ShardId"].as_str().unwrap().to_owned();
    // The number at which the shard begins is that of no record; it stands for one that was kept once.
    let gone = &listed["SequenceNumberRange"]["StartingSequenceNumber"];
    let gone = SequenceNumber::new(gone.as_str().unwrap());
    let plan = |whole_ms, tolerates_loss| ReadPlan {
        starts: BTreeMap::from([(
            shard.clone(),
            ShardStart::After {
                sequence: gone.clone(),
                whole_ms,
            },
        )]),
        tolerates_loss,
        ..from_the_oldest()
    };
    let next = async |plan| {
        let mut reader = StreamReader::new(client.clone(), plan);
        timeout(LIMIT, reader.next()).await.unwrap()
    };
    match next(plan(5, false)).await {
        Err(error @ Error::Lost { whole_ms: 5, .. }) => {
            assert!(error.to_string().contains("lost=go-on"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        next(plan(5, true)).await,
        Ok(StreamEvent::Lost { from_ms: 5, .. })
    ));
    // An old record of a stream that was read to its tip a moment ago: nothing came after it that is gone too.
    assert!(matches!(
        next(plan(i64::MAX, false)).await,
        Ok(StreamEvent::Records { .. })
    ));
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_said_so() {
    let client = through(&Kinesis::shared().endpoint(), "nowhere").await;
    let mut reader = StreamReader::new(client, from_the_oldest());
    let error = timeout(LIMIT, reader.next()).await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("check the region and the name"),
        "{error}"
    );
}
