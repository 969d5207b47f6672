//! A proxy before a Kinesis server that refuses as the real service does, because no local server throttles.
//!
//! It refuses whole calls (400 with the service's codes, 500), some records of a put (200 with `FailedRecordCount`), it
//! lets iterators expire, and now and then takes a put and says that it failed. Listings come one shard a page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The proxy. It ends with its value.
pub struct Throttle {
    endpoint: String,
    calls: Calls,
    task: tokio::task::JoinHandle<()>,
}

type Calls = Arc<Mutex<HashMap<String, u64>>>;

#[derive(Clone)]
struct Proxy {
    upstream: String,
    http: reqwest::Client,
    calls: Calls,
}

impl Throttle {
    pub async fn before(upstream: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let calls = Calls::default();
        let proxy = Proxy {
            upstream,
            http: super::http(),
            calls: Arc::clone(&calls),
        };
        let router = Router::new().fallback(answer).with_state(proxy);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Throttle {
            endpoint,
            calls,
            task,
        }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How often this was said, such as `GetRecords ExpiredIteratorException`.
    pub fn said(&self, what: &str) -> u64 {
        self.calls.lock().unwrap().get(what).copied().unwrap_or(0)
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// How often this happened before.
    fn count(&self, what: &str) -> u64 {
        let mut calls = self.calls.lock().unwrap();
        let count = calls.entry(what.to_owned()).or_default();
        *count += 1;
        *count - 1
    }

    async fn forward(&self, headers: &HeaderMap, body: Vec<u8>) -> (StatusCode, Bytes) {
        let mut request = self.http.post(&self.upstream).body(body);
        for (name, value) in headers {
            if !matches!(
                name.as_str(),
                "host" | "content-length" | "transfer-encoding"
            ) {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.unwrap();
        (response.status(), response.bytes().await.unwrap())
    }

    fn refuse(&self, action: &str, status: u16, code: &str) -> Response {
        self.count(&format!("{action} {code}"));
        let body =
            json!({ "__type": code, "message": "Rate exceeded for shard shardId-000000000000" });
        reply(StatusCode::from_u16(status).unwrap(), body.to_string())
    }
}

async fn answer(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").unwrap().to_str().unwrap();
    let action = target.rsplit('.').next().unwrap().to_owned();
    let turn = proxy.count(&action);
    let throughput = "ProvisionedThroughputExceededException";
    match (action.as_str(), turn % 7) {
        ("GetRecords", 1 | 2) | ("GetShardIterator", 1) | ("PutRecords", 2) => {
            return proxy.refuse(&action, 400, throughput);
        }
        ("GetRecords", 4) => return proxy.refuse(&action, 400, "ExpiredIteratorException"),
        ("GetRecords", 5) | ("DescribeStreamSummary", 1) => {
            return proxy.refuse(&action, 500, "InternalFailure");
        }
        ("ListShards", 0 | 3) => return proxy.refuse(&action, 400, "LimitExceededException"),
        ("ListShards", _) => {
            let mut request: Value = serde_json::from_slice(&body).unwrap();
            request["MaxResults"] = json!(1);
            let (status, body) = proxy.forward(&headers, request.to_string().into()).await;
            return reply(status, body);
        }
        ("PutRecords", 5) => {
            proxy.forward(&headers, body.to_vec()).await;
            return proxy.refuse(&action, 500, "InternalFailure");
        }
        ("PutRecords", 0 | 3) => return put_some(&proxy, &headers, &body).await,
        _ => {}
    }
    let (status, body) = proxy.forward(&headers, body.to_vec()).await;
    reply(status, body)
}

/// Lets every other record pass, and the first one only if there are no others.
async fn put_some(proxy: &Proxy, headers: &HeaderMap, body: &[u8]) -> Response {
    let mut request: Value = serde_json::from_slice(body).unwrap();
    let records = request["Records"].as_array().unwrap().clone();
    let passes = |index: usize| index % 2 == 1;
    let passed: Vec<Value> = (0..records.len())
        .filter(|&index| passes(index))
        .map(|index| records[index].clone())
        .collect();
    let mut taken = Vec::new();
    if !passed.is_empty() {
        request["Records"] = json!(passed);
        let (status, body) = proxy.forward(headers, request.to_string().into()).await;
        if !status.is_success() {
            return reply(status, body);
        }
        let answer: Value = serde_json::from_slice(&body).unwrap();
        taken = answer["Records"].as_array().unwrap().clone();
    }
    let refused = records.len() - passed.len();
    proxy.count("PutRecords FailedRecordCount");
    let mut taken = taken.into_iter();
    let results: Vec<Value> = (0..records.len())
        .map(|index| match passes(index) {
            true => taken.next().unwrap(),
            false => json!({
                "ErrorCode": "ProvisionedThroughputExceededException",
                "ErrorMessage": "Rate exceeded for shard shardId-000000000000 in stream s under account 1.",
            }),
        })
        .collect();
    let answer = json!({ "FailedRecordCount": refused, "Records": results });
    reply(StatusCode::OK, answer.to_string())
}

fn reply(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    let kind = [("content-type", "application/x-amz-json-1.1")];
    (status, kind, body.into()).into_response()
}
