//! A disk that fails. After each failure: what was acknowledged is there, what was refused is not, and the journal
//! either works on or says clearly that it does not.

use super::{Bench, Random};
use crate::entry::Entry;
use crate::error::Error;
use crate::segments::disk::sim::{CrashDamage, EIO, EMFILE, ENOSPC, Fault, Op};

fn batch(len: usize) -> Vec<Vec<Entry>> {
    vec![vec![
        Entry {
            kind: 0,
            source: 1,
            key: None,
            body: vec![7; len],
        };
        2
    ]]
}

fn fault(op: Op, errno: i32) -> Fault {
    Fault {
        op,
        skip: 0,
        errno,
        written: 0,
    }
}

#[test]
fn a_failed_sync_poisons_and_nothing_that_was_seen_vanishes() {
    let bench = Bench::new();
    let (mut log, _) = bench.open().unwrap();
    log.commit(&batch(10), 1).unwrap();
    bench.sim.fail(fault(Op::Sync, EIO));
    let error = log.commit(&batch(20), 2).unwrap_err();
    assert!(
        matches!(error, Error::Poisoned { action: "sync", .. }),
        "{error}"
    );
    drop(log);

    // The kernel still shows the group, though it is not on the disk. Whoever reads it may rely on it from then on.
    let (log, _) = bench.open().unwrap();
    assert_eq!(log.end().next, 4);
    let bench = Bench::on(bench.sim.after_crash(CrashDamage::DropAll, &mut Random(0)));
    assert_eq!(bench.read_all().unwrap().len(), 4);
}

#[test]
fn no_sync_error_is_about_room() {
    for op in [Op::Sync, Op::SyncDir] {
        let bench = Bench::new();
        let (mut log, _) = bench.open().unwrap();
        log.commit(&batch(1500), 1).unwrap();
        // The second group needs a new segment, whose folder is synced.
        bench.sim.fail(fault(op, ENOSPC));
        let error = log.commit(&batch(1500), 2).unwrap_err();
        assert!(matches!(error, Error::Poisoned { .. }), "{op:?}: {error}");
    }
}

#[test]
fn a_full_disk_refuses_and_works_on_when_there_is_room() {
    for written in [0, 1, 30, 31, 70, 100] {
        for (op, errno) in [(Op::Write, ENOSPC), (Op::Allocate, ENOSPC)] {
            let bench = Bench::new();
            let (mut log, _) = bench.open().unwrap();
            if op == Op::Write {
                log.commit(&batch(10), 1).unwrap();
            }
            let before = log.end();
            // Reserving is tried twice: a whole segment, then what is needed.
            bench.sim.fail(Fault {
                written,
                ..fault(op, errno)
            });
            bench.sim.fail(Fault {
                written,
                ..fault(op, errno)
            });
            let error = log.commit(&batch(20), 2).unwrap_err();
            assert!(
                matches!(error, Error::Full { .. }),
                "{op:?} after {written}: {error}"
            );
            assert_eq!(log.end(), before);
            bench.sim.heal();

            assert_eq!(log.commit(&batch(30), 3).unwrap(), [before.next + 2]);
            log.seal().unwrap();
            let found = bench.read_all().unwrap();
            assert_eq!(found.len() as u64, before.next + 2);
            assert!(found.iter().all(|entry| entry.body.len() != 20));
            assert_eq!(bench.open().unwrap().1.torn_bytes, 0);
        }
    }
}

/// The same with a disk that really has an end, at every size of it.
#[test]
fn a_disk_that_fills_up_keeps_what_it_acknowledged() {
    let mut refused = 0;
    for capacity in (1_100..21_000).step_by(97) {
        let bench = Bench::new();
        bench.sim.set_capacity(capacity);
        let mut random = Random(capacity as u64);
        let (mut log, _) = bench.open().unwrap();
        let mut kept = Vec::new();
        for time in 0..30 {
            if time == 25 {
                bench.sim.heal();
            }
            let batches = vec![random.batch(400), random.batch(400)];
            match log.commit(&batches, time) {
                Ok(_) => kept.extend(batches.concat()),
                Err(Error::Full { .. }) => refused += 1,
                Err(other) => panic!("capacity {capacity}: {other}"),
            }
            assert!(time >= 25 || bench.sim.used() <= capacity);
            assert!(time < 25 || log.end().next == kept.len() as u64);
        }
        assert_eq!(bench.read_all().unwrap(), kept, "capacity {capacity}");
        let bench = Bench::on(bench.sim.after_crash(CrashDamage::DropAll, &mut random));
        assert_eq!(bench.open().unwrap().0.end().next, kept.len() as u64);
        assert_eq!(
            bench.read_all().unwrap(),
            kept,
            "capacity {capacity}, after a power cut"
        );
    }
    assert!(refused > 1000, "only {refused}: the disks are too large");
}

#[test]
fn half_a_group_that_cannot_be_cut_off_poisons() {
    let bench = Bench::new();
    let (mut log, _) = bench.open().unwrap();
    log.commit(&batch(10), 1).unwrap();
    bench.sim.fail(Fault {
        written: 50,
        ..fault(Op::Write, ENOSPC)
    });
    bench.sim.fail(fault(Op::SetLen, EIO));
    let error = log.commit(&batch(20), 2).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Poisoned {
                action: "truncate",
                ..
            }
        ),
        "{error}"
    );
    drop(log);
    let (log, end) = bench.open().unwrap();
    assert_eq!(log.end().next, 2);
    assert!(
        end.torn_bytes > 0,
        "the half group is found and cut off at the next opening"
    );
}

#[test]
fn any_other_write_error_poisons() {
    let bench = Bench::new();
    let (mut log, _) = bench.open().unwrap();
    bench.sim.fail(fault(Op::Write, EIO));
    let error = log.commit(&batch(20), 2).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Poisoned {
                action: "write",
                ..
            }
        ),
        "{error}"
    );
}

/// Every step of beginning a new segment may fail; what fails for want of room is tried again with the next group.
#[test]
fn a_segment_that_cannot_begin() {
    for op in [
        Op::Create,
        Op::Allocate,
        Op::Write,
        Op::Sync,
        Op::Rename,
        Op::SyncDir,
    ] {
        for errno in [EIO, ENOSPC, EMFILE] {
            let bench = Bench::new();
            let (mut log, _) = bench.open().unwrap();
            log.commit(&batch(1500), 1).unwrap();
            bench.sim.fail(fault(op, errno));
            bench.sim.fail(fault(op, errno));
            let error = log.commit(&batch(1600), 2).unwrap_err();
            let is_room = errno != EIO && !matches!(op, Op::Sync | Op::SyncDir);
            let what = format!("{op:?}, errno {errno}: {error}");
            assert_eq!(matches!(error, Error::Full { .. }), is_room, "{what}");
            assert_eq!(matches!(error, Error::Poisoned { .. }), !is_room, "{what}");
            bench.sim.heal();
            if is_room {
                log.commit(&batch(1700), 3).unwrap();
            } else {
                drop(log);
                log = bench.open().unwrap().0;
                log.commit(&batch(1700), 3).unwrap();
            }
            let found: Vec<_> = bench
                .read_all()
                .unwrap()
                .iter()
                .map(|e| e.body.len())
                .collect();
            assert_eq!(found, [1500, 1500, 1700, 1700], "{what}");
            log.seal().unwrap();
            assert!(
                bench
                    .folder
                    .disk
                    .list(&bench.folder.dir)
                    .unwrap()
                    .iter()
                    .all(|name| name.ends_with(".seg"))
            );
        }
    }
}

/// Whatever fails while opening: an error, and the next opening finds everything.
#[test]
fn opening_may_fail_anywhere() {
    for op in [
        Op::Open,
        Op::Read,
        Op::Write,
        Op::Sync,
        Op::SyncDir,
        Op::SetLen,
    ] {
        for skip in 0..8 {
            let bench = Bench::new();
            let (mut log, _) = bench.open().unwrap();
            log.commit(&batch(1500), 1).unwrap();
            log.commit(&batch(1500), 2).unwrap();
            bench.sim.fail(Fault {
                written: 50,
                ..fault(Op::Write, EIO)
            });
            bench.sim.fail(fault(Op::SetLen, EIO));
            log.commit(&batch(20), 3).unwrap_err();
            drop(log);

            bench.sim.fail(Fault {
                skip,
                ..fault(op, EIO)
            });
            let failed = bench.open().err();
            if let Some(error) = &failed {
                assert!(matches!(error, Error::Io { .. }), "{op:?}: {error}");
            }
            bench.sim.heal();
            let (mut log, _) = bench.open().unwrap();
            log.commit(&batch(30), 4).unwrap();
            assert_eq!(bench.read_all().unwrap().len(), 6);
            if failed.is_none() {
                assert!(skip > 0, "{op:?} is never used while opening");
                break;
            }
        }
    }
}
