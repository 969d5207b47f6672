//! The same recordings through every journal and every store give the same answer.

use std::process::Command;

use headcount_test_servers::{Cassandra, Kafka, Kinesis, S3};
use serde_json::Value;

use crate::{
    harness::{Cluster, fresh_name, turn, undamaged, wait_until_golden},
    support::*,
};

#[test]
fn any_number_of_partitions_and_workers_gives_the_golden_answer() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let (kafka, cassandra) = (Kafka::shared(), Cassandra::shared());
    for partitions in [1, 4, 8] {
        let journal = Cluster::new(kafka, partitions);
        journal.import(&undamaged(&data));
        for workers in 1..=3 {
            let cluster = journal.counted_anew(cassandra);
            let workers: Vec<_> = (0..workers)
                .map(|number| cluster.worker(&format!("w{number}")))
                .collect();
            cluster.wait_for_golden(&right, &[]);
            for worker in workers {
                worker.stop();
            }
        }
    }
}

#[test]
fn a_second_import_into_kafka_changes_nothing() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let cluster = Cluster::new(Kafka::shared(), 2).served_by(Cassandra::shared());
    cluster.import(&undamaged(&data));
    cluster.import(&undamaged(&data));
    let _worker = cluster.worker("w");
    cluster.wait_for_golden(&right, &[]);
}

#[test]
fn one_process_on_kafka_and_s3_answers_without_cassandra() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let cluster = Cluster::new(Kafka::shared(), 2).with_lake_on(S3::shared());
    let sources: Vec<_> = undamaged(&data)
        .iter()
        .map(|file| format!("file:{}", file.display()))
        .collect();
    let process = cluster.start("alone", &[], &sources);
    wait_until("it is ready", || process.is_ready());
    wait_until_golden(|| Some(process.summary()), &right, &[]);
    process.stop();
}

#[test]
fn a_serving_process_shows_what_others_count() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let cluster = Cluster::new(Kafka::shared(), 4).served_by(Cassandra::shared());
    cluster.import(&undamaged(&data));
    let _worker = cluster.worker("w");
    let serving = cluster.start("s", &["serve"], &[]);
    wait_until("it is ready", || serving.is_ready());
    wait_until_golden(|| Some(serving.summary()), &right, &[]);

    let (status, body) = get(serving.address, "/api/top_venues");
    assert_eq!(status, 200, "{body}");
}

#[test]
fn kinesis_gives_the_golden_answer_served_from_memory_and_from_cassandra() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let address = format!(
        "kinesis://us-east-1/{}?endpoint={}",
        fresh_name(),
        Kinesis::shared().endpoint()
    );
    let sources: Vec<_> = undamaged(&data)
        .iter()
        .map(|file| format!("file:{}", file.display()))
        .collect();
    let from_memory = Cluster::on(&address, 2).with_credentials();
    let process = from_memory.start("one", &[], &sources);
    wait_until("it is ready", || process.is_ready());
    wait_until_golden(|| Some(process.summary()), &right, &[]);
    process.stop();

    let from_cassandra = Cluster::on(&address, 2)
        .with_credentials()
        .served_by(Cassandra::shared());
    let _process = from_cassandra.start("two", &[], &sources);
    from_cassandra.wait_for_golden(&right, &[]);
}

#[test]
fn kcat_sees_plain_records_under_their_events() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let kafka = Kafka::shared();
    let cluster = Cluster::new(kafka, 2);
    cluster.import(&[data.join("rsvps").join("2017-03-19.ndjson")]);
    let topic = format!("{}.rsvps", cluster.name());
    let seen = run(Command::new("kcat")
        .args(["-b", &kafka.bootstrap(), "-t", &topic, "-C", "-e", "-q"])
        .args(["-f", "%k %s\n"]));
    let seen = String::from_utf8(seen.stdout).unwrap();
    let mut count = 0;
    for line in seen.lines() {
        let (key, record) = line.split_once(' ').unwrap();
        let record: Value = serde_json::from_str(record).unwrap();
        assert_eq!(record["event"]["event_id"], key);
        count += 1;
    }
    let right = golden(&data, "2017-03-19.ndjson");
    assert_eq!(Some(count), right["records"].as_u64());
}
