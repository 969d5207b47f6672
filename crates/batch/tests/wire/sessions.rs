//! How many sessions there are, how long they last, and how the program is started with them.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    data::{headcount, text},
    frames::{RawClient, error, frame},
    server::WireServer,
};

/// Connections that a worker serves at once.
const CONNECTIONS: usize = 32;

#[test]
fn a_hundred_clients_are_served_or_told_that_there_are_too_many() {
    let server = WireServer::start();
    let clients: Vec<_> = (0..100)
        .map(|_| {
            let mut client = RawClient::new(server.connect());
            client.send(&crate::frames::startup(
                crate::frames::VERSION,
                &[("user", "x")],
            ));
            client
        })
        .collect();
    let mut served = Vec::new();
    let mut refused = 0;
    for mut client in clients {
        let begun = client.until('Z');
        match begun.last() {
            Some(last) if last.kind == 'Z' => served.push(client),
            Some(_) => {
                assert_eq!(error(&begun), "53300");
                refused += 1;
            }
            // So many come at once that some get no word.
            None => refused += 1,
        }
    }
    assert_eq!(served.len() + refused, 100);
    assert!(
        served.len() <= CONNECTIONS && served.len() >= CONNECTIONS - 1,
        "{}",
        served.len()
    );
    assert_eq!(served[0].value("SELECT 1"), "1");
    drop(served);
    // Their places are free again.
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        let mut client = RawClient::new(server.connect());
        client.send(&crate::frames::startup(
            crate::frames::VERSION,
            &[("user", "x")],
        ));
        if client
            .until('Z')
            .last()
            .is_some_and(|last| last.kind == 'Z')
        {
            break;
        }
        assert!(Instant::now() < limit, "no place becomes free");
        thread::yield_now();
    }
}

#[test]
fn who_says_nothing_is_sent_away() {
    let server = WireServer::shared();
    let mut silent = RawClient::new(server.connect());
    assert!(
        silent.next().is_none(),
        "a connection that does not begin is closed"
    );
    let mut idle = RawClient::begun(server.connect());
    idle.ask("SET idle_session_timeout = '300ms'");
    assert_eq!(error(&idle.until('\0')), "57P05");
}

/// The client takes no rows and goes: its statement ends, and others run.
#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let server = WireServer::shared();
    let slow: Vec<_> = (0..4)
        .map(|_| {
            let mut client = RawClient::begun(server.connect());
            let sql = "SELECT repeat('x', 100) FROM generate_series(1, 1000000)\0";
            client.send(&frame(b'Q', sql.as_bytes()));
            client
        })
        .collect();
    // All places for statements are taken until these have gone, or their time is over.
    drop(slow);
    let mut client = RawClient::begun(server.connect());
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn cancelling_wants_the_right_key() {
    let server = WireServer::shared();
    let mut client = RawClient::new(server.connect());
    client.send(&crate::frames::startup(
        crate::frames::VERSION,
        &[("user", "x")],
    ));
    let begun = client.until('Z');
    let key = begun.iter().find(|message| message.kind == 'K').unwrap();
    let process = &key.payload[..4];
    let mut wrong = 80_877_102_u32.to_be_bytes().to_vec();
    wrong.extend_from_slice(process);
    wrong.extend_from_slice(&[0, 0, 0, 1]);
    let mut packet = 16_u32.to_be_bytes().to_vec();
    packet.extend(wrong);
    for _ in 0..50 {
        let mut guess = RawClient::new(server.connect());
        guess.send(&packet);
        assert!(guess.next().is_none());
    }
    assert_eq!(
        client.value("SELECT count(*) FROM generate_series(1, 100000)"),
        "100000"
    );
}

#[test]
fn only_this_machine_is_listened_to_unless_it_is_asked_for() {
    let server = WireServer::shared();
    let worker = server
        .data
        .batch(&["serve", "--pg-listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!worker.status.success());
    assert!(text(&worker).contains("--unprotected"), "{}", text(&worker));
    for command in ["run", "demo"] {
        let live = Command::new(headcount())
            .args([command, "--pg-listen", "0.0.0.0:5432"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(live.status.code(), Some(64), "{}", text(&live));
    }
}

#[test]
fn the_live_program_starts_a_worker_that_serves_them() {
    let data = crate::data::Data::new();
    let free = || {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let (address, listen) = (free(), free());
    let mut live = Command::new(headcount())
        .args([
            "run",
            "--source",
            "sim:",
            "--no-archive",
            "--listen",
            &listen.to_string(),
        ])
        .args(["--pg-listen", &address.to_string(), "--data"])
        .arg(data.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let limit = Instant::now() + Duration::from_secs(120);
    let stream = loop {
        match std::net::TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) => assert!(Instant::now() < limit, "nobody listens at {address}"),
        }
        thread::yield_now();
    };
    let mut client = RawClient::begun(stream);
    let mut last = 0;
    // The number grows as records come, and the ledger of the live process is there.
    let grows = (0..).find(|_| {
        let number: u64 = client.value("SELECT count(*) FROM rsvps").parse().unwrap();
        let grown = last > 0 && number > last;
        last = number;
        assert!(Instant::now() < limit, "no record comes");
        grown
    });
    assert!(grows.is_some());
    assert_eq!(client.value("SELECT count(*) > 0 FROM sources"), "t");
    live.kill().unwrap();
    live.wait().unwrap();
}
