//! WebSocket servers that misbehave.

use std::{
    io::{self, Write},
    net::TcpStream,
};

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Misbehaviour, gzip, hold, in_slices, request, run_beside};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const LAST: u8 = 0x80;

/// A frame as a server sends it (RFC 6455, 5.2).
fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match body.len() {
        length @ ..=125 => frame.push(length as u8),
        length @ ..=0xffff => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(body);
    frame
}

pub fn text(body: impl AsRef<[u8]>) -> Vec<u8> {
    frame(LAST | TEXT, body.as_ref())
}

/// Answers a request for a WebSocket, `more` in the head.
fn open_with(stream: &mut TcpStream, more: &str) -> io::Result<()> {
    let request = request(stream)?;
    let key = request
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map(|(_, key)| key)
        .unwrap_or_default();
    let accept = derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes())
}

/// A stream as it should be.
fn well(stream: &mut TcpStream, record: &str) -> io::Result<()> {
    open_with(stream, "")?;
    stream.write_all(&text(record))
}

/// Opens, sends these bytes and closes.
pub fn send(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    open_with(stream, "")?;
    stream.write_all(bytes.as_ref())
}

/// Opens, sends these bytes and then the record, which must be counted, and keeps the connection.
fn send_then(stream: &mut TcpStream, bytes: &[u8], record: &str) -> io::Result<()> {
    send(stream, [bytes, &text(record)].concat())?;
    hold(stream);
    Ok(())
}

/// Answers a request for a WebSocket with something else.
fn refuse(stream: &mut TcpStream, head: &str) -> io::Result<()> {
    request(stream)?;
    stream.write_all(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n").as_bytes())
}

fn close(stream: &mut TcpStream, code: u16, reason: &[u8]) -> io::Result<()> {
    send(
        stream,
        frame(LAST | CLOSE, &[&code.to_be_bytes(), reason].concat()),
    )
}

const HANDSHAKES: &[(&str, Misbehaviour)] = &[
    ("closes at once", |_, _| Ok(())),
    ("is silent", |s, _| {
        hold(s);
        Ok(())
    }),
    ("is silent once it is open", |s, _| {
        send(s, "")?;
        hold(s);
        Ok(())
    }),
    ("does not open", |s, _| refuse(s, "400 Bad Request")),
    ("no access", |s, _| refuse(s, "401 Unauthorized")),
    ("not found", |s, _| refuse(s, "404 Not Found")),
    ("wants an upgrade", |s, _| refuse(s, "426 Upgrade Required")),
    ("an error of its own", |s, _| refuse(s, "502 Bad Gateway")),
    ("a web page", |s, _| {
        refuse(s, "200 OK\r\nContent-Type: text/html")
    }),
    ("a redirect to itself", |s, _| {
        refuse(s, "301 Moved\r\nLocation: /2/rsvps")
    }),
    ("a redirect to a file", |s, _| {
        refuse(s, "302 Found\r\nLocation: file:///etc/passwd")
    }),
    ("a wrong key", |s, record| {
        let head = "101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        refuse(s, head)?;
        s.write_all(&text(record))
    }),
    ("no upgrade in its answer", |s, _| {
        refuse(s, "101 Switching Protocols")
    }),
    ("a packing that nobody asked for", |s, record| {
        open_with(s, "Sec-WebSocket-Extensions: permessage-deflate\r\n")?;
        s.write_all(&text(record))
    }),
    ("a protocol that nobody asked for", |s, record| {
        open_with(s, "Sec-WebSocket-Protocol: chat\r\n")?;
        s.write_all(&text(record))
    }),
    ("a head without an end", |s, _| {
        request(s)?;
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nX: {}",
            "x".repeat(4 << 20)
        );
        s.write_all(head.as_bytes())
    }),
    ("a head of ten thousand lines", |s, _| {
        open_with(s, &"X-Many: x\r\n".repeat(10_000))
    }),
    (
        "the first frame together with the head, byte by byte",
        |s, record| {
            open_with(s, "")?;
            in_slices(s, &text(record))?;
            hold(s);
            Ok(())
        },
    ),
];

const FRAMES: &[(&str, Misbehaviour)] = &[
    ("a message in a hundred thousand fragments", |s, record| {
        let empty = frame(CONTINUATION, b"").repeat(100_000);
        let last = frame(LAST | CONTINUATION, record.as_bytes());
        send(s, [frame(TEXT, b""), empty, last].concat())?;
        hold(s);
        Ok(())
    }),
    ("fragments without an end", |s, _| {
        send(
            s,
            [
                frame(TEXT, b"{"),
                frame(CONTINUATION, &[b' '; 1000]).repeat(20_000),
            ]
            .concat(),
        )
    }),
    ("a frame of 64 MiB", |s, _| {
        send(
            s,
            [
                &[LAST | TEXT, 127, 0, 0, 0, 0, 4, 0, 0, 0][..],
                &[b' '; 9000],
            ]
            .concat(),
        )
    }),
    ("a frame beyond all", |s, _| {
        send(
            s,
            [
                LAST | TEXT,
                127,
                255,
                255,
                255,
                255,
                255,
                255,
                255,
                255,
                b'{',
            ],
        )
    }),
    ("a message that is just too long", |s, _| {
        send(s, text(vec![b' '; (8 << 20) + 1]))
    }),
    ("half a frame", |s, record| send(s, &text(record)[..99])),
    ("half a head of a frame", |s, _| send(s, [LAST | TEXT])),
    ("a masked frame", |s, record| {
        let mut masked = text(record);
        masked[1] |= 0x80;
        send(s, masked)
    }),
    ("bits that are reserved", |s, record| {
        send(s, frame(LAST | 0x70 | TEXT, record.as_bytes()))
    }),
    ("a packed frame", |s, record| {
        send(s, frame(LAST | 0x40 | TEXT, &gzip(record.as_bytes())))
    }),
    ("a kind that is reserved", |s, _| {
        send(s, frame(LAST | 3, b"{}"))
    }),
    ("a control kind that is reserved", |s, _| {
        send(s, frame(LAST | 11, b""))
    }),
    ("a continuation of nothing", |s, _| {
        send(s, frame(LAST | CONTINUATION, b"{}"))
    }),
    ("a message within a message", |s, record| {
        send(s, [frame(TEXT, b"{"), text(record)].concat())
    }),
    ("a ping in fragments", |s, _| send(s, frame(PING, b"x"))),
    ("a ping that is too long", |s, _| {
        send(s, frame(LAST | PING, &[b'x'; 126]))
    }),
    ("fifty thousand pings", |s, record| {
        // Both sides must write, or each waits for the other to read.
        let mut answers = s.try_clone()?;
        std::thread::spawn(move || hold(&mut answers));
        send_then(s, &frame(LAST | PING, &[b'x'; 125]).repeat(50_000), record)
    }),
    ("fifty thousand pongs", |s, record| {
        send_then(s, &frame(LAST | PONG, b"").repeat(50_000), record)
    }),
    ("fifty thousand empty messages", |s, record| {
        send_then(s, &text("").repeat(50_000), record)
    }),
    ("twenty thousand bad messages", |s, record| {
        send_then(s, &text("{\"a\":}").repeat(20_000), record)
    }),
];

const ENDS: &[(&str, Misbehaviour)] = &[
    ("goes in good order", |s, _| close(s, 1000, b"")),
    ("goes away", |s, _| close(s, 1001, b"restart")),
    ("a broken protocol", |s, _| close(s, 1002, b"")),
    ("a kind of data it does not take", |s, _| {
        close(s, 1003, b"")
    }),
    ("a code that nobody may send", |s, _| close(s, 1005, b"")),
    ("a code for lost connections", |s, _| close(s, 1006, b"")),
    ("a policy", |s, _| close(s, 1008, b"too slow")),
    ("an error of its own once it is open", |s, _| {
        close(s, 1011, b"")
    }),
    ("try again later", |s, _| close(s, 1013, b"")),
    ("a code for TLS", |s, _| close(s, 1015, b"")),
    ("a code of its own", |s, _| close(s, 4000, &[b'x'; 123])),
    ("code 0", |s, _| close(s, 0, b"")),
    ("code 65535", |s, _| close(s, 65535, b"")),
    ("a reason that is not UTF-8", |s, _| {
        close(s, 1000, b"\xff\xfe")
    }),
    ("a reason that writes on terminals", |s, _| {
        close(s, 1000, b"\x1b[2J\r\n2026 ERROR")
    }),
    ("half a code", |s, _| send(s, frame(LAST | CLOSE, b"\x03"))),
    ("a record after its end", |s, record| {
        send(s, [frame(LAST | CLOSE, b""), text(record)].concat())
    }),
];

const MESSAGES: &[(&str, Misbehaviour)] = &[
    ("text that is not UTF-8", |s, record| {
        send_then(s, &text(b"{\"rsvp_id\":\"\xff\xfe\"}"), record)
    }),
    ("a character in two fragments", |s, record| {
        let halves = [
            frame(TEXT, b"{\"a\":\"\xc3"),
            frame(LAST | CONTINUATION, b"\xa9\"}"),
        ];
        send_then(s, &halves.concat(), record)
    }),
    ("half a character at the end", |s, record| {
        send_then(s, &text(b"{\"a\":\"\xc3"), record)
    }),
    ("bytes", |s, record| {
        send_then(s, &frame(LAST | BINARY, &[0x80; 1000]), record)
    }),
    ("a packed message that breaks off", |s, record| {
        let whole = gzip(record.as_bytes());
        send_then(s, &frame(LAST | BINARY, &whole[..whole.len() / 2]), record)
    }),
    ("much out of little", |s, record| {
        send_then(
            s,
            &frame(LAST | BINARY, &gzip(&vec![b' '; 64 << 20])),
            record,
        )
    }),
    ("packed again and again", |s, record| {
        let layers = (0..9).fold(record.as_bytes().to_vec(), |body, _| gzip(&body));
        send_then(s, &frame(LAST | BINARY, &layers), record)
    }),
    ("a value that is too deep", |s, record| {
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        send_then(s, &text(deep), record)
    }),
    ("a message of megabytes", |s, record| {
        send_then(
            s,
            &text(format!("{{\"x\":\"{}\"}}", "y".repeat(7 << 20))),
            record,
        )
    }),
    ("prose, null and numbers", |s, record| {
        let odd = ["Dear diary", "null", "17", "\"\"", "[]", "[null]", "{}"];
        send_then(s, &odd.map(text).concat(), record)
    }),
];

#[test]
fn websocket_servers_that_misbehave_take_nothing_from_anybody() {
    let all = [HANDSHAKES, FRAMES, ENDS, MESSAGES].concat();
    run_beside("ws", &all, well);
}
