//! An import that is killed and repeated puts every record into a journal on Kafka once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use headcount_test_servers::{Cassandra, Kafka};

use crate::{
    harness::{Cluster, turn, undamaged},
    support::*,
};

const KILLS: usize = 20;
/// Lines of a part: an import of many takes long enough to be hit in its middle.
const LINES: usize = 100;

/// The recordings in parts, with all that is broken in them. What is no lines stays whole.
fn parts(data: &Path, folder: &Path) -> Vec<PathBuf> {
    let mut parts = Vec::new();
    for file in undamaged(data) {
        if file.extension().is_none_or(|kind| kind != "ndjson") {
            parts.push(file);
            continue;
        }
        let text = fs::read_to_string(file).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for lines in lines.chunks(LINES) {
            let part = folder.join(format!("part{}.ndjson", parts.len()));
            fs::write(&part, lines.join("\n")).unwrap();
            parts.push(part);
        }
    }
    parts
}

/// Records that another client finds in the journal.
fn records_of(kafka: &Kafka, cluster: &Cluster) -> usize {
    let topic = format!("{}.rsvps", cluster.name());
    let seen = Command::new("kcat")
        .args(["-b", &kafka.bootstrap(), "-t", &topic, "-C", "-e", "-q"])
        .args(["-X", "isolation.level=read_committed", "-f", "%k\n"])
        .stderr(Stdio::null())
        .output()
        .unwrap();
    // There may be no topic yet.
    seen.stdout.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn an_import_into_kafka_killed_at_any_moment_is_exactly_once() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let mut random = Random::new();
    let right = golden(&data, "merged");
    let all = usize::try_from(right["records"].as_u64().unwrap()).unwrap();
    let (kafka, cassandra) = (Kafka::shared(), Cassandra::shared());
    let folder = tempfile::tempdir().unwrap();
    let files = parts(&data, folder.path());

    let whole = Cluster::new(kafka, 2);
    let start = Instant::now();
    whole.import(&files);
    let length = start.elapsed();
    assert_eq!(records_of(kafka, &whole), all);

    let (mut killed, mut torn) = (0, 0);
    while killed < KILLS {
        let cluster = Cluster::new(kafka, 2).served_by(cassandra);
        // Up to four kills of one import: also while it repeats what the first one left.
        for _ in 0..=random.below(4) {
            let after = length.mul_f64(random.below(1000) as f64 / 1000.0);
            let mut import = cluster.import_command(&files);
            let mut child = import.stdout(Stdio::null()).spawn().unwrap();
            killed += usize::from(kill_after(&mut child, after));
        }
        let left = records_of(kafka, &cluster);
        torn += usize::from(0 < left && left < all);
        cluster.import(&files);
        assert_eq!(records_of(kafka, &cluster), all);
        let worker = cluster.worker("w");
        cluster.wait_for_golden(&right, &[]);
        worker.stop();
    }
    assert!(torn > 0, "no kill came in the middle of an import");
}
