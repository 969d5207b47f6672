//! `/api/v1/cluster` and `/api/v1/status`, and what `/metrics` says of a cluster.

use headcount_query::{
    ClusterPartition, ClusterStatus, ClusterWorker, DiskLevel, DiskStatus, Readiness,
};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    client::{Events, get},
    world::{World, ledger},
};

fn cluster() -> ClusterStatus {
    ClusterStatus {
        workers: vec![ClusterWorker {
            name: "a<b".into(),
            roles: vec!["ingest".into(), "process".into()],
            version: "0.1.0".into(),
            started: 5,
            seen: 7_500,
            partitions: vec![0],
            sources: vec!["sim:".into()],
        }],
        partitions: vec![
            ClusterPartition {
                partition: 0,
                owner: Some("a<b".into()),
                epoch: 3,
                offset: 90,
                lag: Some(10),
                stream_time: Some(1),
                served_offset: Some(80),
                checkpoint_offset: None,
            },
            ClusterPartition {
                partition: 1,
                ..ClusterPartition::default()
            },
        ],
    }
}

#[tokio::test]
async fn one_process_is_no_cluster() {
    let world = World::new().await;
    let reply = get(world.address, "/api/v1/cluster").await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.text(), r#"{"cluster":null}"#);
    let metrics = get(world.address, "/metrics").await;
    assert!(!metrics.text().contains("headcount_partition"));
}

#[tokio::test]
async fn the_cluster_is_told_as_it_is() {
    let world = World::new().await;
    world.cluster.send_replace(Some(Arc::new(cluster())));
    let reply = get(world.address, "/api/v1/cluster").await;
    assert!(!reply.text().contains('<'));
    let told = reply.json();
    let worker = &told["cluster"]["workers"][0];
    assert_eq!(worker["name"], "a<b");
    assert_eq!(worker["roles"], json!(["ingest", "process"]));
    assert_eq!(worker["partitions"], json!([0]));
    let [owned, free] = [0, 1].map(|at| &told["cluster"]["partitions"][at]);
    assert_eq!((&owned["lag"], &owned["epoch"]), (&json!(10), &json!(3)));
    assert_eq!(owned["checkpoint_offset"], Value::Null);
    assert_eq!((&free["owner"], &free["lag"]), (&Value::Null, &Value::Null));

    let of = async |sample: &str| world.metric(sample).await;
    assert_eq!(of(r#"headcount_partition_lag{partition="0"}"#).await, 10.0);
    assert_eq!(
        of(r#"headcount_partition_owner{partition="0",owner="a<b"}"#).await,
        1.0
    );
    assert_eq!(
        of(r#"headcount_partition_served_offset{partition="0"}"#).await,
        80.0
    );
    assert_eq!(
        of(r#"headcount_worker_seen_seconds{worker="a<b"}"#).await,
        7.5
    );
    let metrics = get(world.address, "/metrics").await;
    assert!(
        !metrics
            .text()
            .contains(r#"headcount_partition_lag{partition="1"}"#)
    );
}

#[tokio::test]
async fn the_status_has_sources_ledger_and_journal() {
    let world = World::new().await;
    world.change(|figures| figures.ledger = ledger("sim:?rate=20"));
    let told = get(world.address, "/api/v1/status").await.json();
    assert_eq!(
        (&told["ready"], &told["cluster"]),
        (&json!("ready"), &Value::Null)
    );
    assert_eq!(told["sources"][0]["state"], "live");
    assert_eq!(told["sources"][0]["reconnects"], 2);
    assert_eq!(told["ledger"]["sources"]["sim:?rate=20"]["kept"], 8);
    assert_eq!(told["as_of"]["offsets"], json!([]));
}

#[tokio::test]
async fn the_status_is_there_before_there_are_figures() {
    let world = World::new().await;
    let doing = "reading the journal".to_owned();
    world.ready.send_replace(Readiness::Starting(doing.clone()));
    let told = get(world.address, "/api/v1/status").await.json();
    assert_eq!(
        (&told["ready"], &told["doing"]),
        (&json!("starting"), &json!(doing))
    );
    assert_eq!(told["ledger"], Value::Null);
    assert_eq!(get(world.address, "/status").await.status, 200);
}

#[tokio::test]
async fn little_room_is_told_while_counts_are_served() {
    let world = World::new().await;
    world.count("us", 3);
    let status = get(world.address, "/api/v1/status").await.json();
    assert_eq!(status["disk"], Value::Null);
    let mut events = Events::open(world.address, "/api/v1/live").await;
    let snapshot = events.next_named("snapshot").await.data;
    assert_eq!(snapshot["notice"], Value::Null);

    let disk = |level, notice: Option<&str>| {
        Some(DiskStatus {
            level,
            free_bytes: 5,
            total_bytes: 9,
            free_inodes: None,
            total_inodes: None,
            notice: notice.map(str::to_owned),
        })
    };
    let notice = "the disk has little room: make some";
    world.disk.send_replace(disk(DiskLevel::Low, Some(notice)));
    let tick = events.find(|event| event.name == "tick").await.data;
    assert_eq!(tick["notice"], notice);
    // Another client begins with it, and figures go on.
    let mut second = Events::open(world.address, "/api/v1/live").await;
    let snapshot = second.next_named("snapshot").await.data;
    assert_eq!(
        (&snapshot["notice"], &snapshot["totals"]["rsvps"]),
        (&notice.into(), &3.into())
    );
    world.disk.send_replace(disk(DiskLevel::Enough, None));
    let tick = events
        .find(|event| event.data.get("notice").is_some())
        .await;
    assert_eq!(tick.data["notice"], Value::Null);

    let told = get(world.address, "/api/v1/status").await.json();
    let expected = json!({
        "level": "enough", "free_bytes": 5, "total_bytes": 9, "free_inodes": null, "total_inodes": null, "notice": null
    });
    // The status of one second is one answer.
    assert!(told["disk"] == expected || told["disk"].is_null(), "{told}");
}
