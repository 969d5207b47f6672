//! Records of the future, and a clock that was behind.

use headcount_record::{Control, Decoder, Feed, Kind, Record};

use super::{BASE, one, summary};
use crate::{CheckpointHead, FUTURE_MS, JournaledEntry, Partition, Summary};

const HOUR_MS: i64 = 3_600_000;

/// A journal as its entries and when they came.
#[derive(Default)]
struct Journal(Vec<(i64, Kind, Vec<u8>)>);

impl Journal {
    fn record(&mut self, arrived: i64, rsvp: u64, mtime: i64) {
        self.0.push((
            arrived,
            Kind::of(Feed::Rsvps),
            one(rsvp, mtime).json().into_bytes(),
        ));
    }

    /// The end of a batch.
    fn position(&mut self, of: &str, at: Option<u64>, received: u64) {
        let control = Control::Position {
            of: of.into(),
            position: serde_json::json!({ "of": of, "at": at }),
            received,
            repaired: 0,
            blanked: 0,
        };
        self.0.push((0, control.kind(), control.to_body()));
    }

    fn replay(&self, mut partition: Partition) -> Partition {
        for (offset, (arrived, kind, body)) in (0..).zip(&self.0) {
            let entry = JournaledEntry {
                offset,
                arrived: *arrived,
                kind: *kind,
                source: 1,
                body,
            };
            partition.apply(entry).expect("the next entry");
        }
        partition
    }
}

fn answer(partition: &Partition) -> Summary {
    summary(std::slice::from_ref(partition))
}

#[test]
fn what_was_kept_out_is_new_when_it_comes_again_under_a_right_clock() {
    let mut journal = Journal::default();
    journal.record(BASE - HOUR_MS, 1, BASE + 1);
    journal.position("file", Some(1), 1);
    let before = answer(&journal.replay(Partition::new()));
    assert_eq!((before.rsvps, before.kinds.new), (0, 0));
    assert_eq!(before.as_of.stream_time, None);
    journal.record(BASE, 1, BASE + 1);
    journal.position("file", Some(1), 1);
    let after = answer(&journal.replay(Partition::new()));
    assert_eq!((after.rsvps, after.kinds.new), (1, 1));
    assert_eq!(after.ledger.all.tally.quarantined["future_timestamp"], 1);
    assert!(before.ledger.balanced && after.ledger.balanced);
}

#[test]
fn a_replay_with_a_later_moment_counts_what_an_earlier_clock_kept_out() {
    let mut journal = Journal::default();
    for n in 0..5 {
        journal.record(BASE - HOUR_MS, n + 1, BASE + 1 + n as i64);
    }
    journal.record(BASE, 9, BASE + 2 * HOUR_MS);
    journal.position("file", Some(6), 6);
    let first = journal.replay(Partition::judging_at(BASE));
    let found = answer(&first);
    assert_eq!((found.rsvps, first.judged_at()), (5, Some(BASE)));
    assert_eq!(found.ledger.all.tally.quarantined["future_timestamp"], 1);
    assert!(found.ledger.balanced);
    // The same journal and the same moment, the same answer.
    assert_eq!(answer(&journal.replay(Partition::judging_at(BASE))), found);
    // A moment that is as early as the clock was changes nothing.
    let behind = journal.replay(Partition::judging_at(BASE - HOUR_MS));
    assert_eq!(answer(&behind), answer(&journal.replay(Partition::new())));
}

#[test]
fn the_moment_stays_with_the_state() {
    let mut journal = Journal::default();
    journal.record(0, 1, BASE + FUTURE_MS);
    journal.record(0, 2, BASE + FUTURE_MS + 1);
    journal.position("file", Some(2), 2);
    let whole = journal.replay(Partition::judging_at(BASE));
    let bytes = whole.to_bytes(&CheckpointHead::default());
    let (read, _) = Partition::from_bytes(&bytes, "here", 0, 0).expect("sound");
    assert_eq!(read.judged_at(), Some(BASE));
    assert_eq!(read.kept_out(), whole.kept_out());
    assert_eq!(answer(&read).rsvps, 1);
    assert_eq!(answer(&read), answer(&whole));
}

#[test]
fn it_is_known_what_to_read_again() {
    let mut journal = Journal::default();
    let kept_out = |journal: &Journal| {
        let partition = journal.replay(Partition::new());
        let pairs = partition.kept_out().iter();
        pairs
            .map(|(of, time)| (of.clone(), *time))
            .collect::<Vec<_>>()
    };
    // A stream cannot be read again.
    journal.record(BASE - HOUR_MS, 1, BASE + 1);
    journal.position("stream", None, 1);
    journal.record(BASE, 2, BASE + 1);
    journal.position("right", Some(1), 1);
    assert_eq!(kept_out(&journal), []);
    for (at, mtime) in [(3, BASE + 7), (5, BASE + 5)] {
        journal.record(BASE - HOUR_MS, 3, mtime);
        journal.position("file", Some(at), 1);
    }
    assert_eq!(kept_out(&journal), [("file".to_owned(), BASE + 5)]);
    // It is read again: what counts then is settled, what is still ahead is not.
    journal.record(BASE, 3, BASE + 7);
    journal.position("file", Some(3), 1);
    journal.record(BASE, 4, BASE + HOUR_MS);
    journal.position("file", Some(5), 1);
    assert_eq!(kept_out(&journal), [("file".to_owned(), BASE + HOUR_MS)]);
    journal.record(BASE + HOUR_MS, 4, BASE + HOUR_MS);
    journal.position("file", Some(5), 1);
    assert_eq!(kept_out(&journal), []);
}

#[test]
fn decoded_elsewhere_the_same_is_kept_out() {
    let mut decoder = Decoder::default();
    let mut rsvps = Vec::new();
    for (rsvp, mtime) in [
        (1, BASE + 1),
        (2, BASE + HOUR_MS),
        (3, BASE + 3),
        (4, BASE + HOUR_MS),
    ] {
        match decoder.decode(one(rsvp, mtime).json().as_bytes()) {
            Ok(Record::Rsvp(rsvp)) => rsvps.push(rsvp),
            other => panic!("an RSVP and not {other:?}"),
        }
    }
    let mut partition = Partition::new();
    let kind = Kind::of(Feed::Rsvps);
    partition.apply_rsvps(kind, 0, decoder.dictionary(), &rsvps, 1, BASE);
    let found = answer(&partition);
    assert_eq!((found.rsvps, found.ledger.all.kept), (2, 4));
    assert_eq!(found.ledger.all.tally.quarantined["future_timestamp"], 2);
}
