//! What tests of Kinesis share: streams on a local server, resharding, and a proxy that refuses as the real service does.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

pub mod throttle;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use headcount_kinesis::{Client, Credentials, Delays, KinesisAddress, Options};
use headcount_test_servers::Kinesis;
use serde_json::{Value, json};

/// No test waits longer than this for anything.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Short times, so that tests need not wait.
pub fn quick() -> Options {
    Options {
        credentials: Some(Credentials::new("test", "test", None, None, "tests")),
        read_interval: Duration::from_millis(5),
        list_interval: Duration::from_millis(200),
        tip_interval: Duration::from_millis(100),
        delays: Delays {
            first: Duration::from_millis(2),
            most: Duration::from_millis(20),
        },
        ..Options::default()
    }
}

/// The name of a stream that no other test uses.
pub fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("stream-{}-{number}", std::process::id())
}

pub fn address(endpoint: &str, stream: &str, parameters: &str) -> KinesisAddress {
    let text = format!("kinesis://us-east-1/{stream}?endpoint={endpoint}{parameters}");
    text.parse().unwrap()
}

/// A new stream with so many shards.
pub async fn stream(shards: u16) -> (Client, String) {
    let name = fresh_name();
    let address = address(&Kinesis::shared().endpoint(), &name, "");
    let client = Client::connect(&address, quick()).await.unwrap();
    client.create(shards).await.unwrap();
    (client, name)
}

/// A client of the same stream through another endpoint.
pub async fn through(endpoint: &str, name: &str) -> Client {
    Client::connect(&address(endpoint, name, ""), quick())
        .await
        .unwrap()
}

/// A call that the client has no use for outside of tests.
pub async fn call(action: &str, request: Value) -> Value {
    let endpoint = Kinesis::shared().endpoint();
    let response = http()
        .post(endpoint)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("Kinesis_20131202.{action}"))
        .header("x-amz-date", "20260101T000000Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/b/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=c",
        )
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    let (status, body) = (response.status(), response.bytes().await.unwrap());
    assert!(
        status.is_success(),
        "{action}: {}",
        String::from_utf8_lossy(&body)
    );
    serde_json::from_slice(&body).unwrap_or_default()
}

pub fn http() -> reqwest::Client {
    // Another test may have been first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// Splits the widest open shard in the middle.
pub async fn split(client: &Client) {
    let open = open_shards(client).await;
    let width = |shard: &headcount_kinesis::Shard| shard.keys.end().0 - shard.keys.start().0;
    let widest = open.iter().max_by_key(|shard| width(shard)).unwrap();
    let middle = widest.keys.start().0 + width(widest) / 2;
    let request = json!({
        "StreamName": client.stream(), "ShardToSplit": widest.id, "NewStartingHashKey": middle.to_string(),
    });
    call("SplitShard", request).await;
    client.active().await.unwrap();
    wait_for_change(client, &open).await;
}

/// Merges the first two open shards.
pub async fn merge(client: &Client) {
    let open = open_shards(client).await;
    let request = json!({
        "StreamName": client.stream(), "ShardToMerge": open[0].id, "AdjacentShardToMerge": open[1].id,
    });
    call("MergeShards", request).await;
    wait_for_change(client, &open).await;
}

/// Open shards in order of their keys.
pub async fn open_shards(client: &Client) -> Vec<headcount_kinesis::Shard> {
    let mut shards = client.shards().await.unwrap();
    shards.retain(|shard| shard.is_open);
    shards.sort_by_key(|shard| *shard.keys.start());
    shards
}

async fn wait_for_change(client: &Client, before: &[headcount_kinesis::Shard]) {
    let changed = async {
        while open_shards(client).await.len() == before.len() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, changed)
        .await
        .expect("the shards change in time");
}
