//! The Kinesis server keeps streams and records.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use headcount_test_servers::Kinesis;

/// A signed request by curl.
fn request(kinesis: &Kinesis, operation: &str, body: &str) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--fail-with-body", "--max-time", "60"])
        .args([
            "--aws-sigv4",
            "aws:amz:us-east-1:kinesis",
            "--user",
            "any:any",
        ])
        .args(["-H", &format!("X-Amz-Target: Kinesis_20131202.{operation}")])
        .args(["-H", "Content-Type: application/x-amz-json-1.1"])
        .args(["--data-binary", body, &kinesis.endpoint()])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{operation}: {said}");
    said
}

/// The string member of an answer.
fn member(answer: &str, name: &str) -> String {
    let (_, rest) = answer.split_once(&format!("\"{name}\":\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn records(kinesis: &Kinesis) -> String {
    let shard = r#""StreamName":"s","ShardId":"shardId-000000000000""#;
    let from = format!(r#"{{{shard},"ShardIteratorType":"TRIM_HORIZON"}}"#);
    let iterator = member(
        &request(kinesis, "GetShardIterator", &from),
        "ShardIterator",
    );
    let next = format!(r#"{{"ShardIterator":"{iterator}"}}"#);
    request(kinesis, "GetRecords", &next)
}

#[test]
fn records_outlive_the_server() {
    let kinesis = Kinesis::start();
    request(
        &kinesis,
        "CreateStream",
        r#"{"StreamName":"s","ShardCount":1}"#,
    );
    let described = r#"{"StreamName":"s"}"#;
    // A stream is made within 50 ms; each question takes some of them.
    let active = (0..1000).any(|_| {
        request(&kinesis, "DescribeStream", described).contains(r#""StreamStatus":"ACTIVE""#)
    });
    assert!(active);
    let record = r#"{"StreamName":"s","PartitionKey":"k","Data":"aGVhZA=="}"#;
    let sequence = member(&request(&kinesis, "PutRecord", record), "SequenceNumber");
    kinesis.kill();
    kinesis.restart();
    let read = records(&kinesis);
    assert!(
        read.contains("aGVhZA==") && read.contains(&sequence),
        "{read}"
    );
    kinesis.pause();
    kinesis.resume();
    assert!(records(&kinesis).contains(&sequence));
}
