//! The live program, as a user starts it.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// The live program over a recording.
pub(crate) struct Live {
    child: Child,
    pub(crate) address: String,
    client: reqwest::Client,
}

impl Live {
    pub(crate) async fn over(recording: &Path, data: &Path, tables: &str) -> Self {
        let worker = Path::new(env!("CARGO_BIN_EXE_headcount-batch"));
        let headcount = worker.with_file_name("headcount");
        let command = |name: &str| {
            let mut command = Command::new(&headcount);
            command.arg(name).env("HEADCOUNT_LOG", "warn");
            command.arg("--data").arg(data);
            command
        };
        assert!(command("import").arg(recording).status().unwrap().success());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let mut run = command("run");
        run.args(["--listen", &address, "--tables", tables]);
        let live = Self {
            child: run.stdin(Stdio::null()).spawn().unwrap(),
            address,
            client: reqwest::Client::new(),
        };
        let begun = Instant::now();
        while live.get("/api/v1/summary", &[]).await.is_none() {
            assert!(begun.elapsed() < LIMIT, "nothing is served");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        live
    }

    /// The answer, if there is one and it is JSON.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Option<Value> {
        let url = format!("http://{}{path}", self.address);
        let url = reqwest::Url::parse_with_params(&url, query).unwrap();
        let answer = self.client.get(url).send().await.ok()?;
        let body = answer.error_for_status().ok()?.bytes().await.ok()?;
        serde_json::from_slice(&body).ok()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
