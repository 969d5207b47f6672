//! The same recordings through every journal and every store give the same answer.

use std::{
    collections::HashSet,
    fs,
    process::{Command, Stdio},
};

use headcount_test_servers::{Cassandra, Kafka, Kinesis, S3};
use serde_json::{Value, json};

use crate::{
    harness::{Cluster, fresh_name, turn, undamaged, wait_until_golden},
    support::*,
    viewer::Viewer,
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
            let running: Vec<_> = (0..workers)
                .map(|number| cluster.worker(&format!("w{number}")))
                .collect();
            let sharing = workers.min(usize::from(partitions));
            wait_until("all that can have partitions do", || {
                cluster
                    .owners()
                    .iter()
                    .flatten()
                    .collect::<HashSet<_>>()
                    .len()
                    == sharing
            });
            cluster.wait_for_golden(&right, &[]);
            for worker in running {
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
    let sources: Vec<_> = undamaged(&data)
        .iter()
        .map(|file| format!("file:{}", file.display()))
        .collect();
    for partitions in [1, 4, 8] {
        let cluster = Cluster::new(Kafka::shared(), partitions).with_lake_on(S3::shared());
        let process = cluster.start("alone", &[], &sources);
        wait_until("it is ready", || process.is_ready());
        wait_until_golden(|| Some(process.summary()), &right, &[]);
        process.stop();
        // The archive on S3 says the same, without the journal.
        let archived = run_json(cluster.rebuild_command().arg("--json"));
        assert_golden(&archived, &right, &[]);
    }
}

#[test]
fn a_damaged_recording_is_refused_in_part_on_the_engines_too() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let name = "2017-03-19-damaged.ndjson";
    let cluster = Cluster::new(Kafka::shared(), 4).served_by(Cassandra::shared());
    cluster.import(&[data.join("rsvps").join(name)]);
    let _worker = cluster.worker("w");
    cluster.wait_for_golden(&golden(&data, name), &[]);
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

    // Its status page knows the whole cluster.
    let known = wait_for("it tells how far the worker is", || {
        let (status, body) = get(serving.address, "/api/v1/cluster");
        assert_eq!(status, 200, "{body}");
        let known: Value = serde_json::from_str(&body).unwrap();
        let known = known["cluster"].clone();
        let partitions = known["partitions"].as_array()?.clone();
        let done = |part: &Value| {
            part["owner"] == "w" && part["lag"] == 0 && part["served_offset"] == part["offset"]
        };
        (partitions.len() == 4 && partitions.iter().all(done)).then_some(known)
    });
    for part in known["partitions"].as_array().unwrap() {
        assert!(part["epoch"].as_u64() >= Some(1), "{part}");
    }
    let mut roles: Vec<_> = known["workers"].as_array().unwrap().iter().collect();
    roles.sort_by_key(|worker| worker["name"].to_string());
    let said = |worker: &Value| {
        let members = ["name", "roles", "version"];
        members.map(|member| worker[member].clone())
    };
    let version = env!("CARGO_PKG_VERSION");
    let told: Vec<_> = roles.into_iter().map(said).collect();
    assert_eq!(told[0], [json!("s"), json!(["serve"]), json!(version)]);
    assert_eq!(told[1], [json!("w"), json!(["process"]), json!(version)]);

    // What is counted next is pushed.
    let viewer = Viewer::of(&serving);
    wait_until("the page is shown", || {
        Some(viewer.rsvps()) == right["rsvps"].as_u64()
    });
    let more = cluster.folder.path().join("more.ndjson");
    let name = data.join("rsvps").join(UNDAMAGED[0]);
    let record: Value = serde_json::from_str(&lines_of(&name)[0]).unwrap();
    let mut new = record.clone();
    new["rsvp_id"] = json!(1);
    fs::write(&more, format!("{new}\n")).unwrap();
    cluster.import(&[more]);
    wait_until("it is pushed", || {
        Some(viewer.rsvps()) == right["rsvps"].as_u64().map(|all| all + 1)
    });
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
fn a_journal_on_disk_is_served_from_cassandra_from_its_beginning_or_later() {
    let Some(data) = recordings() else { return };
    let _turn = turn();
    let right = golden(&data, "merged");
    let files = undamaged(&data);
    // All at once; and first some of it by a process that serves from memory, so that there is a checkpoint of what
    // the tables have never seen.
    for before in [0, 3] {
        let cluster = Cluster::on_disk(2).served_by(Cassandra::shared());
        let folder = cluster.folder.path().join("one");
        if before > 0 {
            run(headcount()
                .args(["import", "--data"])
                .arg(&folder)
                .args(&files[..before])
                .stdout(Stdio::null()));
        }
        let sources: Vec<_> = files[before..]
            .iter()
            .map(|file| format!("file:{}", file.display()))
            .collect();
        let process = cluster.start("one", &[], &sources);
        wait_until("it is ready", || process.is_ready());
        cluster.wait_for_golden(&right, &[]);
        assert_golden(&process.summary(), &right, &[]);
        process.stop();
        verify(&folder);
    }
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
