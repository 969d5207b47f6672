//! The lake in a folder, also under processes that are really killed.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use headcount_lake::{Lake, LakeAddress, Options, PutOutcome};

use super::{child, suite};

fn folder() -> tempfile::TempDir {
    // In memory where there is such a folder: hundreds of puts are synced.
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

fn open(dir: &std::path::Path) -> Lake {
    Lake::open(dir.to_str().unwrap()).unwrap()
}

#[test]
fn conforms() {
    let dir = folder();
    suite::run(&open(&dir.path().join("new/lake")));
}

#[test]
fn what_is_not_there_is_not_read() {
    let dir = folder();
    let address = LakeAddress::Disk(dir.path().join("none"));
    let error = Lake::open_to_read(&address, Options::default()).unwrap_err();
    assert!(error.to_string().contains("none"), "{error}");
    assert!(!dir.path().join("none").exists());
}

#[test]
fn nothing_temporary_is_left_or_listed() {
    let dir = folder();
    let lake = open(dir.path());
    lake.put("one", b"1").unwrap();
    lake.put_new("two", "2".into()).unwrap();
    lake.put_new("two", "2".into()).unwrap();
    let mut keys = Vec::new();
    lake.list("", |object| keys.push(object.key)).unwrap();
    assert_eq!(keys, ["one", "two"]);
    assert_eq!(dir.path().join(".lake/tmp").read_dir().unwrap().count(), 0);
}

/// A body that shows whether it is whole.
fn body(number: u32) -> Vec<u8> {
    let length = 1 + number as usize * 7_919 % 300_000;
    let mut body = format!("{number} {length} ").into_bytes();
    body.resize(length.max(body.len()), b'.');
    body.extend(b"end");
    body
}

fn is_whole(found: &[u8]) -> bool {
    let number = found
        .split(|b| *b == b' ')
        .next()
        .map(|n| std::str::from_utf8(n).unwrap().parse().unwrap());
    number.is_some_and(|number| found == body(number))
}

/// The process that is killed. In an ordinary run of the tests it does nothing.
#[test]
fn child_that_puts_until_it_is_killed() {
    let Some(argument) = child::argument() else {
        return;
    };
    let (run, dir) = argument.split_once(' ').unwrap();
    let run: u32 = run.parse().unwrap();
    let lake = open(std::path::Path::new(dir));
    for number in run * 100_000.. {
        let new = lake
            .put_new(&format!("new/{number}"), body(number).into())
            .unwrap();
        assert_ne!(new, PutOutcome::Exists);
        lake.put("replaced", &body(number)).unwrap();
        let (_, tag) = lake.get("swapped").unwrap().unwrap();
        lake.put_if("swapped", &tag, body(number).into()).unwrap();
        println!("ack {number}");
    }
}

#[test]
fn a_kill_leaves_nothing_torn() {
    let dir = folder();
    let lake = open(dir.path());
    lake.put("swapped", &body(0)).unwrap();
    let mut acknowledged = Vec::new();
    for run in 1..=12_u32 {
        let argument = format!("{run} {}", dir.path().display());
        let mut child = child::test("disk::child_that_puts_until_it_is_killed", &argument)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        // At another moment of a put each time.
        let first = lines.by_ref().find_map(|line| number_of(&line)).unwrap();
        acknowledged.push(first);
        std::thread::sleep(Duration::from_micros(u64::from(run) * 1_700));
        child.kill().unwrap();
        acknowledged.extend(lines.filter_map(|line| number_of(&line)));
        assert!(!child.wait().unwrap().success());
        let (mut count, mut torn) = (0, Vec::new());
        lake.list("", |object| {
            let (body, _) = lake.get(&object.key).unwrap().unwrap();
            count += 1;
            if !is_whole(&body) {
                torn.push(object.key);
            }
        })
        .unwrap();
        assert!(torn.is_empty() && count > 2, "{torn:?} of {count}");
    }
    for number in acknowledged {
        let (found, _) = lake.get(&format!("new/{number}")).unwrap().unwrap();
        assert_eq!(found, body(number));
    }
    // A killed process holds no lock.
    lake.put("swapped", &body(1)).unwrap();
}

fn number_of(line: &str) -> Option<u32> {
    // The last line may be torn: only one with an end counts, and lines() gives it without.
    line.split_once("ack ")?.1.parse().ok()
}

/// One of several processes that count together.
#[test]
fn child_that_counts() {
    if let Some(dir) = child::argument() {
        suite::count(&open(std::path::Path::new(&dir)), 60);
    }
}

#[test]
fn processes_take_turns() {
    let dir = folder();
    let lake = open(dir.path());
    lake.put("counter", b"0").unwrap();
    let count = || {
        child::test("disk::child_that_counts", dir.path().to_str().unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    for mut child in [count(), count(), count()] {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(&lake.get("counter").unwrap().unwrap().0[..], b"180");
}
