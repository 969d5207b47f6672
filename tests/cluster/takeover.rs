//! A worker that goes, in any way, is replaced, and nothing is counted twice or lost.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use headcount_test_servers::{Cassandra, Kafka, S3, Toxiproxy};
use serde_json::Value;

use crate::{
    harness::{Cluster, turn},
    support::*,
};

/// Kills of a worker.
fn kills() -> usize {
    extent(40, 100)
}
/// After every so many-th everything that was the victim's must have found another owner. The others come as soon as the
/// next victim has something to lose, so that some workers die while others still take over.
const TAKEOVER_EVERY: usize = 5;
/// Many workers are waited for.
const SHORT_SESSION_MS: u32 = 1_500;

/// The merged recordings in their order, one record a line, with all that is broken in them: so that an answer agrees in
/// every member.
fn lines(data: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for name in UNDAMAGED {
        let file = data.join("rsvps").join(name);
        if name.ends_with(".ndjson") {
            let text = fs::read_to_string(file).unwrap();
            lines.extend(text.lines().map(ToOwned::to_owned));
        } else {
            lines.extend(lines_of(&file));
        }
    }
    lines
}

/// A file with these lines.
fn part(cluster: &Cluster, name: &str, lines: &[String]) -> PathBuf {
    let path = cluster.folder.path().join(name);
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

/// The right answer after so many of its records came once more.
fn repeated(right: &Value, records: u64) -> Value {
    let mut right = right.clone();
    for path in ["/records", "/kinds/ignored"] {
        let count = right.pointer_mut(path).unwrap();
        *count = (count.as_u64().unwrap() + records).into();
    }
    right
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn offset(part: &Value, of: &str) -> u64 {
    part[of].as_u64().unwrap_or(0)
}

#[test]
fn workers_killed_a_hundred_times_lose_and_double_nothing() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let mut random = Random::new();
    let right = golden(&data, "merged");
    let cluster =
        Cluster::with_session(Kafka::shared(), 4, SHORT_SESSION_MS).served_by(Cassandra::shared());
    let lines = lines(&data);

    // A name is given once: whoever owns something under it is the process that was started with it.
    let mut names = (0..).map(|number| format!("w{number}"));
    let mut start = || {
        let name = names.next().unwrap();
        let worker = cluster.worker(&name);
        (name, worker)
    };
    let mut workers: Vec<_> = (0..3).map(|_| start()).collect();
    let mut fed = 0;
    let kills = kills();
    for kill in 0..kills {
        // Some records between any two kills, in files of their own.
        let until = lines.len() * (kill + 1) / kills;
        cluster.import(&[part(
            &cluster,
            &format!("part{kill}.ndjson"),
            &lines[fed..until],
        )]);
        fed = until;
        let (name, victim) = workers.remove(random.below(3) as usize);
        let is_the_victims = |part: &Value| part["owner"] == name.as_str();
        wait_until("the victim owns a partition", || {
            let parts = cluster.owned();
            parts.is_some_and(|parts| parts.iter().any(is_the_victims))
        });
        victim.kill();
        workers.push(start());
        if kill % TAKEOVER_EVERY == TAKEOVER_EVERY - 1 {
            wait_until("others own what was the victim's", || {
                let parts = cluster.owned();
                parts.is_some_and(|parts| !parts.iter().any(is_the_victims))
            });
        }
    }
    cluster.wait_for_golden(&right, &[]);
}

#[test]
fn a_worker_that_was_stopped_and_replaced_changes_nothing_when_it_goes_on() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let cluster = Cluster::new(Kafka::shared(), 2).served_by(Cassandra::shared());
    let lines = lines(&data);
    let (first, rest) = lines.split_at(lines.len() / 2);
    let (second, third) = rest.split_at(rest.len() / 2);

    let proxy = Toxiproxy::shared().proxy(&Cassandra::shared().contact());
    let sleeper = cluster.worker_behind(&proxy, "sleeper");
    cluster.import(&[part(&cluster, "first.ndjson", first)]);
    wait_until("the first worker owns and has served everything", || {
        let parts = cluster.owned().unwrap_or_default();
        let served = |part: &Value| offset(part, "offset") > 0 && part["served"] == part["offset"];
        cluster.owns_all("sleeper") && parts.iter().all(served)
    });
    // It counts on, and what it writes is on its way when it falls asleep.
    proxy.hold();
    let before = cluster.owned().unwrap();
    cluster.import(&[part(&cluster, "second.ndjson", second)]);
    wait_until("the first worker has counted what it cannot serve", || {
        let parts = cluster.owned().unwrap();
        parts.iter().zip(&before).all(|(part, before)| {
            part["lag"] == 0
                && offset(part, "offset") > offset(before, "offset")
                && part["served"] == before["served"]
        })
    });
    sleeper.pause();
    let heir = cluster.worker("heir");
    cluster.import(&[part(&cluster, "third.ndjson", third)]);
    cluster.wait_for_golden(&right, &[]);
    wait_until("the second worker owns everything", || {
        cluster.owns_all("heir")
    });

    // What was on its way arrives after what is newer.
    proxy.restore();
    let epoch = |part: &Value| part["epoch"].as_u64().unwrap();
    let epochs: Vec<_> = cluster.owned().unwrap().iter().map(epoch).collect();
    let resumed = now_ms();
    sleeper.resume();
    // It learns that it was replaced, becomes a member again, and is given its share.
    wait_until("the first worker goes on", || {
        let status = cluster.status().unwrap_or_default();
        let workers = status["workers"].as_array().cloned().unwrap_or_default();
        let is_up = |worker: &Value| {
            worker["name"] == "sleeper" && worker["at"].as_i64().is_some_and(|at| at > resumed)
        };
        let parts = cluster.owned().unwrap_or_default();
        let mut owned = parts.iter().zip(&epochs);
        workers.iter().any(is_up)
            && owned.any(|(part, before)| part["owner"] == "sleeper" && epoch(part) > *before)
    });
    cluster.wait_for_golden(&right, &[]);

    heir.kill();
    wait_until("the first worker owns everything again", || {
        cluster.owns_all("sleeper")
    });
    // The same records in another file: each is known, and changes nothing but the count of records.
    cluster.import(&[part(&cluster, "again.ndjson", &lines[..10])]);
    cluster.wait_for_golden(&repeated(&right, 10), &[]);
}

#[test]
fn whoever_takes_over_goes_on_from_the_checkpoint() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let cluster = Cluster::new(Kafka::shared(), 2)
        .served_by(Cassandra::shared())
        .with_lake_on(S3::shared());
    let lines = lines(&data);
    let (first, second) = lines.split_at(lines.len() / 2);
    cluster.import(&[part(&cluster, "first.ndjson", first)]);
    let worker = cluster.worker_with("first", &["--checkpoint-every", "1"]);
    let before = wait_for("everything so far is in checkpoints", || {
        let kept = |part: &Value| {
            part["lag"] == 0
                && offset(part, "checkpointed") > 0
                && part["checkpointed"] == part["offset"]
        };
        cluster.owned().filter(|parts| parts.iter().all(kept))
    });
    worker.kill();

    // It writes none of its own: its last checkpoint stays the one it began with.
    let _heir = cluster.worker_with("heir", &["--checkpoint-every", "86400"]);
    cluster.import(&[part(&cluster, "second.ndjson", second)]);
    cluster.wait_for_golden(&right, &[]);
    // Until it says itself how far it is, its predecessor's words stand beside its name.
    let after = wait_for("the heir says that everything is counted", || {
        let further = |(part, before): (&Value, &Value)| {
            part["owner"] == "heir" && offset(part, "offset") > offset(before, "offset")
        };
        let parts = cluster.owned()?;
        parts.iter().zip(&before).all(further).then_some(parts)
    });
    for (part, before) in after.iter().zip(&before) {
        assert_eq!(part["checkpointed"], before["checkpointed"], "{part}");
    }
}
