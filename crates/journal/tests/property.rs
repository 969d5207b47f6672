//! Any sequence of appends, readings and openings is like a list that one appends to.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use headcount_journal::{
    Batch, Entry, Error, Journal, Options, ReadOnly, Reader, Receipt, stat, verify,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Append {
        partition: u16,
        batch: Vec<Entry>,
        wait: bool,
    },
    Read {
        partition: u16,
        from: usize,
        max_bytes: usize,
    },
    Reopen {
        close: bool,
    },
    Look,
}

fn entries() -> impl Strategy<Value = Entry> {
    let body = prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), 0..200),
        1 => (0..20_000_usize).prop_map(|len| vec![0; len]),
    ];
    (0..255_u8, any::<u16>(), body).prop_map(|(kind, source, body)| Entry {
        kind,
        source,
        key: None,
        body,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let batch = proptest::collection::vec(entries(), 0..6);
    prop_oneof![
        6 => (0..3_u16, batch, any::<bool>()).prop_map(|(partition, batch, wait)| Step::Append { partition, batch, wait }),
        2 => (0..3_u16, any::<usize>(), 0..5_000_usize)
            .prop_map(|(partition, from, max_bytes)| Step::Read { partition, from, max_bytes }),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
        1 => Just(Step::Look),
    ]
}

fn options() -> Options {
    Options {
        partitions: Some(3),
        segment_bytes: 8192,
        group_bytes: 4096,
        ..Options::default()
    }
}

/// Waits for all that is under way.
fn settle(receipts: &mut Vec<(Receipt, u64)>) {
    for (receipt, end) in receipts.drain(..) {
        assert_eq!(receipt.wait().unwrap(), Some(end));
    }
}

fn check_rest(mut reader: Reader, from: usize, max_bytes: usize, model: &[Entry]) {
    let (mut batch, mut at) = (Batch::new(), from);
    loop {
        match reader.read(&mut batch, max_bytes, Duration::ZERO) {
            Ok(0) | Err(Error::Closed) => break,
            Ok(_) => {}
            Err(other) => panic!("{other}"),
        }
        for frame in batch.iter() {
            let entry = &model[at];
            assert_eq!(frame.offset, at as u64);
            assert_eq!((frame.kind, frame.source), (entry.kind, entry.source));
            assert!(frame.body == entry.body);
            at += 1;
        }
    }
    assert_eq!(at, model.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_journal_is_like_a_list(steps in proptest::collection::vec(steps(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("deep/down/journal");
        let mut journal = Journal::open(&dir, options()).unwrap();
        let mut model = vec![Vec::new(); 3];
        let mut receipts = Vec::new();
        for step in steps {
            match step {
                Step::Append { partition, batch, wait } => {
                    let list = &mut model[usize::from(partition)];
                    list.extend(batch.clone());
                    receipts.push((journal.append(partition, batch).unwrap(), list.len() as u64));
                    if wait {
                        settle(&mut receipts);
                    }
                }
                Step::Read { partition, from, max_bytes } => {
                    settle(&mut receipts);
                    let list = &model[usize::from(partition)];
                    let from = from % (list.len() + 1);
                    check_rest(journal.reader(partition, from as u64).unwrap(), from, max_bytes, list);
                }
                Step::Reopen { close } => {
                    if close {
                        journal.close().unwrap();
                    }
                    drop(journal);
                    settle(&mut receipts);
                    journal = Journal::open(&dir, options()).unwrap();
                    prop_assert!(journal.torn_tails().is_empty());
                }
                Step::Look => {
                    settle(&mut receipts);
                    let look = ReadOnly::open(&dir).unwrap();
                    for (partition, list) in model.iter().enumerate() {
                        check_rest(look.reader(partition as u16, 0).unwrap(), 0, 1000, list);
                    }
                    for report in [stat(&dir).unwrap(), verify(&dir).unwrap()] {
                        prop_assert!(report.is_sound(), "{:?}", report);
                        let counts: Vec<_> = report.partitions.iter().map(|p| p.entries() as usize).collect();
                        prop_assert_eq!(counts, model.iter().map(Vec::len).collect::<Vec<_>>());
                    }
                }
            }
        }
    }
}
