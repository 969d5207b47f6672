//! Bytes that no client should send: the worker lives, others are served, and the next statement works.

use std::{fs, io::Read, net::Shutdown};

use crate::{
    frames::{RawClient, VERSION, error, frame, startup},
    server::WireServer,
};

fn still_serves(server: &WireServer) {
    let mut client = RawClient::begun(server.connect());
    assert_eq!(client.value("SELECT 40 + 2"), "42");
}

/// KiB of memory that the worker itself has.
fn resident(server: &WireServer) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn startup_packets_that_are_none_end_their_connection_only() {
    let server = WireServer::shared();
    let packets: Vec<Vec<u8>> = vec![
        vec![0, 0, 0, 0],
        vec![0, 0, 0, 7, 0, 3, 0],
        vec![0x40, 0, 0, 0, 0, 3, 0, 0],
        vec![0xff; 64],
        startup(2 << 16, &[("user", "x")]),
        startup(4 << 16, &[("user", "x")]),
        startup(VERSION, &[]),
        startup(VERSION, &[("user", "x"), ("replication", "database")]),
        // A text without an end.
        vec![0, 0, 0, 12, 0, 3, 0, 0, b'u', b's', b'e', b'r'],
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
    ];
    for packet in packets {
        let mut client = RawClient::new(server.connect());
        client.send(&packet);
        let answer = client.until('E');
        assert!(!error(&answer).is_empty(), "{packet:?}");
        assert!(client.next().is_none(), "{packet:?}");
    }
    // Half a packet, and the end.
    let mut client = RawClient::new(server.connect());
    client.send(&[0, 0, 0, 40, 0, 3]);
    client.0.shutdown(Shutdown::Write).unwrap();
    assert!(client.next().is_none());
    still_serves(server);
}

#[test]
fn encryption_is_refused_with_a_letter_and_the_session_goes_on() {
    let server = WireServer::shared();
    for code in [80_877_103_u32, 80_877_104] {
        let mut client = RawClient::new(server.connect());
        let mut packet = vec![0, 0, 0, 8];
        packet.extend(code.to_be_bytes());
        client.send(&packet);
        let mut letter = [0];
        client.0.read_exact(&mut letter).unwrap();
        assert_eq!(&letter, b"N");
        client.send(&startup(VERSION | 2, &[("user", "x"), ("_pq_.new", "1")]));
        let begun = client.until('Z');
        assert_eq!(
            begun[0].kind, 'v',
            "an older version of the protocol is named"
        );
        assert_eq!(client.value("SELECT 1"), "1");
    }
}

#[test]
fn messages_that_are_none_end_their_session_with_a_word() {
    let server = WireServer::shared();
    let before = resident(server);
    let mut huge = vec![b'Q'];
    huge.extend(0x3fff_ffff_u32.to_be_bytes());
    let messages: Vec<Vec<u8>> = vec![
        // Lengths: shorter than themselves, below 0, and of a GiB.
        vec![b'Q', 0, 0, 0, 3],
        vec![b'Q', 0xff, 0xff, 0xff, 0xff],
        huge,
        // No such kind; a password that nobody has asked for.
        frame(b'z', b"x"),
        vec![0; 64],
        frame(b'p', b"secret\0"),
        // A text without an end, one that is not UTF-8.
        frame(b'Q', b"SELECT 1"),
        frame(b'Q', b"SELECT '\xff\xfe'\0"),
        // A count of parameters with nothing behind it, a length below 0, an unknown format.
        frame(b'P', b"\0SELECT 1\0\xff\xff"),
        [
            frame(b'P', b"\0SELECT $1\0\0\0"),
            frame(b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"),
        ]
        .concat(),
        [
            frame(b'P', b"\0SELECT $1\0\0\0"),
            frame(b'B', b"\0\0\0\x01\0\x07\0\0\0\0"),
        ]
        .concat(),
        [
            frame(b'P', b"\0SELECT $1\0\0\0"),
            frame(b'B', b"\0\0\0\0\xff\xff"),
        ]
        .concat(),
    ];
    for message in messages {
        let mut client = RawClient::begun(server.connect());
        client.send(&message);
        // Much more after it is not taken in.
        for _ in 0..64 {
            client.send(&[b'x'; 64 << 10]);
        }
        let answer = client.until('\0');
        // Where much was on its way the connection may be cut before the word is read.
        if let Some(last) = answer.last() {
            assert_eq!(
                last.field(b'S').as_deref(),
                Some("FATAL"),
                "{message:?}: {answer:?}"
            );
            assert_eq!(
                last.field(b'C').as_deref(),
                Some("08P01"),
                "{message:?}: {answer:?}"
            );
        }
    }
    let grown = resident(server).saturating_sub(before);
    assert!(grown < 64 << 10, "the worker has grown by {grown} KiB");
    still_serves(server);
}

#[test]
fn what_is_wrong_within_the_protocol_is_an_error_and_the_session_goes_on() {
    let server = WireServer::shared();
    let mut client = RawClient::begun(server.connect());
    let cases: [(&str, Vec<u8>); 8] = [
        ("26000", frame(b'B', b"\0nothing\0\0\0\0\0\0\0")),
        ("26000", frame(b'D', b"Snothing\0")),
        ("34000", frame(b'D', b"Pnothing\0")),
        ("34000", frame(b'E', b"nothing\0\0\0\0\0")),
        ("42601", frame(b'P', b"\0SELECT 1; SELECT 2\0\0\0")),
        ("42601", frame(b'P', b"\0SELEC\0\0\0")),
        ("42704", frame(b'P', b"\0SELECT $1\0\0\x01\0\x7f\0\0")),
        (
            "25006",
            [
                frame(b'P', b"\0DELETE FROM rsvps\0\0\0"),
                frame(b'B', b"\0\0\0\0\0\0\0\0"),
                frame(b'E', b"\0\0\0\0\0"),
            ]
            .concat(),
        ),
    ];
    for (sqlstate, messages) in cases {
        // What follows an error is passed over until Sync.
        let sent = [messages, frame(b'E', b"other\0\0\0\0\0"), frame(b'S', b"")].concat();
        client.send(&sent);
        let answer = client.until('Z');
        assert_eq!(error(&answer), sqlstate, "{answer:?}");
    }
    // Closing what is not there is no error; a function call by its number is.
    client.send(&[frame(b'C', b"Snothing\0"), frame(b'S', b"")].concat());
    assert_eq!(client.until('Z')[0].kind, '3');
    client.send(&frame(b'F', b"\0\0\0\x01\0\0\0\0\0\0"));
    assert_eq!(error(&client.until('Z')), "0A000");
    // The empty statement, and several at once.
    assert_eq!(client.ask(" ; -- nothing\n")[0].kind, 'I');
    let several = client.ask("SELECT 1; SELECT ';'; SHOW TIME ZONE");
    assert_eq!(
        several.iter().filter(|message| message.kind == 'C').count(),
        3
    );
    let stopped = client.ask("SELECT 1; SELECT nothing; SELECT 2");
    assert_eq!(
        stopped.iter().filter(|message| message.kind == 'C').count(),
        1
    );
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn many_prepared_statements_and_values_are_bounded() {
    let server = WireServer::shared();
    let mut client = RawClient::begun(server.connect());
    let mut flood = Vec::new();
    for number in 0..1_100 {
        flood.extend(frame(b'P', format!("s{number}\0SELECT 1\0\0\0").as_bytes()));
    }
    client.send(&[flood, frame(b'S', b"")].concat());
    assert_eq!(error(&client.until('Z')), "54000");
    assert_eq!(client.ask("DEALLOCATE ALL")[0].kind, 'C');
    let value = vec![b'x'; 200 << 10];
    let mut flood = frame(b'P', b"\0SELECT $1\0\0\0");
    for number in 0..40 {
        let mut bind = format!("p{number}\0\0").into_bytes();
        bind.extend([0, 0, 0, 1]);
        bind.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        bind.extend_from_slice(&value);
        bind.extend([0, 0]);
        flood.extend(frame(b'B', &bind));
    }
    client.send(&[flood, frame(b'S', b"")].concat());
    assert_eq!(error(&client.until('Z')), "54000");
    assert_eq!(client.value("SELECT 1"), "1");
    still_serves(server);
}

/// Statements that would end a process that is not kept from it; each by its own SQLSTATE.
#[test]
fn statements_are_held_by_the_same_limits_as_elsewhere() {
    let server = WireServer::shared();
    let mut client = RawClient::begun(server.connect());
    let sum = format!("SELECT 1{}", "+1".repeat(5_000));
    let long = format!("SELECT '{}'", "x".repeat(17 << 10));
    let deep = format!(
        "SELECT relname FROM pg_class WHERE {}true{}",
        "(".repeat(200),
        ")".repeat(200)
    );
    for (sqlstate, statement) in [
        ("54001", sum.as_str()),
        ("54000", long.as_str()),
        ("54001", deep.as_str()),
        ("54000", "SELECT repeat('a', 2000000000)"),
        (
            "54000",
            "SELECT * FROM pg_class, generate_series(1, 1000000000000)",
        ),
        ("42601", "SELECT 'no end"),
        ("25006", "SELECT * INTO t FROM rsvps"),
        ("42883", "SELECT pg_sleep(100)"),
        ("42P01", "SELECT * FROM '/etc/passwd'"),
        ("42501", "SET ROLE postgres"),
        ("42704", "SET nothing = 1"),
        ("42704", "SHOW nothing"),
        ("0A000", "LISTEN x"),
        ("0A000", "PREPARE x AS SELECT 1"),
        ("25006", "VACUUM"),
        ("42601", "DO $$ BEGIN END $$"),
    ] {
        let answer = client.ask(statement);
        assert_eq!(error(&answer), sqlstate, "{:.80}: {answer:?}", statement);
    }
    assert_eq!(client.value("SELECT 1"), "1");
}
