//! Where a process listens, and under which names it answers.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::{SocketAddr, TcpListener};

use support::*;

/// The port that is taken when none is given.
const DEFAULT: &str = "127.0.0.1:8080";

/// Runs with more arguments, and expects it to end at once with this code and these words.
#[track_caller]
fn ends(more: &[&str], code: i32, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let output = headcount()
        .args(["run", "--source", "sim:", "--data"])
        .arg(folder.path())
        .args(more)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{more:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{more:?}: {said}");
    }
}

#[test]
fn a_port_in_use_is_an_error_for_whoever_asked_for_it() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    ends(&["--listen", &taken], 73, &[&taken, "--listen"]);
    // Whoever holds the default port, it is not free.
    let _holder = TcpListener::bind(DEFAULT);
    ends(&[], 73, &[DEFAULT, "--listen"]);
}

#[test]
fn names_of_a_proxy_are_names() {
    for wrong in [
        "http://counts.example",
        "counts.example:443",
        "*.example",
        "",
    ] {
        ends(&["--host", wrong], 64, &["--host", "write the name alone"]);
    }
}

#[cfg(feature = "cluster")]
#[test]
fn a_process_that_serves_nobody_takes_a_free_port_and_says_it() {
    use std::{
        io::{BufRead, BufReader},
        process::Stdio,
    };

    let _holder = TcpListener::bind(DEFAULT);
    let folder = tempfile::tempdir().unwrap();
    // The server is there before the journal is: nobody listens where the brokers should be.
    let brokers = format!("kafka://{}/j", free_address());
    for role in ["ingest", "process"] {
        let mut command = headcount();
        command.args(["run", "--role", role, "--journal", &brokers, "--data"]);
        command.arg(folder.path()).arg("--lake").arg(folder.path());
        if role == "ingest" {
            command.args(["--source", "sim:"]);
        }
        command.env("HEADCOUNT_LOG", "info").stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Open until the end: a process that cannot write its log any more is another test.
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let address: SocketAddr = said
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains("port 8080 is in use"))
            .and_then(|line| {
                let address = line.split("http://").nth(1)?.split(';').next()?;
                address.parse().ok()
            })
            .unwrap();
        wait_until("its probe answers", || get(address, "/healthz").0 == 200);
        let (status, metrics) = get(address, "/metrics");
        assert_eq!(status, 200, "{role}");
        assert!(metrics.contains("headcount_ready 0"), "{metrics}");
        ends(
            &["--listen", &address.to_string()],
            73,
            &["choose another with --listen"],
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
