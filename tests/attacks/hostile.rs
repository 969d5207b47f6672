//! Servers that misbehave, many at once, beside one that does not: the good one loses nothing, each bad one is asked
//! again and loses nothing that it sends in good order, and the process stays alive, healthy and small.

pub mod http;
pub mod websocket;

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use crate::support::*;

/// What a server does with a connection: it may send the record or not.
type Misbehaviour = fn(&mut TcpStream, &str) -> io::Result<()>;

/// The most memory that a process may ever have had, in KiB: the budget of the live process.
const RESIDENT_MAX_KIB: u64 = 512 << 10;

/// Starts a server that does something with every connection, each counted from 0; its address.
pub fn listen<F>(serve: F) -> SocketAddr
where
    F: Fn(&mut TcpStream, usize) -> io::Result<()> + Clone + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let serve = serve.clone();
            // The client may have had enough at any moment.
            thread::spawn(move || serve(&mut stream, number));
        }
    });
    address
}

/// Starts a server that serves its first connection badly and every other one `well`; its address.
fn start(misbehave: Misbehaviour, well: Misbehaviour, record: String) -> SocketAddr {
    listen(move |stream, number| {
        if number == 0 {
            return misbehave(stream, &record);
        }
        well(stream, &record)?;
        hold(stream);
        Ok(())
    })
}

/// Keeps a connection open and silent until the client closes it.
pub fn hold(stream: &mut TcpStream) {
    let mut taken = [0; 4096];
    while stream.read(&mut taken).is_ok_and(|count| count > 0) {}
}

/// Reads a request to the end of its head.
fn request(stream: &mut TcpStream) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Every byte in a packet of its own, as far as the network goes along with it.
fn in_slices(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    bytes.iter().try_for_each(|byte| stream.write_all(&[*byte]))
}

/// Bytes, packed by gzip.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let feeder = thread::spawn(move || input.write_all(&bytes));
    let packed = child.wait_with_output().unwrap().stdout;
    feeder.join().unwrap().unwrap();
    packed
}

/// The record that a server has to give.
fn record(id: u64) -> String {
    json!({
        "rsvp_id": id, "response": "yes", "guests": 0, "mtime": 1_489_925_470_960_u64 + id,
        "member": { "member_id": id },
        "event": { "event_id": format!("h{id}"), "event_name": "E" },
        "group": { "group_id": 1, "group_country": "us", "group_city": "X", "group_topics": [] }
    })
    .to_string()
}

/// The most memory that the process ever had.
fn resident_max_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let figure = line.unwrap().split_whitespace().nth(1).unwrap();
    figure.parse().unwrap()
}

/// Runs the program on all of these servers, and a good one beside them, until every record is counted.
fn run_beside(scheme: &str, behaviours: &[(&str, Misbehaviour)], well: Misbehaviour) {
    let folder = tempfile::tempdir().unwrap();
    let [recording, data] = ["good.ndjson", "data"].map(|name| folder.path().join(name));
    run(headcount()
        .args(["simulate", "--records", "2000"])
        .arg(&recording));
    let good = run_json(headcount().args(["count", "--json"]).arg(&recording));
    // It takes some seconds, so that records come while the others misbehave.
    let recording = recording.to_str().unwrap();
    let peer = Process::stream(&["--recording", recording, "--speed", "4", "--once"]);
    let mut sources = vec![format!("ws://{}/2/rsvps", peer.address)];
    for ((_, misbehave), id) in behaviours.iter().zip(1..) {
        let server = start(*misbehave, well, record(id));
        sources.push(format!("{scheme}://{server}/2/rsvps"));
    }
    let mut command = headcount();
    // It warns of every one of them.
    command.env("HEADCOUNT_LOG", "error");
    let process = Process::run_with(command, &data, &sources, &[]);
    wait_until("the server is ready", || process.is_ready());
    let rsvps = good["rsvps"].as_u64().unwrap() + behaviours.len() as u64;
    let start = Instant::now();
    while process.summary()["rsvps"] != rsvps || kept(&process, &sources[0]) != good["records"] {
        assert_eq!(get(process.address, "/healthz").0, 200);
        let without = || missing(&process, &sources[1..], behaviours);
        // A server that is silent is given up after more than a minute, which is why the limit is twice the usual one.
        assert!(start.elapsed() < 2 * LIMIT, "no record of {:?}", without());
        pause();
    }
    let resident = resident_max_kib(process.id());
    assert!(resident < RESIDENT_MAX_KIB, "{resident} KiB");
    process.stop();
    let end = summary(&data);
    assert_eq!(
        (&end["ledger"]["balanced"], &end["rsvps"]),
        (&json!(true), &json!(rsvps))
    );
    verify(&data);
}

/// How many records of a source were kept.
fn kept(process: &Process, source: &str) -> Value {
    process.summary()["ledger"]["sources"][source]["kept"].clone()
}

/// The servers whose record was not counted.
fn missing<'a>(
    process: &Process,
    sources: &[String],
    behaviours: &[(&'a str, Misbehaviour)],
) -> Vec<&'a str> {
    let named = sources.iter().zip(behaviours);
    named
        .filter(|(source, _)| kept(process, source).as_u64().is_none_or(|kept| kept == 0))
        .map(|(_, (name, _))| *name)
        .collect()
}
