//! The commands of `README.md` work in the order in which they stand there, and what `docs/guarantees.md` promises has
//! tests.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
};

use support::*;

/// The commands up to the chapter on clusters, which has a guide with tests of its own, as words without comments.
fn commands() -> Vec<Vec<String>> {
    let readme =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let (readme, _) = readme.split_once("\n## Scale out").unwrap();
    let blocks = readme.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    lines
        .map(|line| line.split(" #").next().unwrap())
        .map(words)
        .filter(|words: &Vec<String>| {
            // Building and testing is what runs this.
            words
                .first()
                .is_some_and(|word| word == "headcount" || word == "curl")
        })
        .collect()
}

/// The words of a line; quotes hold one together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    let words = parts.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().map(ToOwned::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// Whether a command is the batch worker's, which is built with the whole workspace only.
fn is_of_an_absent_worker(words: &[String]) -> bool {
    // Without training there are no models either.
    let is_its =
        ["sql", "report", "tables", "train", "predict", "models"].contains(&words[1].as_str());
    let worker = Path::new(env!("CARGO_BIN_EXE_headcount")).with_file_name("headcount-batch");
    if is_its && !worker.exists() {
        eprintln!(
            "NOT TESTED: headcount {}, for headcount-batch is not built",
            words[1]
        );
    }
    is_its && !worker.exists()
}

/// What stands for what in the commands.
struct Stage<'a> {
    data: &'a Path,
    recording: &'a Path,
    /// Past events, as `train` and `predict` read them.
    events: &'a Path,
    source: String,
    addresses: [(&'static str, SocketAddr); 2],
}

impl Stage<'_> {
    fn put(&self, word: &str) -> String {
        let word = match word.strip_suffix("...").unwrap_or(word) {
            "FILE" => return self.recording.to_str().unwrap().to_owned(),
            "EVENTS.ndjson.gz" | "EVENTS.ndjson" => {
                return self.events.to_str().unwrap().to_owned();
            }
            "wss://example.org/2/rsvps" => return self.source.clone(),
            word => word.replace("DIR", self.data.to_str().unwrap()),
        };
        self.addresses.iter().fold(word, |word, (written, real)| {
            word.replace(written, &real.to_string())
        })
    }

    fn command(&self, words: &[String]) -> Command {
        let mut command = headcount();
        command.args(words[1..].iter().map(|word| self.put(word)));
        command
    }
}

/// A command that goes on until it is told to stop.
struct Service(std::process::Child);

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Service {
    #[track_caller]
    fn stop(mut self) {
        run(Command::new("kill").args(["-INT", &self.0.id().to_string()]));
        let status = wait_for("it stops", || self.0.try_wait().unwrap());
        assert!(status.success(), "{status}");
    }
}

#[test]
fn the_commands_of_the_readme_work_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let [data, recording, events] =
        ["data", "x.ndjson", "events.ndjson"].map(|name| folder.path().join(name));
    fs::write(&events, past_events()).unwrap();
    run(headcount()
        .args(["simulate", "--records", "400"])
        .arg(&recording));
    let peer = Process::stream(&[
        "--recording",
        recording.to_str().unwrap(),
        "--speed",
        "max",
        "--once",
    ]);
    let stage = Stage {
        data: &data,
        recording: &recording,
        events: &events,
        source: format!("ws://{}/2/rsvps", peer.address),
        addresses: ["127.0.0.1:8080", "127.0.0.1:8000"].map(|written| (written, free_address())),
    };
    let [page, stream] = stage.addresses.map(|(_, address)| address);
    let mut answers = Vec::new();
    let mut serving = None;
    let mut done = Vec::new();
    for words in commands() {
        if is_of_an_absent_worker(&words) {
            continue;
        }
        done.push(words[..words.len().min(2)].join(" "));
        match words[1].as_str() {
            "run" => {
                let service = Service(stage.command(&words).spawn().unwrap());
                wait_until("records are shown", || {
                    get(page, "/readyz").0 == 200 && rsvps(&get(page, "/api/v1/summary").1) > 0
                });
                // One process at a time writes to a folder.
                service.stop();
            }
            "stream" => {
                serving = Some(Service(stage.command(&words).spawn().unwrap()));
                wait_until("it listens", || TcpStream::connect(stream).is_ok());
            }
            _ if words[0] == "curl" => assert!(first_record(stream).contains("\"rsvp_id\"")),
            name => {
                let output = run(&mut stage.command(&words));
                if ["summary", "rebuild"].contains(&name) {
                    answers.push(String::from_utf8(output.stdout).unwrap());
                }
            }
        }
    }
    drop(serving);
    for command in [
        "headcount run",
        "headcount count",
        "headcount import",
        "headcount summary",
        "headcount verify",
        "headcount dead-letters",
        "headcount rebuild",
        "headcount stream",
        "curl -N",
    ] {
        assert!(
            done.iter().any(|done| done == command),
            "{command}: {done:?}"
        );
    }
    assert_eq!(answers.len(), 2);
    assert_eq!(
        answers[0], answers[1],
        "the archive alone gives the same answer"
    );
    let counted = run_json(headcount().args(["count", "--json"]).arg(&recording));
    assert_golden(
        &summary(&data),
        &counted,
        &[&ORDERED[..], &OF_THE_JOURNAL].concat(),
    );
}

/// Members of an answer that say how the records came, not what they are.
const OF_THE_JOURNAL: [&str; 6] = ["as_of", "ledger", "late", "feeds", "stream_time", "digest"];

/// Events of two categories, whose words tell them apart.
fn past_events() -> String {
    let event = |number: usize| {
        let (category, words) = match number % 2 {
            0 => ("tech", "code, rust and databases"),
            _ => ("outdoors-adventure", "a hike over hills and rivers"),
        };
        let group = number % 40;
        format!(
            "{{\"id\":\"{number}\",\"name\":\"Evening {number}\",\"description\":\"<p>{words}</p>\",\
             \"group\":{{\"id\":{group},\"category\":{{\"shortname\":\"{category}\"}}}}}}\n"
        )
    };
    (0..240).map(event).collect()
}

fn rsvps(summary: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(summary)
        .ok()
        .and_then(|summary| summary["rsvps"].as_u64())
        .unwrap_or(0)
}

/// What a client of the stream gets first.
fn first_record(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    write!(stream, "GET /2/rsvps HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the stream ended");
        text.extend_from_slice(&buffer[..count]);
        let so_far = String::from_utf8_lossy(&text);
        if so_far.contains("}\n") || so_far.contains("}\r\n") {
            return so_far.into_owned();
        }
    }
}

/// The rows of the tables of a document, each as its cells.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
}

#[test]
fn every_promise_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/guarantees.md")).unwrap();
    let (hops, rest) = text.split_once("What shows it:").unwrap();
    let shown: Vec<Vec<&str>> = rows(rest).collect();
    let hops: Vec<&str> = rows(hops).map(|cells| cells[0]).collect();
    assert!(hops.len() > 10, "{hops:?}");
    for hop in &hops {
        assert!(
            shown.iter().any(|cells| cells[0] == *hop),
            "{hop} names no test"
        );
    }
    for cells in shown.iter().filter(|cells| cells[1] != "tests") {
        let tests: Vec<_> = cells[1]
            .split('`')
            .filter_map(|name| name.split_once("::"))
            .collect();
        assert!(!tests.is_empty(), "{cells:?} names no test");
        for (file, name) in tests {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            assert!(
                text.contains(&format!("fn {name}(")),
                "there is no {file}::{name}"
            );
        }
    }
}
