//! A process whose journal is gone or away ends all the same: with its reason, in time, and never as if all were well.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use headcount_test_servers::Kafka;
use support::*;
use tempfile::TempDir;

/// How long a process may take to end: the time that servers are waited for, and something for the machine.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// A process of all roles on a journal of its own.
struct Alone {
    folder: TempDir,
    name: &'static str,
    process: Process,
}

impl Alone {
    fn start(kafka: &Kafka, name: &'static str, roles: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = format!("kafka://{}/{name}?partitions=2", kafka.bootstrap());
        let lake = folder.path().join("lake").display().to_string();
        let mut more = vec!["--journal", &journal, "--lake", &lake, "--worker", name];
        more.extend(roles.iter().flat_map(|role| ["--role", role]));
        let mut command = headcount();
        command.stderr(File::create(folder.path().join("said")).unwrap());
        let sources = ["sim:?rate=200&seed=9".to_owned()];
        let process = Process::run_with(command, &folder.path().join(name), &sources, &more);
        process.wait_until("the server is ready", |process| process.is_ready());
        Self {
            folder,
            name,
            process,
        }
    }

    /// What it wrote to standard error.
    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).unwrap()
    }

    /// Waits until it has said something; if it never does, shows what it said instead.
    fn says(&self, what: &str) {
        let begun = Instant::now();
        loop {
            let said = self.said();
            if said.contains(what) {
                return;
            }
            assert!(begun.elapsed() < LIMIT, "it never says {what:?}:\n{said}");
            pause();
        }
    }

    /// Waits for its end; never is it called ready from here on.
    fn ends(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.ended() {
                return status;
            }
            assert!(
                begun.elapsed() < ENDS_WITHIN,
                "it does not end:\n{}",
                self.said()
            );
            pause();
        }
    }
}

/// Kafka's own tool, which deletes topics.
fn delete(kafka: &Kafka, topics: &str) {
    let tool: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/bin/kafka-tool");
    let server = kafka.bootstrap();
    run(Command::new(tool)
        .args(["topics", "--bootstrap-server", &server])
        .args(["--delete", "--topic", topics]));
}

#[test]
fn servers_that_are_not_there_are_named_soon_and_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("records"));
    fs::write(&file, "").unwrap();
    let address = free_address();
    let journal = format!("kafka://{address}/j");
    let serving = format!("cassandra://{address}/k");
    let lake = format!("s3://bucket/x?endpoint=http://{address}");
    let commands = [
        vec!["import", file.to_str().unwrap(), "--journal", &journal],
        vec!["summary", "--serving", &serving],
        vec!["status", "--lake", &lake],
        vec!["rebuild", "--from", &lake],
    ];
    // All at once, for each waits as long as it does.
    let started = commands.map(|args| {
        let mut command = headcount();
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command.env(name, "test");
        }
        command.args(args).env("HEADCOUNT_DATA", &data);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    for child in started {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let lines: Vec<_> = said.lines().collect();
        assert!(matches!(output.status.code(), Some(74 | 75)), "{said}");
        let [first, .., last] = &lines[..] else {
            panic!("{said}")
        };
        assert!(first.ends_with("is taking long; waiting"), "{said}");
        assert!(first.contains(&address.to_string()), "{said}");
        // Where to look, and what to check.
        assert!(last.contains("; check "), "{said}");
        for raw in ["BrokerTransportFailure", "tried again"] {
            assert!(!said.contains(raw), "{said}");
        }
    }
}

#[test]
fn a_process_whose_topics_are_deleted_ends_with_the_reason() {
    let kafka = Kafka::start();
    let mut process = Alone::start(&kafka, "del", &["ingest", "process"]);
    delete(&kafka, &format!("{}\\..*", process.name));
    process.says("no longer exists");
    let at = process.process.address;
    let mut ready = String::new();
    wait_until("the failure is said", || {
        ready = get(at, "/readyz").1;
        ready.is_empty() || ready.contains("no longer exists") || ready.contains("stopping")
    });
    assert!(!ready.contains("could not start"), "{ready}");
    let status = process.ends();
    let said = process.said();
    assert_eq!(status.code(), Some(74), "{said}");
    assert!(
        said.trim_end()
            .lines()
            .last()
            .unwrap()
            .contains("no longer exists"),
        "{said}"
    );
}

#[test]
fn a_process_whose_journal_is_away_ends_when_it_is_told_to() {
    let kafka = Kafka::start();
    for (name, roles) in [
        ("takes", ["ingest"].as_slice()),
        ("counts", &["ingest", "process"]),
    ] {
        let mut process = Alone::start(&kafka, name, roles);
        kafka.kill();
        process.says("waiting to write to");
        process.process.tell_to_stop();
        let status = process.ends();
        let said = process.said();
        assert_eq!(status.code(), Some(74), "{said}");
        assert!(said.contains("were not stored"), "{said}");
        kafka.restart();
    }
}
