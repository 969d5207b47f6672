//! A process that writes, really killed: what it was told is there once, batches are whole, and nobody waits long.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use headcount_journal::Entry;

use crate::support::{Site, entry, open, read_all};

const CHILD: &str = "HEADCOUNT_JOURNAL_KAFKA_KILL_TEST";

fn batch(run: usize, number: usize) -> Vec<Entry> {
    let size = 1 + number % 9;
    (0..size)
        .map(|part| {
            let kind = if part % 3 == 2 { 2 } else { 0 };
            entry(kind, 1, format!("{run} {number} {part}/{size}"))
        })
        .collect()
}

/// The process that is killed. In an ordinary run of the tests it does nothing.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Ok(arguments) = std::env::var(CHILD) else {
        return;
    };
    let mut arguments = arguments.split(' ');
    let mut next = || arguments.next().unwrap().to_owned();
    let (run, bootstrap, name) = (next(), next(), next());
    let run = run.parse().unwrap();
    let journal = open(&Site { bootstrap, name }, "worker");
    let mut under_way = std::collections::VecDeque::new();
    for number in 0.. {
        under_way.push_back((number, journal.append(0, batch(run, number)).unwrap()));
        if under_way.len() > 20 {
            let (number, receipt) = under_way.pop_front().unwrap();
            receipt.wait().unwrap();
            println!("ack {number}");
        }
    }
}

#[test]
fn a_killed_process_leaves_whole_batches_each_once() {
    let site = Site::shared();
    let mut acknowledged = Vec::new();
    for run in 0..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "kill::child_that_appends_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD, format!("{run} {} {}", site.bootstrap, site.name))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = 150 + 70 * run;
        let mut last = 0;
        for line in lines.map_while(Result::ok) {
            if let Some((_, number)) = line.split_once("ack ") {
                last = number.parse().unwrap();
                if last == enough {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(last >= enough);
        acknowledged.push(last);
    }
    // Opening under the same name ends what the last one had begun, so nobody waits for its time to run out.
    let journal = open(&site, "worker");
    let rows = read_all(&journal, 0);
    let (mut at, mut next) = (0, [0; 4]);
    while at < rows.len() {
        let run: usize = rows[at].4.split(' ').next().unwrap().parse().unwrap();
        let whole = batch(run, next[run]);
        for (row, entry) in rows[at..].iter().zip(&whole) {
            assert_eq!(
                (row.2, row.4.as_bytes()),
                (entry.kind, entry.body.as_slice())
            );
        }
        assert!(rows.len() >= at + whole.len());
        at += whole.len();
        next[run] += 1;
    }
    for (run, last) in acknowledged.into_iter().enumerate() {
        assert!(next[run] > last, "run {run}: {} of {last}", next[run]);
    }
}
