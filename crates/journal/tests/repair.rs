//! A journal that has lost entries is made whole again, from what can be read of it and from what others have.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use headcount_journal::{
    Batch, Entry, Error, Journal, Offset, Options, ReadOnly, Repair, Snapshot, SnapshotContent,
    snapshot, verify,
};

/// What an archive has: an entry with its time.
type Appended = (i64, Entry);

fn make(dir: &Path) -> Vec<Appended> {
    let options = Options {
        partitions: Some(1),
        segment_bytes: 4096,
        ..Options::default()
    };
    let journal = Journal::open(dir, options).unwrap();
    for n in 0..20_u8 {
        let entry = Entry {
            kind: n % 3,
            source: u16::from(n),
            key: None,
            body: vec![b'a' + n; 500],
        };
        let receipt = journal.append(0, vec![entry.clone(), entry]).unwrap();
        receipt.wait().unwrap();
    }
    journal.close().unwrap();
    all(dir)
}

fn all(dir: &Path) -> Vec<Appended> {
    let journal = ReadOnly::open(dir).unwrap();
    let mut reader = journal.reader(0, journal.first_offset(0).unwrap()).unwrap();
    let (mut batch, mut entries) = (Batch::new(), Vec::new());
    loop {
        match reader.read(&mut batch, 1 << 20, Duration::ZERO) {
            Err(Error::Closed) => return entries,
            read => read.unwrap(),
        };
        entries.extend(batch.iter().map(|frame| {
            let entry = Entry {
                kind: frame.kind,
                source: frame.source,
                key: None,
                body: frame.body.to_vec(),
            };
            (frame.appended_at_ms, entry)
        }));
    }
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(dir.join("p000")).unwrap();
    let mut paths: Vec<_> = names.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Puts everything back that is in `archive`, whatever can still be read.
fn repair(dir: &Path, archive: &[Appended]) {
    let mut repair = Repair::open(dir).unwrap();
    loop {
        let before = repair.end(0);
        let mut found = Vec::new();
        repair
            .salvage(0, before, |group| found.extend(group))
            .unwrap();
        repair.put_back(0, &found).unwrap();
        let end = usize::try_from(repair.end(0)).unwrap();
        // A little at a time, so that salvage goes on behind it.
        let some = archive.get(end..(end + 3).min(archive.len()));
        repair.put_back(0, some.unwrap_or_default()).unwrap();
        if repair.end(0) == before {
            break;
        }
    }
    repair.finish().unwrap();
}

fn broken(damage: impl Fn(&[PathBuf])) -> (tempfile::TempDir, Vec<Appended>) {
    let folder = tempfile::tempdir().unwrap();
    let entries = make(folder.path());
    damage(&segments(folder.path()));
    assert!(!verify(folder.path()).unwrap().is_sound());
    (folder, entries)
}

fn flip(path: &Path, byte: usize) {
    let mut content = fs::read(path).unwrap();
    content[byte] ^= 0x20;
    fs::write(path, content).unwrap();
}

#[test]
fn what_an_archive_has_is_put_back_with_its_offsets_and_times() {
    type Damage = fn(&[PathBuf]);
    let damages: [(&str, Damage); 6] = [
        ("the tail is gone", |paths| {
            fs::remove_file(paths.last().unwrap()).unwrap();
        }),
        ("the last segment is cut", |paths| {
            let file = fs::OpenOptions::new()
                .write(true)
                .open(paths.last().unwrap());
            file.unwrap().set_len(700).unwrap();
        }),
        ("a segment in the middle is gone", |paths| {
            fs::remove_file(&paths[2]).unwrap()
        }),
        ("the first is gone", |paths| {
            fs::remove_file(&paths[0]).unwrap()
        }),
        ("a bit is flipped", |paths| flip(&paths[1], 900)),
        ("all is gone", |paths| {
            fs::remove_dir_all(paths[0].parent().unwrap()).unwrap();
        }),
    ];
    for (what, damage) in damages {
        let (folder, entries) = broken(damage);
        repair(folder.path(), &entries);
        let report = verify(folder.path()).unwrap();
        assert!(report.is_sound(), "{what}: {report:?}");
        assert_eq!(all(folder.path()), entries, "{what}");
        // It works on.
        let journal = Journal::open(folder.path(), Options::default()).unwrap();
        let receipt = journal.append(0, vec![entries[0].1.clone()]).unwrap();
        assert_eq!(
            receipt.wait().unwrap(),
            Some(entries.len() as Offset + 1),
            "{what}"
        );
    }
}

#[test]
fn what_can_be_read_behind_the_damage_is_kept() {
    let (folder, entries) = broken(|paths| fs::remove_file(&paths[1]).unwrap());
    // The archive has no more than what the removed segment had.
    let archive = &entries[..16];
    repair(folder.path(), archive);
    assert_eq!(all(folder.path()), entries);
    let damaged = folder.path().join("p000-damaged");
    assert!(damaged.is_dir(), "what was found stays");
}

#[test]
fn without_an_archive_the_loss_is_known_until_it_is_accepted() {
    let (folder, entries) = broken(|paths| fs::remove_file(paths.last().unwrap()).unwrap());
    let repairing = Repair::open(folder.path()).unwrap();
    let end = repairing.end(0);
    assert_eq!(repairing.reached(0), entries.len() as Offset);
    assert!(end < repairing.reached(0));
    drop(repairing);
    for _ in 0..2 {
        let Err(error) = Journal::open(folder.path(), Options::default()) else {
            panic!("it was opened");
        };
        let Error::Lost { from, last, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((from, last), (end, entries.len() as Offset - 1));
    }
    repair(folder.path(), &[]);
    assert_eq!(all(folder.path()), entries[..usize::try_from(end).unwrap()]);
    drop(Journal::open(folder.path(), Options::default()).unwrap());
}

/// Copies a journal as its snapshot says.
fn copy(from: &Path, to: &Path) -> Snapshot {
    let snapshot = snapshot(from).unwrap();
    for file in &snapshot.files {
        let target = to.join(&file.path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let content = match &file.content {
            SnapshotContent::Bytes(bytes) => bytes.clone(),
            SnapshotContent::Prefix(bytes) => {
                let mut content = fs::read(from.join(&file.path)).unwrap();
                content.truncate(usize::try_from(*bytes).unwrap());
                content
            }
        };
        fs::write(target, content).unwrap();
    }
    snapshot
}

#[test]
fn a_snapshot_is_a_whole_journal() {
    let (folder, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let entries = make(folder.path());
    let snapshot = copy(folder.path(), to.path());
    assert_eq!(snapshot.partitions, [(0, entries.len() as Offset)]);
    assert!(verify(to.path()).unwrap().is_sound());
    assert_eq!(all(to.path()), entries);
}

#[test]
fn snapshots_while_it_is_written_are_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let options = Options {
        segment_bytes: 4096,
        ..Options::default()
    };
    let journal = Journal::open(folder.path(), options).unwrap();
    let stop = AtomicBool::new(false);
    let copies = thread::scope(|scope| {
        scope.spawn(|| {
            for n in (0..=u8::MAX).cycle() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let entry = Entry {
                    kind: 1,
                    source: 2,
                    key: None,
                    body: vec![n; 1 + usize::from(n) * 3],
                };
                journal.append(0, vec![entry; 2]).unwrap().wait().unwrap();
            }
        });
        let mut copies = Vec::new();
        for _ in 0..20 {
            let to = tempfile::tempdir().unwrap();
            let end = copy(folder.path(), to.path()).partitions[0].1;
            assert!(verify(to.path()).unwrap().is_sound());
            copies.push(all(to.path()));
            assert_eq!(copies.last().unwrap().len() as Offset, end);
            while journal.durable_end(0).unwrap() <= end {
                thread::yield_now();
            }
        }
        stop.store(true, Ordering::Relaxed);
        copies
    });
    journal.close().unwrap();
    let whole = all(folder.path());
    for copy in copies {
        assert!(copy.len() < whole.len());
        assert!(copy == whole[..copy.len()]);
    }
}
