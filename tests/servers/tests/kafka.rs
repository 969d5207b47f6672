//! Kafka starts, keeps what it acknowledged, and can be killed, stopped and cut off.
#![allow(clippy::unwrap_used)]

use std::{
    io::Write,
    net::TcpStream,
    process::{Command, Stdio},
};

use headcount_test_servers::{Kafka, Toxiproxy};

/// Kafka's own tools are the client here.
fn tool(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/bin/kafka-tool"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn create(bootstrap: &str, topic: &str) {
    let topics = ["topics", "--bootstrap-server", bootstrap, "--create"];
    tool(&[&topics[..], &["--topic", topic]].concat(), "");
}

fn produce(bootstrap: &str, topic: &str, lines: &str) {
    let to = ["produce", "--bootstrap-server", bootstrap, "--topic", topic];
    // By itself this tool gives up after 3 attempts, and says so in a line alone.
    let patiently = ["--message-send-max-retries", "1000"];
    let said = tool(&[&to[..], &patiently].concat(), lines);
    assert!(!said.contains("ERROR"), "{said}");
}

/// The first `count` messages.
fn consume(bootstrap: &str, topic: &str, count: usize) -> String {
    let from = ["consume", "--bootstrap-server", bootstrap, "--topic", topic];
    let count = count.to_string();
    let until = ["--from-beginning", "--max-messages", &count];
    let limit = ["--timeout-ms", "60000"];
    tool(&[&from[..], &until, &limit].concat(), "")
}

#[test]
fn a_broker_keeps_what_it_acknowledged() {
    let kafka = Kafka::start();
    create(&kafka.bootstrap(), "kept");
    produce(&kafka.bootstrap(), "kept", "a\nb\nc\n");
    kafka.kill();
    assert!(TcpStream::connect(kafka.bootstrap()).is_err());
    kafka.restart();
    assert_eq!(consume(&kafka.bootstrap(), "kept", 3), "a\nb\nc\n");
    kafka.pause();
    kafka.resume();
    produce(&kafka.bootstrap(), "kept", "d\n");
    assert_eq!(consume(&kafka.bootstrap(), "kept", 4), "a\nb\nc\nd\n");
}

#[test]
fn a_cluster_takes_records_while_a_broker_is_dead() {
    let kafka = Kafka::cluster(3);
    create(&kafka.bootstrap(), "copied");
    produce(&kafka.bootstrap(), "copied", "with three\n");
    kafka.broker(0).kill();
    produce(&kafka.bootstrap(), "copied", "with two\n");
    kafka.broker(0).restart();
    kafka.kill();
    kafka.restart();
    let all = consume(&kafka.bootstrap(), "copied", 2);
    assert_eq!(all, "with three\nwith two\n");
}

#[test]
fn clients_stay_behind_the_proxy_they_began_with() {
    let kafka = Kafka::start_with(1, &[("num.partitions", "3")]);
    let toxiproxy = Toxiproxy::start();
    let proxies = kafka.through(&toxiproxy);
    let bootstrap = proxies[0].listen();
    create(&bootstrap, "far");
    produce(&bootstrap, "far", "a\n");
    let described = ["topics", "--bootstrap-server", &bootstrap, "--describe"];
    let described = tool(&[&described[..], &["--topic", "far"]].concat(), "");
    assert!(described.contains("PartitionCount: 3"), "{described}");
    proxies[0].cut();
    assert!(TcpStream::connect(&bootstrap).is_err());
    proxies[0].restore();
    assert_eq!(consume(&bootstrap, "far", 1), "a\n");
}
