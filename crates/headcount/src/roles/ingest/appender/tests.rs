//! What is appended is counted once, whatever was appended before.

use std::{path::Path, time::Duration};

use headcount_engine::{Account, Partition};
use headcount_journal::{Batch, Entry, Options};
use headcount_source::{Resume, ResumeState, message::Location};
use serde_json::json;

use headcount_record::Kind;

use super::*;
use crate::roles::{ingest::queue::resume, process::partition::replay};

const PARTITIONS: u16 = 3;

fn open(folder: &Path) -> Arc<Journal> {
    let options = Options {
        partitions: Some(PARTITIONS),
        ..Options::default()
    };
    Arc::new(Journal::open(folder, options).expect("a folder of its own"))
}

/// What the journal holds, counted.
fn counted(journal: &Journal) -> Vec<Partition> {
    let counted = |at| {
        let mut partition = Partition::new();
        let mut reader = journal.reader(at, 0).expect("open");
        let end = reader.durable_end();
        reader = journal.reader(at, 0).expect("open");
        replay(&mut partition, reader, end).expect("readable");
        partition
    };
    (0..PARTITIONS).map(counted).collect()
}

fn known_in(journal: &Journal) -> Vec<KnownSources> {
    counted(journal).iter().map(KnownSources::of).collect()
}

fn appender(journal: &Arc<Journal>) -> Appender {
    let known = known_in(journal);
    Appender::new(
        Arc::clone(journal),
        Masking::Nothing,
        &known,
        &EventBus::new(),
    )
    .expect("a new journal")
}

/// What the journal accounts for, all sources and partitions together; it must balance.
fn account(journal: &Journal) -> Account {
    let mut sum = Account::default();
    for partition in counted(journal) {
        assert!(partition.is_at_commit());
        for state in partition.sources().values() {
            let account = &state.account;
            assert!(account.balances(), "{}: {account:?}", state.name);
            sum.received += account.received;
            sum.kept += account.kept;
            sum.repaired += account.repaired;
            sum.gaps += account.gaps;
            sum.tally.add(&account.tally);
            for (reason, count) in &account.rejected {
                *sum.rejected.entry(reason.clone()).or_default() += count;
            }
        }
    }
    sum
}

fn record(rsvp: u64) -> String {
    json!({
        "response": "yes", "guests": 0, "rsvp_id": rsvp, "mtime": 1_489_925_470_007_u64 + rsvp * 1000,
        "member": {"member_id": rsvp}, "event": {"event_id": format!("e{}", rsvp % 7)},
        "group": {"group_id": 1, "group_country": "no"},
    })
    .to_string()
}

/// A message for each text, at positions 1, 2, 3 ...
fn messages(texts: &[String]) -> Vec<Message> {
    let message = |(text, at): (&String, u64)| Message {
        bytes: text.clone().into(),
        position: at,
        location: Location::Line {
            number: at,
            offset: at,
        },
        broken: None,
    };
    texts.iter().zip(1..).map(message).collect()
}

fn batch(messages: &[Message], of: &str) -> MessageBatch {
    MessageBatch {
        items: messages.iter().cloned().map(SourceItem::from).collect(),
        position: messages.last().map(|last| position(of, last.position)),
    }
}

fn position(of: &str, at: u64) -> Position {
    Position {
        of: of.to_owned(),
        at: Some(at),
        state: ResumeState::File,
    }
}

/// Good lines, and bad ones of one byte and of many.
fn mixed(lines: u64) -> Vec<String> {
    let line = |at| match at % 5 {
        0 => "x".to_owned(),
        1 => format!("{{\"rsvp_id\":\"{}", "\"\\u0001".repeat(at as usize % 90)),
        _ => record(at),
    };
    (1..=lines).map(line).collect()
}

/// The entries of a partition in the appends that brought them: each ends with a position.
fn appends(journal: &Journal, at: u16) -> Vec<Vec<Entry>> {
    let mut reader = journal.reader(at, 0).expect("open");
    let (mut batch, mut appends, mut open) = (Batch::new(), Vec::new(), Vec::new());
    while reader.position() < reader.durable_end() {
        let limit = Duration::from_secs(10);
        reader.read(&mut batch, 1 << 20, limit).expect("readable");
        for frame in batch.iter() {
            open.push(Entry {
                kind: frame.kind,
                source: frame.source,
                key: None,
                body: frame.body.to_vec(),
            });
            let ends = Kind::new(frame.kind).is_control()
                && matches!(Control::from_body(frame.body), Ok(Control::Position { .. }));
            if ends {
                appends.push(std::mem::take(&mut open));
            }
        }
    }
    assert!(open.is_empty(), "an append ends with a position");
    appends
}

#[test]
fn whichever_appends_a_kill_leaves_every_record_and_dead_letter_comes_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let texts = mixed(200);
    let messages = messages(&texts);
    let journal = open(&folder.path().join("whole"));
    let mut whole = appender(&journal);
    whole.append_bytes = 2_000;
    whole
        .take("file:x", batch(&messages, "file:1"), Vec::new())
        .expect("it fits");
    whole.settle().expect("durable");
    let parts: Vec<_> = (0..PARTITIONS).map(|at| appends(&journal, at)).collect();
    assert!(parts[0].len() > 5, "it is divided");
    let right = account(&journal);
    assert_eq!((right.received, right.kept), (200, 120));
    assert_eq!(right.rejected.values().sum::<u64>(), 80);

    for kill in 0..24_usize {
        // Each partition has got as far as its own disk has.
        let journal = open(&folder.path().join(kill.to_string()));
        for (appends, at) in parts.iter().zip(0_u16..) {
            let left = (kill * 7 + usize::from(at) * (kill + 3)) % (appends.len() + 1);
            for append in &appends[..left] {
                journal
                    .append(at, append.clone())
                    .expect("open")
                    .wait()
                    .expect("durable");
            }
        }
        let from = resume(&known_in(&journal)).expect("of this version");
        let from = from
            .of("file:1")
            .and_then(|position| position.at)
            .unwrap_or(0);
        let mut again = appender(&journal);
        again.append_bytes = if kill % 2 == 0 { 3_000 } else { APPEND_BYTES };
        let rest: Vec<_> = messages
            .iter()
            .filter(|m| m.position > from)
            .cloned()
            .collect();
        if !rest.is_empty() {
            again
                .take("file:x", batch(&rest, "file:1"), Vec::new())
                .expect("it fits");
        }
        again.settle().expect("durable");
        assert_eq!(account(&journal), right, "kill {kill}, resumed at {from}");
    }
}

#[test]
fn what_was_stored_before_is_neither_stored_nor_counted_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut texts = mixed(50);
    // Half an emoji, which becomes U+FFFD.
    texts.push(record(900).replace("\"no\"", "\"no\",\"group_name\":\"\\ud83d\""));
    let messages = messages(&texts);
    let journal = open(folder.path());
    let mut first = appender(&journal);
    first
        .take("file:x", batch(&messages[..20], "file:1"), Vec::new())
        .expect("it fits");
    let (kept, refused) = first.counts();
    assert_eq!((kept, refused.values().sum::<u64>()), (12, 8));
    // It comes again from the 11th on, as after a kill.
    first
        .take("file:x", batch(&messages[10..], "file:1"), Vec::new())
        .expect("it fits");
    first
        .finish("file:x", &position("file:1", 60))
        .expect("it fits");
    first.settle().expect("durable");
    let (kept, refused) = first.counts();
    assert_eq!((kept, refused.values().sum::<u64>()), (31, 20));
    assert_eq!(first.counts_of("file:1"), (31, 20));
    let after = account(&journal);
    assert_eq!((after.received, after.kept, after.repaired), (51, 31, 1));
    drop(first);

    let mut second = appender(&journal);
    second
        .take("file:y", batch(&messages, "file:1"), Vec::new())
        .expect("it fits");
    second.settle().expect("durable");
    assert_eq!(second.counts(), (0, &BTreeMap::new()));
    assert_eq!(account(&journal), after);
    let known = resume(&known_in(&journal)).expect("of this version");
    assert_eq!(
        known.of("file:1").and_then(|position| position.at),
        Some(60)
    );
    assert_ne!(known, Resume::fresh());
}

#[test]
fn a_flood_of_bad_lines_leaves_a_sample_and_exact_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path());
    let mut appender = appender(&journal);
    let texts: Vec<String> = (0..5_500).map(|_| "x".to_owned()).collect();
    for texts in texts.chunks(1_100) {
        let items = messages(texts).into_iter().map(SourceItem::from).collect();
        let position = None;
        appender
            .take("-", MessageBatch { items, position }, Vec::new())
            .expect("it fits");
    }
    appender.settle().expect("durable");
    let (mut letters, mut only_counted) = (0, 0);
    for entry in appends(&journal, 0).into_iter().flatten() {
        match Control::from_body(&entry.body).expect("a control") {
            Control::Rejected(_) => letters += 1,
            Control::RejectedMore { by_reason } => only_counted += by_reason["bad_json"],
            _ => {}
        }
    }
    assert_eq!((letters, only_counted), (1_004, 4_496));
    let account = account(&journal);
    assert_eq!(
        (account.received, account.rejected["bad_json"]),
        (5_500, 5_500)
    );
}

#[test]
fn what_the_journal_cannot_take_of_one_source_concerns_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path());
    let mut appender = appender(&journal);
    let gap = Gap {
        from_ms: 1,
        to_ms: 2,
        cause: "x".repeat(3 << 20),
    };
    let too_long = MessageBatch {
        items: vec![SourceItem::Gap(gap)],
        position: None,
    };
    let refused = appender.take("-", too_long, Vec::new()).expect_err("3 MiB");
    let AppendError::Source(sentence) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        sentence.starts_with("-: the journal cannot take"),
        "{sentence}"
    );
    // The one that failed introduces itself again, should it come back.
    for source in ["file:x", "-"] {
        let messages = messages(&mixed(10));
        let of = format!("file:{source}");
        appender
            .take(source, batch(&messages, &of), Vec::new())
            .expect("it fits");
    }
    appender.settle().expect("durable");
    let partitions = counted(&journal);
    let names: Vec<_> = partitions[0]
        .sources()
        .values()
        .map(|state| &*state.name)
        .collect();
    assert_eq!(names, ["-", "file:x"]);
    assert_eq!(account(&journal).received, 20);
}

#[test]
fn late_sources_share_a_number_and_their_dead_letters_say_whose_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path());
    for start in 0..2 {
        let mut appender = appender(&journal);
        appender.numbers.set_own_max(2);
        for file in 0..4 {
            let text = [format!("bad {start} {file}")];
            let (name, of) = (format!("file:{file}"), format!("file:{start}{file}"));
            appender
                .take(&name, batch(&messages(&text), &of), Vec::new())
                .expect("it fits");
        }
        appender.settle().expect("durable");
    }
    let partitions = counted(&journal);
    let received =
        |state: &headcount_engine::JournaledSource| (state.name.clone(), state.account.received);
    let found: Vec<_> = partitions[0].sources().values().map(received).collect();
    let expected = [("file:0", 2), ("file:1", 2), ("other", 4)];
    assert_eq!(
        found,
        expected.map(|(name, received)| (name.to_owned(), received))
    );
    let places: Vec<_> = appends(&journal, 0)
        .into_iter()
        .flatten()
        .filter_map(|entry| match Control::from_body(&entry.body) {
            Ok(Control::Rejected(letter)) => Some(letter.place),
            _ => None,
        })
        .collect();
    assert_eq!(places[1..3], ["line 1 (byte 1)", "file:2, line 1 (byte 1)"]);
}

#[test]
fn a_batch_that_calls_those_before_it_durable_waits_for_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path());
    let mut appender = appender(&journal);
    let messages = messages(&mixed(40));
    for messages in messages.chunks(10) {
        let mut batch = batch(messages, "kafka:c/t/0");
        let Some(position) = &mut batch.position else {
            panic!("it has one")
        };
        position.state = ResumeState::Kafka {
            since: messages[0].position - 1,
            mark: None,
            start_ms: None,
            seen_ms: 0,
        };
        appender.take("kafka:", batch, Vec::new()).expect("it fits");
        assert_eq!(appender.in_flight.len(), 1);
    }
}
