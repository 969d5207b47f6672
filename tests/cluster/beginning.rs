//! What comes first: the journal, or those who count and show it.

use std::process::Command;

use headcount_test_servers::{Cassandra, Kafka};
use serde_json::Value;

use crate::{
    harness::{Cluster, turn, undamaged},
    support::*,
};

/// How many partitions a topic of a cluster has, as Kafka says; 0 if there is none.
fn partitions_of(kafka: &Kafka, topic: &str) -> usize {
    let bootstrap = kafka.bootstrap();
    let told = run(Command::new("kcat").args(["-b", &bootstrap, "-L", "-J"]));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let topics = told["topics"].as_array().unwrap();
    let found = topics.iter().find(|found| found["topic"] == topic);
    found.map_or(0, |found| found["partitions"].as_array().unwrap().len())
}

#[test]
fn who_counts_and_shows_waits_for_the_journal_and_makes_none() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let kafka = Kafka::shared();
    let cluster = Cluster::new(kafka, 4).served_by(Cassandra::shared());
    let worker = cluster.worker("w");
    let serving = cluster.start("s", &["serve"], &[]);
    wait_until("it says what it waits for", || {
        let (status, body) = get(worker.address, "/readyz");
        status == 503 && body.contains("there is no journal")
    });
    let commits = format!("{}.commits", cluster.name());
    assert_eq!(partitions_of(kafka, &commits), 0);
    // Whoever waits can be told to end.
    let early = cluster.worker("early");
    wait_until("it waits, too", || {
        get(early.address, "/readyz")
            .1
            .contains("there is no journal")
    });
    early.stop();

    cluster.import(&undamaged(&data));
    assert_eq!(partitions_of(kafka, &commits), 4);
    let right = golden(&data, "merged");
    cluster.wait_for_golden(&right, &[]);
    wait_until("it shows it", || serving.is_ready());
}

#[test]
fn a_journal_of_which_nobody_says_otherwise_has_two_partitions() {
    let _turn = turn();
    let kafka = Kafka::shared();
    let cluster = Cluster::new(kafka, 2).unspecified();
    let process = cluster.start("alone", &[], &["sim:?rate=50".to_owned()]);
    wait_until("it is ready", || process.is_ready());
    process.stop();
    let commits = format!("{}.commits", cluster.name());
    assert_eq!(partitions_of(kafka, &commits), 2);
}

#[test]
fn what_is_shown_is_of_the_journal_of_the_lake() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let one = Cluster::new(Kafka::shared(), 1).served_by(Cassandra::shared());
    let mut other = Cluster::new(Kafka::shared(), 1).served_by(Cassandra::shared());
    let right = golden(&data, "merged");
    for cluster in [&one, &other] {
        cluster.import(&undamaged(&data));
        let worker = cluster.worker("w");
        cluster.wait_for_golden(&right, &[]);
        worker.stop();
    }
    other.lake = one.lake.clone();
    let said = other.start_refused("s", &["serve"]);
    assert!(said.contains("belongs to journal"), "{said}");
}
