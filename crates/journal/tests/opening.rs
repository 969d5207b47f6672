//! What is said about folders that are no journal, damaged ones, and ones of long ago.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use headcount_journal::{
    Batch, Damage, Entry, Error, Journal, Options, ReadOnly, Report, stat, verify,
};

/// Three segments in partition 0, one in partition 1, closed in order.
fn make(dir: &Path) {
    let options = Options {
        partitions: Some(2),
        segment_bytes: 4096,
        ..Options::default()
    };
    let journal = Journal::open(dir, options).unwrap();
    for n in 0..10_u8 {
        let entry = Entry {
            kind: n % 3,
            source: 500 + u16::from(n),
            key: None,
            body: vec![b'a' + n; 900],
        };
        journal
            .append(0, vec![entry.clone()])
            .unwrap()
            .wait()
            .unwrap();
        if n < 2 {
            journal.append(1, vec![entry; 2]).unwrap().wait().unwrap();
        }
    }
    journal.close().unwrap();
}

/// What [`make`] has made.
fn check(report: &Report) {
    assert!(report.is_sound(), "{report:?}");
    let [first, second] = &report.partitions[..] else {
        panic!("{report:?}")
    };
    assert_eq!(
        (first.partition, first.segments, first.first, first.end),
        (0, 3, 0, 10)
    );
    assert_eq!(
        (second.partition, second.segments, second.first, second.end),
        (1, 1, 0, 4)
    );
    assert_eq!((report.entries(), first.unfinished_bytes), (14, 0));
    // Frames, a sync frame for each, three headers and the empty group at the end.
    assert_eq!(first.bytes, 10 * (31 + 900 + 55) + 3 * 68 + 55);
    let (from, to) = (first.first_ms.unwrap(), first.last_ms.unwrap());
    assert!(1_600_000_000_000 < from && from <= to);
}

fn check_entries(dir: &Path) {
    let look = ReadOnly::open(dir).unwrap();
    let (mut reader, mut batch) = (look.reader(0, 0).unwrap(), Batch::new());
    let mut next = 0_u8;
    while reader.position() < look.durable_end(0).unwrap() {
        reader.read(&mut batch, 2000, Duration::ZERO).unwrap();
        for frame in batch.iter() {
            assert_eq!((frame.offset, frame.kind), (u64::from(next), next % 3));
            assert_eq!(
                (frame.source, frame.body),
                (500 + u16::from(next), &[b'a' + next; 900][..])
            );
            next += 1;
        }
    }
    assert_eq!(next, 10);
    let end = reader.read(&mut batch, 2000, Duration::from_secs(60));
    assert!(matches!(end, Err(Error::Closed)), "{end:?}");
}

fn segments(dir: &Path, partition: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir.join(partition))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn reports_tell_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    make(&dir);
    check(&stat(&dir).unwrap());
    check(&verify(&dir).unwrap());
    check_entries(&dir);
    // Opening and closing changes nothing.
    drop(Journal::open(&dir, Options::default()).unwrap());
    check(&verify(&dir).unwrap());
    let id = stat(&dir).unwrap().id;
    assert_eq!(Journal::open(&dir, Options::default()).unwrap().id(), id);
}

fn fixture(version: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fixtures.join(version)
}

/// Journals written by each released format open for ever. (`HEADCOUNT_WRITE_FIXTURE=1` makes the one of today.)
#[test]
fn a_journal_of_long_ago_opens() {
    let fixture = fixture("v2");
    if std::env::var_os("HEADCOUNT_WRITE_FIXTURE").is_some() {
        make(&fixture);
        fs::remove_file(fixture.join("lock")).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture, folder.path());
    check(&verify(folder.path()).unwrap());
    check_entries(folder.path());
    let journal = Journal::open(folder.path(), Options::default()).unwrap();
    assert_eq!((journal.partitions(), journal.torn_tails()), (2, &[][..]));
    let more = Entry {
        kind: 0,
        source: 0,
        key: None,
        body: b"more".to_vec(),
    };
    assert_eq!(
        journal.append(0, vec![more]).unwrap().wait().unwrap(),
        Some(11)
    );
}

/// In format 1, which was never released, a frame does not say what it is a record of.
#[test]
fn a_journal_of_the_first_format_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture("v1"), folder.path());
    let before = segments(folder.path(), "p000").len();
    let opened = [
        Journal::open(folder.path(), Options::default()).err(),
        ReadOnly::open(folder.path()).err(),
        verify(folder.path()).err(),
    ];
    for error in opened {
        let said = error.unwrap().to_string();
        assert!(
            said.contains("journal.json has format version 1, this program reads 2; import the archive (raw/ in the lake)"),
            "{said}"
        );
    }
    assert_eq!(segments(folder.path(), "p000").len(), before);
}

#[test]
fn a_folder_without_a_journal_is_none() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("absent")] {
        for error in [
            ReadOnly::open(&path).err().unwrap(),
            stat(&path).unwrap_err(),
            verify(&path).unwrap_err(),
        ] {
            assert!(matches!(error, Error::NotAJournal { .. }), "{error}");
        }
    }
    assert!(
        !folder.path().join("absent").exists(),
        "looking creates nothing"
    );
}

#[test]
fn a_journal_without_its_description_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    make(&dir);
    fs::remove_file(dir.join("journal.json")).unwrap();
    let error = Journal::open(&dir, Options::default()).err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains("journal.json is missing, but p000 holds records"),
        "{text}"
    );
}

#[test]
fn a_damaged_description_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    make(&dir);
    let path = dir.join("journal.json");
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            fs::write(&path, &bad).unwrap();
            let error = stat(&dir).unwrap_err();
            assert!(
                matches!(error, Error::NotAJournal { .. } | Error::Version { .. }),
                "{error}"
            );
        }
        fs::write(&path, &good[..at]).unwrap();
        assert!(matches!(stat(&dir), Err(Error::NotAJournal { .. })));
    }
    let newer = String::from_utf8(good)
        .unwrap()
        .replace("\"version\":2", "\"version\":3");
    fs::write(&path, newer).unwrap();
    let error = Journal::open(&dir, Options::default()).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("has format version 3, this program reads 2"),
        "{error}"
    );
}

#[test]
fn verify_finds_all_damage_and_readers_stop_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    make(&dir);
    // One byte of the first segment, and the whole of partition 1.
    let path = &segments(&dir, "p000")[0];
    let mut bytes = fs::read(path).unwrap();
    bytes[68 + 2 * (31 + 900 + 55) + 40] ^= 1;
    fs::write(path, bytes).unwrap();
    fs::remove_file(&segments(&dir, "p001")[0]).unwrap();

    let report = verify(&dir).unwrap();
    assert!(!report.is_sound());
    let [
        Error::Corrupt {
            segment,
            byte,
            damage,
        },
    ] = &report.partitions[0].damage[..]
    else {
        panic!("{report:?}")
    };
    assert_eq!(
        (segment, *byte, *damage),
        (path, 68 + 2 * (31 + 900 + 55), Damage::Checksum)
    );
    assert!(matches!(
        report.partitions[1].damage[..],
        [Error::Lost {
            from: 0,
            last: 3,
            ..
        }]
    ));
    let text = report.partitions[0].damage[0].to_string();
    assert!(
        text.contains("00000000000000000000.seg: checksum differs at byte 2040 (run `headcount journal verify`"),
        "{text}"
    );
    // The damage of an old segment does not keep the journal from opening; whoever reads it is told.
    fs::remove_dir(dir.join("p001")).unwrap();
    assert!(
        Journal::open(&dir, Options::default()).is_err(),
        "a partition is gone"
    );
}

#[test]
fn damage_in_an_old_segment_is_met_by_the_reader() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    make(&dir);
    let path = &segments(&dir, "p000")[0];
    let mut bytes = fs::read(path).unwrap();
    bytes[68 + 2 * (31 + 900 + 55) + 40] ^= 1;
    fs::write(path, bytes).unwrap();

    let journal = Journal::open(&dir, Options::default()).unwrap();
    let (mut reader, mut batch) = (journal.reader(0, 0).unwrap(), Batch::new());
    assert_eq!(
        reader.read(&mut batch, 1 << 20, Duration::ZERO).unwrap(),
        2,
        "those before it"
    );
    for _ in 0..3 {
        let error = reader
            .read(&mut batch, 1 << 20, Duration::ZERO)
            .unwrap_err();
        assert!(
            matches!(error, Error::Corrupt { byte: 2040, .. }),
            "{error}"
        );
        assert!(batch.is_empty());
    }
    assert!(
        matches!(journal.reader(0, 3).err(), Some(Error::Corrupt { .. })),
        "nothing is skipped"
    );
    assert_eq!(
        journal
            .reader(0, 4)
            .unwrap()
            .read(&mut batch, 1 << 20, Duration::ZERO)
            .unwrap(),
        4
    );
}

#[test]
fn a_torn_tail_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    make(&dir);
    let path = segments(&dir, "p000").pop().unwrap();
    let good = fs::read(&path).unwrap();
    fs::write(&path, [&good[..], b"half a frame"].concat()).unwrap();
    assert_eq!(stat(&dir).unwrap().partitions[0].unfinished_bytes, 12);

    let journal = Journal::open(&dir, Options::default()).unwrap();
    let [torn] = journal.torn_tails() else {
        panic!("{:?}", journal.torn_tails())
    };
    assert_eq!(
        (torn.partition, &torn.segment, torn.byte, torn.bytes),
        (0, &path, good.len() as u64, 12)
    );
    assert!(
        torn.to_string()
            .contains("12 bytes of an interrupted write were cut off"),
        "{torn}"
    );
    drop(journal);
    assert_eq!(
        Journal::open(&dir, Options::default())
            .unwrap()
            .torn_tails(),
        []
    );
    check(&verify(&dir).unwrap());
}

#[test]
fn options_outside_their_range_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bad = [
        Options {
            partitions: Some(0),
            ..Options::default()
        },
        Options {
            partitions: Some(1001),
            ..Options::default()
        },
        Options {
            segment_bytes: 4095,
            ..Options::default()
        },
        Options {
            group_interval: Duration::from_secs(2),
            ..Options::default()
        },
        Options {
            group_bytes: 0,
            ..Options::default()
        },
        Options {
            group_bytes: 33 << 20,
            ..Options::default()
        },
        Options {
            group_entries: 0,
            ..Options::default()
        },
        Options {
            queue_bytes: 0,
            ..Options::default()
        },
        Options {
            queue_batches: 0,
            ..Options::default()
        },
    ];
    for options in bad {
        let error = Journal::open(folder.path(), options).err();
        assert!(matches!(error, Some(Error::Option(_))), "{error:?}");
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was created"
    );
}

fn entries(body: &[u8]) -> Vec<Entry> {
    vec![Entry {
        kind: 0,
        source: 0,
        key: None,
        body: body.to_vec(),
    }]
}

#[test]
fn the_lock_is_on_the_folder_whatever_becomes_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), Options::default()).unwrap();
    fs::remove_file(folder.path().join("lock")).unwrap();
    let second = Journal::open(folder.path(), Options::default())
        .err()
        .unwrap();
    assert!(matches!(second, Error::Locked { .. }), "{second}");
    journal.close().unwrap();
    Journal::open(folder.path(), Options::default()).unwrap();
}

#[test]
fn a_journal_whose_folder_is_gone_takes_nothing_more_and_says_so_to_readers() {
    let folder = tempfile::tempdir().unwrap();
    let [here, away] = ["here", "away"].map(|name| folder.path().join(name));
    let journal = Journal::open(&here, Options::default()).unwrap();
    let mut reader = journal.reader(0, 0).unwrap();
    journal.append(0, entries(b"one")).unwrap().wait().unwrap();
    journal.check_folders().unwrap();
    fs::rename(&here, &away).unwrap();
    let error = journal.check_folders().unwrap_err();
    assert!(matches!(error, Error::Moved { .. }), "{error}");
    assert!(error.to_string().contains("put it back"), "{error}");
    let refused = journal.append(0, entries(b"two")).err().unwrap();
    assert!(matches!(refused, Error::Moved { .. }), "{refused}");
    let mut batch = Batch::new();
    let wait = Duration::from_secs(60);
    assert_eq!(reader.read(&mut batch, 1 << 20, wait).unwrap(), 1);
    let ended = reader.read(&mut batch, 1 << 20, wait).unwrap_err();
    assert!(matches!(ended, Error::Moved { .. }), "{ended}");
    journal.close().unwrap();
    // What was stored went with the folder.
    assert_eq!(ReadOnly::open(&away).unwrap().durable_end(0).unwrap(), 1);
}

#[tokio::test]
async fn what_is_held_back_is_shown_and_becomes_durable_when_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), Options::default()).unwrap();
    let mut waiting = journal.waiting();
    for gives_up in [false, true] {
        let before = journal.durable_end(0).unwrap();
        journal.hold(Some("the disk is nearly full".to_owned()));
        let receipt = journal.append(0, entries(b"held")).unwrap();
        waiting.wait_for(Option::is_some).await.unwrap();
        assert_eq!(waiting.borrow().as_deref(), Some("the disk is nearly full"));
        assert_eq!(journal.durable_end(0).unwrap(), before);
        // Readers are not concerned.
        journal.reader(0, before).unwrap();
        match gives_up {
            true => journal.give_up(),
            false => journal.hold(None),
        }
        let end = tokio::task::spawn_blocking(|| receipt.wait())
            .await
            .unwrap();
        assert_eq!(end.unwrap(), Some(before + 1));
        waiting.wait_for(Option::is_none).await.unwrap();
    }
}
