//! What was durable is taken away. Whatever is taken: it is told, or the answer is the same; never a shorter one.

use super::{Bench, Random, read_all};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::segments::disk::sim::{CrashDamage, EIO, Fault, Op};
use crate::segments::mark::{self, Mark};
use crate::segments::segment::HEADER_BYTES;
use crate::segments::tail::Tail;

/// A partition of a few segments with all entries in it, closed in order or left as a kill leaves it.
fn filled(sealed: bool) -> (Bench, Vec<Entry>) {
    let bench = Bench::new();
    let mut random = Random(11);
    let (mut log, _) = bench.open().unwrap();
    let mut entries = Vec::new();
    for time in 0..60 {
        let batch = random.batch(200);
        log.commit(std::slice::from_ref(&batch), time).unwrap();
        entries.extend(batch);
    }
    if sealed {
        log.seal().unwrap();
    }
    assert!(log.segments().len() >= 3, "{}", log.segments().len());
    (bench, entries)
}

/// A partition with the same files.
fn copy(of: &Bench) -> Bench {
    let copy = Bench::new();
    for segment in of.folder.segments().unwrap() {
        copy.sim.put(&segment.path, &of.sim.content(&segment.path));
    }
    let mark = mark::path_of(&of.folder.dir);
    copy.sim.put(&mark, &of.sim.content(&mark));
    copy
}

/// All entries as a tool beside the writer sees them.
fn look(bench: &Bench) -> Result<Vec<Entry>> {
    let folder = &bench.folder;
    let mark = Mark::read(folder)?;
    let segments = folder.segments()?;
    let end = folder.find_end(&segments)?;
    folder.check_end(mark, end.cursor.next)?;
    let tail = Tail::new(segments, end.cursor);
    tail.close(Error::Closed);
    read_all(&folder.disk, std::sync::Arc::new(tail))
}

/// The damage is told, by readers and by the next writer, which changes nothing then; or nothing is missing.
#[track_caller]
fn told_or_harmless(bench: &Bench, entries: &[Entry], what: &str) -> bool {
    let told = match look(bench) {
        Ok(found) => {
            assert_eq!(found, entries, "{what}: a shorter answer");
            false
        }
        Err(error) => {
            assert!(is_told(&error), "{what}: {error}");
            true
        }
    };
    match bench.open() {
        Ok((log, _)) => assert_eq!(
            log.end().next,
            entries.len() as u64,
            "{what}, for the writer"
        ),
        Err(error) => assert!(is_told(&error), "{what}: {error}"),
    }
    if told {
        assert!(look(bench).is_err(), "{what}: the writer has made it whole");
    }
    told
}

fn is_told(error: &Error) -> bool {
    matches!(
        error,
        Error::Lost { .. } | Error::Corrupt { .. } | Error::NotAJournal { .. }
    )
}

#[test]
fn a_cut_at_any_byte_of_the_last_segments_is_told() {
    for sealed in [false, true] {
        let (bench, entries) = filled(sealed);
        let segments = bench.folder.segments().unwrap();
        // Every byte of the last one, and of the one before it some, for it is walked by the same code at every byte.
        for (segment, step) in segments[segments.len() - 2..].iter().zip([29, 1]) {
            let content = bench.sim.content(&segment.path);
            let written = content.iter().rposition(|&byte| byte != 0).unwrap() + 1;
            let mut told = 0;
            for cut in (0..=written).step_by(step) {
                let bench = copy(&bench);
                bench.sim.put(&segment.path, &content[..cut]);
                let what = format!("{} cut at {cut}, sealed {sealed}", segment.path.display());
                told += usize::from(told_or_harmless(&bench, &entries, &what));
            }
            // All cuts that take an entry or the proof of it; the empty group at the end is neither.
            assert!(told + 100 > written / step, "{told} of {written} cuts");
        }
    }
}

#[test]
fn zeros_at_the_end_are_told() {
    for sealed in [false, true] {
        let (bench, entries) = filled(sealed);
        let last = bench.folder.segments().unwrap().pop().unwrap().path;
        let content = bench.sim.content(&last);
        let written = content.iter().rposition(|&byte| byte != 0).unwrap() + 1;
        for zeroed in [1, 55, 56, 200, 512, 1024, written - HEADER_BYTES, written] {
            let bench = copy(&bench);
            let mut content = content.clone();
            content[written - zeroed.min(written)..].fill(0);
            bench.sim.put(&last, &content);
            let what = format!("the last {zeroed} bytes are zeros, sealed {sealed}");
            let told = told_or_harmless(&bench, &entries, &what);
            assert!(told || (sealed && zeroed <= 55), "{what}");
        }
    }
}

#[test]
fn a_segment_that_is_removed_or_changed_with_another_is_told() {
    let (bench, entries) = filled(true);
    let paths: Vec<_> = bench
        .folder
        .segments()
        .unwrap()
        .into_iter()
        .map(|segment| segment.path)
        .collect();
    for path in &paths {
        let bench = copy(&bench);
        bench.folder.disk.remove(path).unwrap();
        assert!(told_or_harmless(&bench, &entries, "a segment is removed"));
    }
    for pair in paths.windows(2) {
        let (one, two) = (bench.sim.content(&pair[0]), bench.sim.content(&pair[1]));
        let bench = copy(&bench);
        bench.sim.put(&pair[0], &two);
        bench.sim.put(&pair[1], &one);
        assert!(told_or_harmless(&bench, &entries, "two change places"));
    }
    // All from one on, as a restore of an older copy leaves it; the first of them is the whole partition.
    for from in 0..paths.len() {
        let bench = copy(&bench);
        for path in &paths[from..] {
            bench.folder.disk.remove(path).unwrap();
        }
        let error = look(&bench).unwrap_err().to_string();
        assert!(error.contains("partition 0"), "{error}");
        assert!(error.contains("headcount rebuild"), "{error}");
        let last = format!("to {}", entries.len() - 1);
        assert!(error.contains(&last), "{error}");
    }
}

#[test]
fn a_mark_that_is_gone_or_damaged_is_made_anew() {
    let (bench, entries) = filled(true);
    let path = mark::path_of(&bench.folder.dir);
    let content = bench.sim.content(&path);
    let marked = Mark::read(&bench.folder).unwrap().unwrap();
    assert_eq!(marked.end, entries.len() as u64);
    for byte in 0..content.len() {
        let bench = copy(&bench);
        let mut content = content.clone();
        content[byte] ^= 1 << (byte % 8);
        bench.sim.put(&path, &content);
        assert!(!told_or_harmless(
            &bench,
            &entries,
            "a flipped bit in the mark"
        ));
        assert_eq!(Mark::read(&bench.folder).unwrap(), Some(marked));
    }
    for damaged in [&b""[..], &[0; 600], &content[..20]] {
        let bench = copy(&bench);
        bench.sim.put(&path, damaged);
        assert!(!told_or_harmless(&bench, &entries, "a damaged mark"));
        assert_eq!(Mark::read(&bench.folder).unwrap(), Some(marked));
    }
    let bench = copy(&bench);
    bench.folder.disk.remove(&path).unwrap();
    assert!(!told_or_harmless(&bench, &entries, "no mark"));
    assert_eq!(Mark::read(&bench.folder).unwrap(), Some(marked));
}

/// A process that is killed between a sync and its mark, or a machine that loses the mark's last writes, is no damage.
#[test]
fn a_mark_that_is_behind_is_harmless() {
    let bench = Bench::new();
    let (mut log, _) = bench.open().unwrap();
    let mut random = Random(3);
    log.commit(&[random.batch(50)], 1).unwrap();
    let skip = 1;
    bench.sim.fail(Fault {
        op: Op::Write,
        skip,
        errno: EIO,
        written: 20,
    });
    // The group is durable, whatever became of the mark.
    log.commit(&[random.batch(50)], 2).unwrap();
    let end = log.end().next;
    assert!(Mark::read(&bench.folder).unwrap().unwrap().end < end);
    log.commit(&[random.batch(50)], 3).unwrap();
    let end = log.end().next;
    assert_eq!(Mark::read(&bench.folder).unwrap().unwrap().end, end);
    let bench = Bench::on(bench.sim.after_crash(CrashDamage::DropAll, &mut Random(0)));
    assert_eq!(bench.open().unwrap().0.end().next, end);
}
