//! What becomes of sources whose records cannot be stored, and of positions of another format.

use headcount_journal::Options;
use headcount_record::{Control, Masking};
use headcount_source::{
    MessageBatch, SourceItem,
    message::{Gap, Location, Message},
    sink::Sink,
    status::Activity,
};
use serde_json::json;

use super::*;
use crate::exit::code_of;

fn known(position: serde_json::Value) -> KnownSources {
    let control = Control::Position {
        of: "http://h/".to_owned(),
        position,
        repaired: 0,
        blanked: 0,
        received: 1,
    };
    KnownSources::of_bodies(&[control.to_body()])
}

#[test]
fn a_position_of_another_format_is_refused_with_a_sentence() {
    let state = json!({ "source": "http", "cursor_ms": 4, "seen_ms": 5 });
    let stored = json!({ "version": 3, "of": "http://h/", "state": state });
    assert!(resume(&[known(stored)]).is_ok());
    let old = json!({ "of": "http://h/", "mtime_ms": 4, "seen_ms": 5 });
    let error = resume(&[known(old)]).expect_err("it is of another format");
    assert_eq!(code_of(&error), DATA);
    assert!(error.to_string().contains("has format 1"), "{error}");
}

fn feed(queue: &IngestQueue, name: &str) -> (Sink, watch::Receiver<Status>, Task<()>) {
    let (sink, inbox) = sink::channel(SinkLimits::default());
    let (report, status) = status::status(name);
    let source = QueuedSource {
        name: name.to_owned(),
        report,
    };
    let arrivals = queue.arrivals.clone();
    let handing = hand_over(inbox, Arc::new(source), status.clone(), arrivals);
    (sink, status, tokio::spawn(handing))
}

fn batch(item: SourceItem) -> MessageBatch {
    MessageBatch {
        items: vec![item],
        position: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_the_journal_cannot_take_fails_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        partitions: Some(1),
        ..Options::default()
    };
    let journal = Arc::new(Journal::open(folder.path(), options).unwrap());
    let (bus, known) = (EventBus::new(), [KnownSources::of_bodies(&[])]);
    let appender = Appender::new(journal, Masking::Nothing, &known, &bus).unwrap();
    let queue = IngestQueue::start(appender, bus.clone()).unwrap();
    let (mut bad, mut status, bad_handed) = feed(&queue, "bad");
    let (mut good, good_status, good_handed) = feed(&queue, "good");
    let too_long = Gap {
        from_ms: 1,
        to_ms: 2,
        cause: "x".repeat(3 << 20),
    };
    bad.push(batch(SourceItem::Gap(too_long))).await.unwrap();
    let failed = |status: &Status| status.state == Activity::Failed;
    let error = status.wait_for(failed).await.unwrap().error.clone();
    assert!(
        error
            .unwrap()
            .contains("the journal cannot take what this source sent")
    );
    bad_handed.await.unwrap();
    let message = Message {
        bytes: "bad".into(),
        position: 0,
        location: Location::Message(1),
        broken: None,
    };
    let message = batch(message.into());
    assert!(bad.push(message.clone()).await.is_err(), "it is stopped");
    good.push(message).await.unwrap();
    drop(good);
    good_handed.await.unwrap();
    let Ingested { appender, refused } = queue.finish().await.unwrap();
    assert_eq!((appender.counts().1["bad_json"], refused.len()), (1, 1));
    assert_eq!(good_status.borrow().error, None);
    assert!(bus.failure().is_ok(), "the process goes on");
}
