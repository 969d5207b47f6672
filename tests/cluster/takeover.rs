//! A worker that goes, in any way, is replaced, and nothing is counted twice or lost.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use headcount_test_servers::{Cassandra, Kafka};

use crate::{
    harness::{Cluster, turn},
    support::*,
};

/// Kills of a worker.
const KILLS: u64 = 100;

/// The merged recordings as one file without damage, to be played slowly.
fn one_file(data: &Path, folder: &Path) -> (PathBuf, usize) {
    let path = folder.join("all.ndjson");
    let mut file = fs::File::create(&path).unwrap();
    let mut count = 0;
    for name in UNDAMAGED {
        for line in lines_of(&data.join("rsvps").join(name)) {
            writeln!(file, "{line}").unwrap();
            count += 1;
        }
    }
    (path, count)
}

#[test]
fn workers_killed_a_hundred_times_lose_and_double_nothing() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let mut random = Random::new();
    let right = golden(&data, "merged");
    let cluster = Cluster::new(Kafka::shared(), 4).served_by(Cassandra::shared());
    let (file, count) = one_file(&data, cluster.folder.path());
    let lines = fs::read_to_string(file).unwrap();
    let lines: Vec<_> = lines.lines().collect();

    let mut workers = vec![
        cluster.worker("a"),
        cluster.worker("b"),
        cluster.worker("c"),
    ];
    let names = ["a", "b", "c"];
    let mut fed = 0;
    for kill in 0..KILLS {
        // Some records between any two kills, in files of their own.
        let until = count * (kill as usize + 1) / KILLS as usize;
        let part = cluster.folder.path().join(format!("part{kill}.ndjson"));
        fs::write(&part, lines[fed..until].join("\n") + "\n").unwrap();
        fed = until;
        cluster.import(&[part]);
        let at = random.below(3) as usize;
        workers.remove(at).kill();
        workers.insert(at, cluster.worker(names[at]));
    }
    cluster.wait_for_golden(&right, &ORDERED);
}

#[test]
fn a_worker_that_was_stopped_and_replaced_changes_nothing_when_it_goes_on() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let cluster = Cluster::new(Kafka::shared(), 2).served_by(Cassandra::shared());
    let (file, count) = one_file(&data, cluster.folder.path());
    let lines = fs::read_to_string(file).unwrap();
    let lines: Vec<_> = lines.lines().collect();
    let part = |name: &str, lines: &[&str]| {
        let path = cluster.folder.path().join(name);
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        path
    };
    cluster.import(&[part("first.ndjson", &lines[..count / 2])]);

    let sleeper = cluster.worker("sleeper");
    let owner = |name: &str| {
        let Some(status) = cluster.status() else {
            return false;
        };
        let partitions = status["partitions"].as_array().unwrap().clone();
        !partitions.is_empty() && partitions.iter().all(|part| part["owner"] == name)
    };
    wait_until("the first worker owns everything", || owner("sleeper"));
    sleeper.pause();
    let _heir = cluster.worker("heir");
    cluster.import(&[part("second.ndjson", &lines[count / 2..])]);
    cluster.wait_for_golden(&right, &ORDERED);
    wait_until("the second worker owns everything", || owner("heir"));

    sleeper.resume();
    // It learns that it was replaced, and may become a member again; the answer stays.
    let third = part("third.ndjson", &lines[..10]);
    cluster.import(&[third]);
    cluster.wait_for_golden(&right, &ORDERED);
}
