//! HTTP servers that misbehave.

use std::{
    io::{self, Write},
    net::{Shutdown, TcpStream},
};

use super::{Misbehaviour, gzip, hold, in_slices, request, run_beside};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/// A stream as it should be: chunked, a record a line, and open until the client goes.
fn well(stream: &mut TcpStream, record: &str) -> io::Result<()> {
    request(stream)?;
    stream.write_all(&chunked(&[&line(record)]))
}

fn line(record: &str) -> Vec<u8> {
    format!("{record}\r\n").into_bytes()
}

/// The beginning of a chunked answer.
pub fn chunked(chunks: &[&[u8]]) -> Vec<u8> {
    let mut answer = format!("{OK}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in chunks {
        answer.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        answer.extend(*chunk);
        answer.extend(b"\r\n");
    }
    answer
}

/// Answers with these bytes and closes.
pub fn answer(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    request(stream)?;
    stream.write_all(bytes.as_ref())
}

/// Answers with a head alone.
fn head(stream: &mut TcpStream, head: &str) -> io::Result<()> {
    answer(
        stream,
        format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"),
    )
}

/// Answers with these chunks, and a record behind them that must be counted, and keeps the connection.
fn chunks_then(stream: &mut TcpStream, chunks: &[&[u8]], record: &str) -> io::Result<()> {
    let mut all = chunks.to_vec();
    let last = line(record);
    all.push(&last);
    answer(stream, chunked(&all))?;
    hold(stream);
    Ok(())
}

/// A body with a length of its own.
fn sized(length: &str, body: &str) -> String {
    format!("{OK}Content-Length: {length}\r\n\r\n{body}")
}

/// A body that says that it is packed by gzip.
fn packed(body: &[u8]) -> Vec<u8> {
    let head = format!("{OK}Content-Encoding: gzip\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// An answer that asks to wait.
fn too_many(stream: &mut TcpStream, wait: &str) -> io::Result<()> {
    head(
        stream,
        &format!("429 Too Many Requests\r\nRetry-After: {wait}"),
    )
}

const CONNECTIONS: &[(&str, Misbehaviour)] = &[
    ("closes at once", |_, _| Ok(())),
    ("closes after the request", |s, _| request(s).map(drop)),
    ("is silent", |s, _| {
        hold(s);
        Ok(())
    }),
    ("stops writing before an answer", |s, _| {
        request(s)?;
        s.shutdown(Shutdown::Write)?;
        hold(s);
        Ok(())
    }),
    ("speaks TLS", |s, _| {
        answer(s, b"\x15\x03\x03\x00\x02\x02\x28")
    }),
    ("speaks another language", |s, _| {
        answer(s, "220 mail.example ESMTP\r\n")
    }),
    ("answers without a head, as HTTP 0.9", |s, record| {
        answer(s, line(record))
    }),
    ("speaks HTTP 2", |s, _| {
        answer(s, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    }),
    ("switches protocols", |s, _| {
        head(s, "101 Switching Protocols\r\nUpgrade: websocket")
    }),
    ("sends byte by byte", |s, record| {
        request(s)?;
        in_slices(s, &chunked(&[&line(record)]))?;
        hold(s);
        Ok(())
    }),
];

const HEADS: &[(&str, Misbehaviour)] = &[
    ("a head without an end", |s, _| {
        answer(s, format!("{OK}X-Long: {}", "x".repeat(4 << 20)))
    }),
    ("a head of ten thousand lines", |s, _| {
        answer(s, format!("{OK}{}\r\n", "X-Many: x\r\n".repeat(10_000)))
    }),
    ("a head line without a colon", |s, record| {
        answer(s, format!("{OK}nonsense\r\n\r\n{record}"))
    }),
    ("a head with NUL", |s, record| {
        answer(s, format!("{OK}X: \0\r\n\r\n{record}"))
    }),
    ("a status that is no number", |s, _| {
        head(s, "two hundred OK")
    }),
    ("status 999", |s, _| head(s, "999 Odd")),
    ("status 0", |s, _| head(s, "000 Nothing")),
    ("a thousand interim answers", |s, record| {
        let interim = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000);
        answer(
            s,
            [interim.into_bytes(), chunked(&[&line(record)])].concat(),
        )
    }),
    ("a web page", |s, _| {
        answer(
            s,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>login</html>",
        )
    }),
    ("a web page that says that it is JSON", |s, _| {
        answer(
            s,
            format!("{OK}\r\n<html><body>502 Bad Gateway</body></html>"),
        )
    }),
    ("an image", |s, _| {
        answer(
            s,
            "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x7fPNG",
        )
    }),
    ("server-sent events", |s, record| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        answer(s, format!("{head}retry: 0\rid: \0\ndata: {record}\r\n\r\n"))
    }),
    ("an unknown packing", |s, _| {
        answer(s, format!("{OK}Content-Encoding: br\r\n\r\nx"))
    }),
    ("two packings", |s, _| {
        answer(s, format!("{OK}Content-Encoding: gzip, gzip\r\n\r\nx"))
    }),
    ("nothing to say", |s, _| {
        answer(s, "HTTP/1.1 204 No Content\r\n\r\n")
    }),
    ("a redirect to itself", |s, _| {
        head(s, "301 Moved\r\nLocation: /2/rsvps")
    }),
    ("a redirect to nowhere", |s, _| head(s, "302 Found")),
    ("a redirect to a file", |s, _| {
        head(s, "307 Moved\r\nLocation: file:///etc/passwd")
    }),
    ("a redirect inside", |s, _| {
        head(
            s,
            "308 Moved\r\nLocation: http://169.254.169.254/latest/meta-data",
        )
    }),
    ("no access", |s, _| {
        head(s, "401 Unauthorized\r\nWWW-Authenticate: Basic")
    }),
    ("forbidden", |s, _| head(s, "403 Forbidden")),
    ("not found", |s, _| head(s, "404 Not Found")),
    ("gone", |s, _| head(s, "410 Gone")),
    ("an error of its own", |s, _| {
        head(s, "500 Internal Server Error")
    }),
    ("too many, wait a second", |s, _| too_many(s, "1")),
    ("too many, wait no time", |s, _| too_many(s, "0")),
    ("too many, wait less than no time", |s, _| too_many(s, "-5")),
    ("too many, wait for ages", |s, _| {
        too_many(s, "99999999999999999999999")
    }),
    ("too many, wait until a day that is over", |s, _| {
        too_many(s, "Thu, 01 Jan 1970 00:00:00 GMT")
    }),
    ("too many, wait until a day that never was", |s, _| {
        too_many(s, "Fri, 99 Foo 9999 99:99:99 GMT")
    }),
    ("too many, wait for words", |s, _| too_many(s, "a while")),
    ("unavailable, wait for half a second", |s, _| {
        head(s, "503 Service Unavailable\r\nRetry-After: 0.5")
    }),
];

const LENGTHS: &[(&str, Misbehaviour)] = &[
    ("a length that is too short", |s, record| {
        answer(s, sized("20", record))
    }),
    ("a length that is too long", |s, record| {
        answer(s, sized("100000", &record[..99]))
    }),
    ("two lengths", |s, record| {
        answer(
            s,
            sized(&format!("20\r\nContent-Length: {}", record.len()), record),
        )
    }),
    ("a length below zero", |s, record| {
        answer(s, sized("-1", record))
    }),
    ("a length that is no number", |s, record| {
        answer(s, sized("many", record))
    }),
    ("a length beyond all", |s, record| {
        answer(s, sized("18446744073709551616", record))
    }),
    ("a length and chunks", |s, record| {
        answer(
            s,
            sized(
                "5\r\nTransfer-Encoding: chunked",
                &format!("zz\r\n{record}"),
            ),
        )
    }),
    ("a transfer coding nobody knows", |s, record| {
        answer(s, format!("{OK}Transfer-Encoding: snail\r\n\r\n{record}"))
    }),
    ("a chunk that breaks off", |s, record| {
        answer(
            s,
            [
                chunked(&[]),
                format!("ffff\r\n{}", &record[..99]).into_bytes(),
            ]
            .concat(),
        )
    }),
    ("a chunk of no number", |s, _| {
        answer(s, [&chunked(&[])[..], b"zz\r\n"].concat())
    }),
    ("a chunk beyond all", |s, _| {
        answer(s, [&chunked(&[])[..], b"ffffffffffffffffff\r\n{"].concat())
    }),
    ("a chunk below zero", |s, _| {
        answer(s, [&chunked(&[])[..], b"-1\r\n{"].concat())
    }),
    ("a chunk with an extension of a megabyte", |s, _| {
        let extension = format!("1;{}", "x".repeat(1 << 20));
        answer(s, [&chunked(&[])[..], extension.as_bytes()].concat())
    }),
    ("chunks of one byte", |s, record| {
        let bytes = line(record);
        let chunks: Vec<&[u8]> = bytes.chunks(1).collect();
        answer(s, chunked(&chunks))?;
        hold(s);
        Ok(())
    }),
    ("a trailer of a megabyte", |s, record| {
        let trailer = format!("0\r\n{}\r\n", "X: y\r\n".repeat(150_000));
        answer(
            s,
            [chunked(&[&line(record)]), trailer.into_bytes()].concat(),
        )
    }),
    ("a second answer that nobody asked for", |s, record| {
        let second = sized("4", "{}\r\n");
        answer(s, [sized("2", "\r\n"), second, record.to_owned()].concat())
    }),
];

const BODIES: &[(&str, Misbehaviour)] = &[
    ("a body of nothing", |s, _| {
        answer(s, format!("{OK}Connection: close\r\n\r\n"))
    }),
    ("a record that breaks off, and is reset", |s, record| {
        s.write_all(&chunked(&[&record.as_bytes()[..50]]))
    }),
    ("a packed body that breaks off", |s, record| {
        let whole = gzip(&line(record));
        answer(s, packed(&whole[..whole.len() - 9]))
    }),
    ("a packed body with a wrong sum", |s, record| {
        let mut whole = gzip(&line(record));
        let at = whole.len() - 8;
        whole[at] ^= 1;
        answer(s, packed(&whole))
    }),
    ("a packed body with rubbish behind it", |s, record| {
        answer(s, packed(&[gzip(&line(record)), vec![7; 1000]].concat()))
    }),
    ("a packed body that is not packed", |s, record| {
        answer(s, packed(&line(record)))
    }),
    ("much out of little", |s, record| {
        let bomb = [vec![b' '; 64 << 20], line(record)].concat();
        answer(s, packed(&gzip(&bomb)))
    }),
    ("packed again and again", |s, record| {
        let thrice = (0..3).fold(line(record), |body, _| gzip(&body));
        answer(s, packed(&thrice))
    }),
    ("a text without an end", |s, record| {
        let text = format!("{{\"x\":\"{}", "y".repeat(20 << 20));
        chunks_then(s, &[text.as_bytes(), b"\"}\n"], record)
    }),
    ("blanks without an end", |s, record| {
        chunks_then(s, &[&vec![b' '; 8 << 20]], record)
    }),
    ("NUL without an end", |s, record| {
        chunks_then(s, &[&vec![0; 1 << 20], b"\n"], record)
    }),
    ("a value that is too deep", |s, record| {
        let deep = format!("{{\"x\":{}{}}}\n", "[".repeat(200_000), "]".repeat(200_000));
        chunks_then(s, &[deep.as_bytes()], record)
    }),
    (
        "half a value, and a record on the next line",
        |s, record| chunks_then(s, &[b"{\"rsvp_id\":1,\"event\n"], record),
    ),
    ("a hundred thousand empty lines", |s, record| {
        chunks_then(s, &["\r\n\r\r\n\n".repeat(25_000).as_bytes()], record)
    }),
    ("twenty thousand bad lines", |s, record| {
        chunks_then(s, &["{\"a\":}\n".repeat(20_000).as_bytes()], record)
    }),
    ("text that is not UTF-8", |s, record| {
        chunks_then(s, &[b"{\"a\":\"\xff\xfe\"}\n"], record)
    }),
    ("a byte order mark", |s, record| {
        chunks_then(s, &[b"\xef\xbb\xbf"], record)
    }),
    ("prose", |s, record| {
        chunks_then(s, &[b"Dear diary,\nnobody came.\n"], record)
    }),
];

#[test]
fn http_servers_that_misbehave_take_nothing_from_anybody() {
    let all = [CONNECTIONS, HEADS, LENGTHS, BODIES].concat();
    run_beside("http", &all, well);
}
