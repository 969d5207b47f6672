//! What is in topics, and where reading begins.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use headcount_source::status::Activity;
use headcount_source::{MessageBatch, Resume};
use headcount_test_servers::Kafka;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::support::*;

fn numbered(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("{{{number}}}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_producer_of_others_wrote_comes_once() {
    let topic = Topic::new(Kafka::shared(), 3).await;
    let lines: Vec<String> = (0..2000).map(|n| format!("{{\"rsvp_id\":{n}}}")).collect();
    topic.send_with_kcat(&lines.join("\n"));
    let mut source = Running::start(&topic.address(), Resume::fresh());
    let batches = source.items(lines.len()).await;
    assert_eq!(sorted(texts(&batches)), sorted(lines));
    // A batch is of one partition and ends where its position says.
    for batch in &batches {
        let position = batch.position.as_ref().unwrap();
        let last = batch.items.last().unwrap();
        let headcount_source::SourceItem::Message(last) = last else {
            panic!("there is no gap")
        };
        assert_eq!(position.at, Some(last.position));
        let (_, partition) = position.of.rsplit_once('/').unwrap();
        let place = last.location.to_string();
        assert!(
            place.starts_with(&format!("partition {partition}, offset ")),
            "{place}"
        );
    }
    // Read again from where it ended nothing comes but what is new.
    let mut again = Running::start(&topic.address(), resume(&batches));
    topic.send(1, &["{\"new\":1}"]).await;
    assert_eq!(texts(&again.items(1).await), ["{\"new\":1}"]);
    let status = again.status_is(|status| status.messages == 1).await;
    assert_eq!(
        (status.state, status.gaps, status.error),
        (Activity::Live, 0, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn however_it_was_encoded_it_is_found() {
    let topic = Topic::new(Kafka::shared(), 1).await;
    let twice = serde_json::to_string("{\"a\":\"b\"}").unwrap();
    topic
        .send(0, &["{\"n\":1}", &twice, "[{\"n\":2},{\"n\":3}]", "noise"])
        .await;
    topic.send_tombstone(0).await;
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"{\"n\":4}").unwrap();
    topic.send(0, &[packed.finish().unwrap()]).await;
    let mut source = Running::start(&topic.address(), Resume::fresh());
    let batches = source.items(6).await;
    let expected = [
        "{\"n\":1}",
        "{\"a\":\"b\"}",
        "{\"n\":2}",
        "{\"n\":3}",
        "<noise>",
        "{\"n\":4}",
    ];
    assert_eq!(texts(&batches), expected);
    let at = batches.last().and_then(|batch| batch.position.as_ref()?.at);
    assert_eq!(at, Some(6), "a tombstone has an offset, but is nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_committed_counts() {
    let topic = Topic::new(Kafka::shared(), 1).await;
    let producer: BaseProducer = config(&topic.bootstrap)
        .set("transactional.id", &topic.name)
        .create()
        .unwrap();
    producer.init_transactions(LIMIT).unwrap();
    for (value, commit) in [
        ("{\"n\":1}", true),
        ("{\"n\":2}", false),
        ("{\"n\":3}", true),
    ] {
        producer.begin_transaction().unwrap();
        let record: BaseRecord<'_, (), str> = BaseRecord::to(&topic.name).payload(value);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        if commit {
            producer.commit_transaction(LIMIT).unwrap();
        } else {
            producer.flush(LIMIT).unwrap();
            producer.abort_transaction(LIMIT).unwrap();
        }
    }
    let mut source = Running::start(&topic.address(), Resume::fresh());
    let batches = source.items(2).await;
    assert_eq!(texts(&batches), ["{\"n\":1}", "{\"n\":3}"]);
    // The marks of transactions have offsets, but are no records.
    let mut again = Running::start(&topic.address(), resume(&batches));
    again
        .status_is(|status| status.state == Activity::Live)
        .await;
    topic.send(0, &["{\"n\":4}"]).await;
    assert_eq!(texts(&again.items(1).await), ["{\"n\":4}"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_topics_are_one_source() {
    let (a, b) = (
        Topic::new(Kafka::shared(), 1).await,
        Topic::new(Kafka::shared(), 2).await,
    );
    a.send(0, &["{\"a\":1}"]).await;
    b.send(1, &["{\"b\":1}"]).await;
    let address = format!("kafka://{}/{},{}", a.bootstrap, a.name, b.name);
    let mut source = Running::start(&address, Resume::fresh());
    assert_eq!(
        sorted(texts(&source.items(2).await)),
        ["{\"a\":1}", "{\"b\":1}"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_begins_where_the_address_says() {
    let topic = Topic::new(Kafka::shared(), 2).await;
    topic.send(0, &["{\"old\":1}"]).await;
    let latest = format!("{}?from=latest", topic.address());
    let mut source = Running::start(&latest, Resume::fresh());
    source
        .status_is(|status| status.state == Activity::Live)
        .await;
    topic.send(0, &["{\"new\":1}"]).await;
    let mut batches = source.items(1).await;
    assert_eq!(texts(&batches), ["{\"new\":1}"]);
    // Nothing came of partition 1 while it ran: what came since is not passed over.
    drop(source);
    topic.send(1, &["{\"new\":2}"]).await;
    let mut source = Running::start(&latest, resume(&batches));
    batches.extend(source.items(1).await);
    assert_eq!(texts(&batches), ["{\"new\":1}", "{\"new\":2}"]);
    // By time: later than everything, earlier than everything.
    let at = |ms: i64| format!("{}?from={ms}", topic.address());
    let mut source = Running::start(&at(1), Resume::fresh());
    source.items(3).await;
    let mut source = Running::start(&at(4_000_000_000_000), Resume::fresh());
    source
        .status_is(|status| status.state == Activity::Live)
        .await;
    topic.send(0, &["{\"new\":3}"]).await;
    assert_eq!(texts(&source.items(1).await), ["{\"new\":3}"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_come_while_it_runs_are_read_from_their_beginning() {
    let topic = Topic::new(Kafka::shared(), 1).await;
    let mut source = Running::start(&format!("{}?from=latest", topic.address()), Resume::fresh());
    source
        .status_is(|status| status.state == Activity::Live)
        .await;
    topic.grow(3).await;
    topic.send(2, &["{\"n\":1}"]).await;
    assert_eq!(texts(&source.items(1).await), ["{\"n\":1}"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_is_waited_for_and_those_there_are_are_named() {
    let _other = Topic::new(Kafka::shared(), 1).await;
    for from in ["earliest", "latest"] {
        let topic = Topic::absent(Kafka::shared());
        let address = format!("{}?from={from}", topic.address());
        let mut source = Running::start(&address, Resume::fresh());
        let status = source.status_is(|status| status.error.is_some()).await;
        let error = status.error.unwrap();
        let missing = format!("there is no topic {}", topic.name);
        for part in [&*missing, "it has topic-", "create the topic; trying again"] {
            assert!(error.contains(part), "{error}");
        }
        source.is_tried_again(10).await;
        topic.create(1).await;
        topic.send(0, &["{\"n\":1}"]).await;
        assert_eq!(texts(&source.items(1).await), ["{\"n\":1}"]);
        let status = source
            .status_is(|status| status.state == Activity::Live)
            .await;
        assert_eq!(status.error, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_at_any_moment_everything_is_there_once() {
    let topic = Topic::new(Kafka::shared(), 3).await;
    for partition in 0..3_u32 {
        let from = partition * 4000;
        topic
            .send(partition.cast_signed(), &numbered(from..from + 4000))
            .await;
    }
    let expected = sorted(numbered(0..12_000));
    let mut journal = Journal::new(4);
    for round in 0_usize.. {
        let options = headcount_source::Options {
            batch_items: 100 + 37 * (round % 5),
            ..headcount_source::Options::default()
        };
        let mut source = Running::with(&topic.address(), journal.resume(), options);
        let mut whole = 0;
        // As the program does: batches that wait are kept in one append.
        let mut held: Option<MessageBatch> = None;
        while whole < 3 + round % 7 && journal.kept().len() < expected.len() {
            let batch = source.next().await;
            let joins = held.as_ref().is_some_and(|held| {
                held.position.as_ref().unwrap().of == batch.position.as_ref().unwrap().of
                    && whole % 3 != 0
            });
            match &mut held {
                Some(held) if joins => held.extend(batch),
                _ => {
                    if let Some(held) = held.replace(batch) {
                        journal.append(&held, |_| true);
                    }
                }
            }
            whole += 1;
            if journal.kept().len() + 500 >= expected.len()
                && let Some(held) = held.take()
            {
                journal.append(&held, |_| true);
            }
        }
        // The kill: of the last batch only what is of some partitions is durable.
        if let Some(held) = held {
            journal.append(&held, |partition| (partition + round) % 3 == 0);
        }
        if journal.kept().len() >= expected.len() {
            break;
        }
        assert!(
            round < 500,
            "{} of {}",
            journal.kept().len(),
            expected.len()
        );
    }
    assert_eq!(journal.kept(), expected);
}
