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

#[test]
fn proxies_and_limits_are_refused_with_what_to_write() {
    for wrong in ["localhost", "10.0.0.1:80", "10.0.0.0/33", ""] {
        ends(
            &["--trusted-proxy", wrong],
            64,
            &["--trusted-proxy", "10.0.0.0/8"],
        );
    }
    for option in ["--streams-per-address", "--connections-per-address"] {
        for wrong in ["0", "-1", "many"] {
            ends(&[&format!("{option}={wrong}")], 64, &[option]);
        }
    }
}

/// A process that may open few files serves as many connections as leave room for its journal, counts on while others
/// wait, and says both in a few lines.
#[cfg(target_os = "linux")]
#[test]
fn few_descriptors_are_shared_and_running_out_of_them_passes() {
    use std::io::{BufRead, BufReader};

    const FILES: usize = 96;
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("sh");
    // The soft limit is lower still: it is raised.
    command
        .args([
            "-c",
            &format!("ulimit -Sn 40 && ulimit -Hn {FILES} && exec \"$0\" \"$@\""),
        ])
        .arg(env!("CARGO_BIN_EXE_headcount"))
        .env("HEADCOUNT_LOG", "info")
        .env("HEADCOUNT_TABLES", "off")
        .stderr(std::process::Stdio::piped());
    let more = ["--connections-per-address", "1000"];
    let sources = ["sim:?rate=50".to_owned()];
    let (process, log) = Process::run_logged_with(command, folder.path(), &sources, &more);
    let (line, lines) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        for text in BufReader::new(log).lines().map_while(Result::ok) {
            let _ = line.send(text);
        }
    });
    let told = |what: &str| {
        let text = lines
            .recv_timeout(LIMIT)
            .unwrap_or_else(|_| panic!("not said: {what}"));
        text.contains(what)
    };
    while !told("may open 96 files, so it serves 48 connections") {}
    while !told("listening on") {}
    // Every one of these is accepted, or waits in the kernel, or is told that there are too many.
    let open: Vec<_> = (0..150)
        .map_while(|_| std::net::TcpStream::connect(process.address).ok())
        .collect();
    assert!(open.len() > FILES, "{}", open.len());
    drop(open);
    process.wait_until("it answers again", Process::is_ready);
    let before = process.summary()["rsvps"].as_u64();
    process.wait_until("it counts on", |process| {
        process.summary()["rsvps"].as_u64() > before
    });
    process.stop();
    reading.join().unwrap();
    let said: Vec<String> = lines.try_iter().collect();
    assert!(said.len() < 40, "{said:?}");
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
