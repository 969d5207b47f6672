//! An engine that is away is waited for, in bounded memory, and caught up with.

use std::time::{Duration, Instant};

use headcount_test_servers::{Cassandra, Kafka, S3};
use serde_json::Value;

use crate::{
    harness::{Cluster, turn},
    support::*,
};

/// How long an engine is away.
const OUTAGE: Duration = Duration::from_secs(40);
/// Simulated answers per second.
const RATE: u32 = 5_000;
/// Memory that a process may use meanwhile: it is a debug build with large queues.
const MEMORY: u64 = 700 << 20;

/// Lets the outage pass and returns the most memory that a process used.
fn pass(processes: &[&Process]) -> u64 {
    let start = Instant::now();
    let mut most = 0;
    wait_until("the outage is over", || {
        most = processes
            .iter()
            .map(|process| process.memory())
            .max()
            .unwrap()
            .max(most);
        start.elapsed() >= OUTAGE
    });
    most
}

fn rsvps(summary: &Value) -> u64 {
    summary["rsvps"].as_u64().unwrap()
}

/// Runs a cluster on engines of its own, with one of them away for a while; at the end what is
/// served is what a fresh count of the journal gives.
fn survives(away: impl FnOnce(&Kafka, &Cassandra, &S3, &dyn Fn() -> u64)) {
    let _turn = turn();
    let (kafka, cassandra, s3) = (Kafka::cluster(3), Cassandra::start(), S3::start());
    let cluster = Cluster::new(&kafka, 2)
        .served_by(&cassandra)
        .with_lake_on(&s3);
    let source = format!("sim:?rate={RATE}&seed=7");
    let ingest = cluster.start("ingest", &["ingest"], &[source]);
    let worker = cluster.worker("worker");
    let serve = cluster.start("serve", &["serve"], &[]);
    wait_until("figures are served", || {
        serve.is_ready() && rsvps(&serve.summary()) > 5_000
    });

    away(&kafka, &cassandra, &s3, &|| {
        pass(&[&ingest, &worker, &serve])
    });

    let then = rsvps(&serve.summary());
    wait_until("the counts go on", || {
        rsvps(&serve.summary()) > then + 20_000
    });
    ingest.stop();
    let anew = cluster.counted_anew(&cassandra);
    let _fresh = anew.worker("fresh");
    wait_until("both counts agree", || {
        let (served, fresh) = (cluster.summary(), anew.summary());
        served.is_some() && served == fresh
    });
}

#[test]
fn one_of_three_brokers_may_go_and_come_back() {
    survives(|kafka, _, _, pass| {
        kafka.broker(0).kill();
        let most = pass();
        kafka.broker(0).restart();
        assert!(most < MEMORY, "{most} bytes");
    });
}

#[test]
fn kafka_may_be_away() {
    survives(|kafka, _, _, pass| {
        kafka.pause();
        let most = pass();
        kafka.resume();
        assert!(most < MEMORY, "{most} bytes");
    });
}

#[test]
fn cassandra_may_be_away() {
    survives(|_, cassandra, _, pass| {
        cassandra.kill();
        let most = pass();
        cassandra.restart();
        assert!(most < MEMORY, "{most} bytes");
    });
}

#[test]
fn s3_may_be_away() {
    survives(|_, _, s3, pass| {
        s3.kill();
        let most = pass();
        s3.restart();
        assert!(most < MEMORY, "{most} bytes");
    });
}
