//! What is lost is said, and what comes back is read on.

use headcount_source::Options;
use headcount_source::Resume;
use headcount_source::status::Activity;
use headcount_test_servers::{Kafka, Toxiproxy};

use crate::support::*;

fn numbered(name: &str, range: std::ops::Range<u32>) -> Vec<String> {
    range
        .map(|number| format!("{{\"{name}\":{number}}}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_removed_unread_is_a_gap_with_its_size() {
    let topic = Topic::new(Kafka::shared(), 1).await;
    topic.send(0, &numbered("n", 0..40)).await;
    let mut source = Running::start(&topic.address(), Resume::fresh());
    let read = source.items(40).await;
    drop(source);
    topic.send(0, &numbered("n", 40..100)).await;
    topic.remove_before(0, 70).await;
    let mut source = Running::start(&topic.address(), resume(&read));
    let batches = source.items(31).await;
    let found = texts(&batches);
    assert!(
        found[0].contains("up to 30 records (offsets 40 to 69) were removed by retention"),
        "{}",
        found[0]
    );
    assert_eq!(found[1..], numbered("n", 70..100));
    let status = source.status_is(|status| status.gaps > 0).await;
    assert_eq!((status.gaps, status.state), (1, Activity::Live));
    // Once said it is not said again.
    let mut again = Running::start(&topic.address(), resume(&batches));
    topic.send(0, &["{\"last\":1}"]).await;
    assert_eq!(texts(&again.items(1).await), ["{\"last\":1}"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_that_overtakes_a_source_that_runs_is_said_too() {
    let kafka = Kafka::start();
    let proxies = kafka.through(Toxiproxy::shared());
    let topic = Topic::new(&kafka, 1).await;
    topic.send(0, &numbered("n", 0..40)).await;
    let mut source = Running::start(&topic.address_at(&proxies[0].listen()), Resume::fresh());
    source.items(40).await;
    proxies[0].cut();
    let status = source
        .status_is(|status| status.state == Activity::Reconnecting)
        .await;
    assert!(status.error.unwrap().contains("does not answer"));
    topic.send(0, &numbered("n", 40..100)).await;
    topic.remove_before(0, 70).await;
    proxies[0].restore();
    let found = texts(&source.items(31).await);
    assert!(found[0].contains("up to 30 records"), "{}", found[0]);
    assert_eq!(found[1..], numbered("n", 70..100));
    let status = source
        .status_is(|status| status.state == Activity::Live && status.error.is_none())
        .await;
    assert_eq!((status.gaps, status.reconnects), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_anew_is_said_and_read_from_its_beginning() {
    // Shorter than what was read, and longer.
    for count in [10, 60] {
        let topic = Topic::new(Kafka::shared(), 1).await;
        topic.send(0, &numbered("old", 0..40)).await;
        let mut source = Running::start(&topic.address(), Resume::fresh());
        let mut batches = source.items(40).await;
        drop(source);
        topic.make_anew(1).await;
        topic.send(0, &numbered("new", 0..count)).await;
        let mut source = Running::start(&topic.address(), resume(&batches));
        let news = source.items(1 + count as usize).await;
        let found = texts(&news);
        assert!(found[0].contains("recreated"), "{}", found[0]);
        assert_eq!(found[1..], numbered("new", 0..count));
        // Positions in it are its own.
        batches.extend(news);
        let mut again = Running::start(&topic.address(), resume(&batches));
        topic.send(0, &["{\"last\":1}"]).await;
        assert_eq!(texts(&again.items(1).await), ["{\"last\":1}"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_anew_while_it_is_read_is_said_too() {
    let topic = Topic::new(Kafka::shared(), 1).await;
    topic.send(0, &numbered("old", 0..40)).await;
    let mut source = Running::start(&topic.address(), Resume::fresh());
    source.items(40).await;
    topic.delete().await;
    let gone = |status: &headcount_source::Status| {
        let error = status.error.as_deref().unwrap_or_default();
        error.contains("there is no topic")
    };
    let status = source.status_is(gone).await;
    assert_eq!(status.state, Activity::Reconnecting);
    topic.create(1).await;
    topic.send(0, &numbered("new", 0..10)).await;
    let found = texts(&source.items(11).await);
    assert!(found[0].contains("recreated"), "{}", found[0]);
    assert_eq!(found[1..], numbered("new", 0..10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_anew_behind_its_back_is_said_too() {
    let topic = Topic::new(Kafka::shared(), 1).await;
    topic.send(0, &numbered("old", 0..40)).await;
    // It looks at its topics so seldom that it never sees it missing.
    let options = Options {
        ping_interval: LIMIT * 10,
        ..Options::default()
    };
    let mut source = Running::with(&topic.address(), Resume::fresh(), options);
    source.items(40).await;
    topic.make_anew(1).await;
    topic.send(0, &numbered("new", 0..60)).await;
    let found = texts(&source.items(61).await);
    assert!(found[0].contains("recreated"), "{}", found[0]);
    assert_eq!(found[1..], numbered("new", 0..60));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_in_the_middle_is_waited_for() {
    let kafka = Kafka::start();
    let topic = Topic::new(&kafka, 2).await;
    topic.send(0, &numbered("a", 0..500)).await;
    let mut source = Running::start(&topic.address(), Resume::fresh());
    let mut batches = source.items(500).await;
    kafka.kill();
    source
        .status_is(|status| status.state == Activity::Reconnecting && status.error.is_some())
        .await;
    kafka.restart();
    topic.send(1, &numbered("b", 0..500)).await;
    topic.send(0, &numbered("c", 0..500)).await;
    batches.extend(source.items(1000).await);
    let expected = [
        numbered("a", 0..500),
        numbered("b", 0..500),
        numbered("c", 0..500),
    ];
    assert_eq!(sorted(texts(&batches)), sorted(expected.concat()));
    let status = source
        .status_is(|status| status.state == Activity::Live)
        .await;
    assert_eq!((status.gaps, status.reconnects, status.error), (0, 1, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_and_waited_for() {
    let kafka = Kafka::start();
    let topic = Topic::new(&kafka, 1).await;
    topic.send(0, &["{\"n\":1}"]).await;
    kafka.kill();
    let mut source = Running::start(&topic.address(), Resume::fresh());
    let status = source.status_is(|status| status.error.is_some()).await;
    assert_eq!(status.state, Activity::Connecting);
    assert!(status.error.unwrap().contains(&topic.bootstrap));
    kafka.restart();
    assert_eq!(texts(&source.items(1).await), ["{\"n\":1}"]);
}
