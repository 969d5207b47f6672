//! A running program: its worker trains on what it keeps, and what is promoted is used without a restart.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{runtime::Runtime, time::sleep};

use crate::programs::{headcount, json, said};

/// What the demo has to show within two minutes, a debug build on a busy machine may show in five.
const LIMIT: Duration = Duration::from_secs(300);

struct Running {
    child: Child,
    address: String,
    runtime: Runtime,
    client: reqwest::Client,
}

impl Running {
    fn start(data: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        // The demo's stream, without its browser.
        let child = headcount(&[
            "run",
            "--source",
            "sim:?rate=25&seed=1&warmup=900&feeds=all",
        ])
        .args(["--listen", &address, "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
        Self {
            child,
            address,
            runtime: Runtime::new().unwrap(),
            client: reqwest::Client::new(),
        }
    }

    /// The answer, if there is one and it is JSON.
    fn get(&self, path: &str) -> Option<Value> {
        let url = format!("http://{}{path}", self.address);
        self.runtime.block_on(async {
            let answer = self.client.get(url).send().await.ok()?;
            let body = answer.error_for_status().ok()?.bytes().await.ok()?;
            serde_json::from_slice(&body).ok()
        })
    }

    /// Asks until the answer is as wanted.
    #[track_caller]
    fn wait<T>(&self, path: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let answer = self.get(path);
            if let Some(found) = answer.as_ref().and_then(&wanted) {
                return found;
            }
            assert!(
                begun.elapsed() < LIMIT,
                "{path} does not become as wanted: {answer:?}"
            );
            self.runtime
                .block_on(async { sleep(Duration::from_millis(250)).await });
        }
    }

    fn version(&self, model: &str) -> impl Fn(&Value) -> Option<u64> {
        move |answer: &Value| {
            let models = answer["models"].as_array()?;
            let model = models.iter().find(|found| found["name"] == model)?;
            model["in_use"].as_u64()
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_first_start_trains_by_itself_and_uses_what_is_promoted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let running = Running::start(&data);
    running.wait("/api/v1/models", running.version("category"));
    running.wait("/api/v1/models", running.version("places"));

    let clusters = running.wait("/api/v1/clusters?k=7", |answer| {
        answer["clusters"].as_array().cloned()
    });
    assert_eq!(clusters.len(), 7);
    assert!(
        clusters
            .iter()
            .all(|cluster| !cluster["name"].as_str().unwrap().is_empty())
    );

    // An event that nobody gave a category: the feed of answers has none.
    let sql = "SELECT e.event_id FROM events e JOIN groups g ON g.group_id = e.group_id \
               WHERE g.category_id IS NULL AND e.name IS NOT NULL \
               AND e.event_id IN (SELECT event_id FROM rsvps WHERE response = 'yes') LIMIT 1";
    let found = json(headcount(&["sql", "--json", "--data"]).arg(&data).arg(sql));
    let id = found[0]["event_id"].as_str().unwrap();
    let event = running.wait(&format!("/api/v1/events/{id}"), |answer| {
        Some(answer.clone())
    });
    assert_eq!(event["category"]["source"], "model", "{event}");
    assert!(
        event["category"]["model"]
            .as_str()
            .unwrap()
            .starts_with("category/"),
        "{event}"
    );
    assert!(!event["curve"].as_array().unwrap().is_empty(), "{event}");

    // A version that is promoted by hand is used while everything runs.
    let train = headcount(&["train", "category", "--no-promote", "--json", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(train.status.success(), "{}", said(&train));
    let trained: Value = serde_json::from_slice(&train.stdout).unwrap();
    let new = trained[0]["version"]["version"].as_u64().unwrap();
    let promote = |version: u64| {
        let version = version.to_string();
        let output = headcount(&[
            "models", "promote", "category", &version, "--anyway", "--data",
        ])
        .arg(&data)
        .output()
        .unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    promote(new);
    running.wait("/api/v1/models", |answer| {
        (running.version("category")(answer)? == new).then_some(())
    });
    promote(1);
    running.wait("/api/v1/models", |answer| {
        (running.version("category")(answer)? == 1).then_some(())
    });
}
