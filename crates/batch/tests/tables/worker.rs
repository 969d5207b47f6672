//! The worker: it follows a journal that another process writes, and answers over its socket.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::data::{Data, simulate};

struct Worker {
    child: Child,
    socket: PathBuf,
}

impl Worker {
    fn start(data: &Data) -> Self {
        let socket = data.path().join("batch/worker.sock");
        let child = data
            .batch(&["serve", "--watch-stdin"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let worker = Self { child, socket };
        let limit = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(&worker.socket).is_err() {
            assert!(Instant::now() < limit, "the worker does not listen");
            thread::yield_now();
        }
        worker
    }

    /// Sends a request, and returns the status and the body.
    fn ask(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        let length = body.len();
        let request =
            format!("{head} HTTP/1.0\r\nHost: worker\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (
            head.split(' ').nth(1).unwrap().parse().unwrap(),
            body.to_owned(),
        )
    }

    fn sql(&self, statement: &str) -> (u16, Value) {
        let (status, body) = self.ask("POST /api/v1/sql", &json!({ "sql": statement }).to_string());
        (status, serde_json::from_str(&body).unwrap())
    }

    /// Ends it as the live program's end does.
    fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn answers_are_right_to_the_last_record_while_the_journal_grows() {
    let data = Data::new();
    let file = data.beside("records.ndjson");
    simulate(1_000, 1, &file);
    data.import(&[&file]);
    let worker = Worker::start(&data);
    for seed in 2..6 {
        simulate(700, seed, &file);
        data.import(&[&file]);
        let summary = data.summary();
        let (status, answer) = worker
            .sql("SELECT count(*), sum(CASE WHEN response = 'yes' THEN 1 + guests END) FROM rsvps");
        assert_eq!(status, 200, "{answer}");
        assert_eq!(
            answer["rows"][0],
            json!([summary["rsvps"], summary["heads"]])
        );
        assert_eq!(answer["as_of"]["offsets"].as_array().unwrap().len(), 3);
    }
    // A command on the same machine asks the worker, for the tables are in its hands.
    assert_eq!(
        Some(data.number("SELECT count(*) FROM rsvps")),
        data.summary()["rsvps"].as_u64()
    );
    let locked = data.batch(&["tables"]).output().unwrap();
    assert_eq!(
        locked.status.code(),
        Some(73),
        "{}",
        String::from_utf8_lossy(&locked.stderr)
    );
    worker.stop();
    // What it had read is in the tables.
    data.verify();
}

#[test]
fn what_it_says_of_tables_and_statements() {
    let data = Data::new();
    let file = data.beside("records.ndjson");
    simulate(800, 1, &file);
    data.import(&[&file]);
    let worker = Worker::start(&data);
    let (_, body) = worker.ask("GET /api/v1/sql/schema", "");
    let schema: Value = serde_json::from_str(&body).unwrap();
    let rsvps = schema["tables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|table| table["name"] == "rsvps")
        .unwrap();
    assert_eq!(
        rsvps["columns"][0],
        json!({"name": "event_id", "type": "text", "key": true, "references": "events"})
    );
    for named in schema["named"].as_array().unwrap() {
        let name = named["name"].as_str().unwrap();
        let (status, answer) = worker.ask(&format!("GET /api/v1/boards/{name}?country=us"), "");
        assert_eq!(status, 200, "{name}: {answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(
            answer["columns"].is_array() && answer["rows"].is_array(),
            "{name}"
        );
    }
    for (statement, status, sqlstate) in [
        ("SELECT nothing FROM rsvps", 400, "42703"),
        ("SELECT 1; SELECT 2", 400, "42601"),
        ("DROP TABLE rsvps", 400, "25006"),
        ("SELECT * FROM nowhere", 400, "42P01"),
    ] {
        let (found, problem) = worker.sql(statement);
        assert_eq!(
            (found, problem["sqlstate"].as_str()),
            (status, Some(sqlstate)),
            "{statement}: {problem}"
        );
    }
    assert_eq!(worker.ask("GET /api/v1/boards/nothing", "").0, 404);
    assert_eq!(worker.ask("GET /api/v1/boards/topics?county=us", "").0, 400);
    assert_eq!(worker.ask("POST /api/v1/sql", "SELECT 1").0, 400);
    let (_, status) = worker.ask("GET /api/v1/batch", "");
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["available"], true);
    worker.stop();
}
