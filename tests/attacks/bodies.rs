//! Odd and bad records through every door: a file, standard input, HTTP and a WebSocket. Each is counted, or refused for
//! the same reason at each door, and the good record behind it counts. `tests/refused.rs` has the simpler ones.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    net::TcpStream,
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    hostile::{self, hold, http, websocket},
    support::*,
};

fn good(id: u64) -> Value {
    json!({
        "rsvp_id": id, "response": "yes", "guests": 0, "mtime": 1_489_925_470_960_u64,
        "member": { "member_id": id },
        "event": { "event_id": format!("e{id}"), "event_name": "E" },
        "group": { "group_id": 1, "group_country": "us", "group_city": "X", "group_topics": [] }
    })
}

/// The good record with another value at a place such as `/event/event_id`.
fn with(place: &str, value: Value) -> Vec<u8> {
    let mut record = good(1);
    let (parent, key) = place.rsplit_once('/').unwrap();
    record.pointer_mut(parent).unwrap()[key] = value;
    record.to_string().into_bytes()
}

/// The good record with other bytes in a place where they stand once.
fn raw(old: &str, new: impl AsRef<[u8]>) -> Vec<u8> {
    let text = good(1).to_string();
    let (before, after) = text.split_once(old).unwrap();
    [before.as_bytes(), new.as_ref(), after.as_bytes()].concat()
}

/// What is taken, although it is odd.
fn odd() -> Vec<Vec<u8>> {
    let venue = |venue: Value| with("/venue", venue);
    let keys: String = (0..20_000).map(|key| format!("\"k{key}\":1,")).collect();
    vec![
        raw("{", "\u{feff}{"),
        raw("{", format!("{{{keys}")),
        raw("{", "{\"unknown\":{\"more\":[1,2,{\"x\":null}]},"),
        with("/rsvp_id", json!((1_u64 << 53) + 1)),
        with("/rsvp_id", json!(u64::MAX)),
        with("/guests", Value::Null),
        venue(Value::Null),
        venue(json!({})),
        venue(json!({ "lat": 1 })),
        venue(json!({ "venue_id": 1, "lat": -0.0, "lon": 0, "venue_name": "v" })),
        with("/group/group_country", json!("zz")),
        with("/group/group_country", json!("GBR")),
        with("/group/group_city", json!("y".repeat(10_000))),
        with("/group/group_city", json!("\u{202e}X\u{200b}")),
        with("/group/group_topics", Value::Null),
        with(
            "/group/group_topics",
            json!(vec![json!({"urlkey": "a", "topic_name": "b"}); 500]),
        ),
        with("/event/event_url", json!("javascript:alert(1)")),
        with(
            "/event/event_name",
            json!("<script>\u{1b}[2J\n2026 ERROR =1+1 %n ${x} '; --"),
        ),
        with("/event/event_id", json!("../../etc/passwd")),
        with("/event/event_id", json!(17)),
        with("/event/time", json!(1)),
    ]
}

/// What is refused, and why.
fn bad() -> Vec<(Vec<u8>, &'static str)> {
    let name = |bytes: &[u8]| raw("\"E\"", [b"\"", bytes, b"\""].concat());
    let depth = |open: &str, inside: &str, close: &str, levels: usize| {
        let deep = format!("{}{inside}{}", open.repeat(levels), close.repeat(levels));
        raw("{", format!("{{\"deep\":{deep},"))
    };
    let mut rows = vec![
        (b"/* a comment */".to_vec(), "bad_json"),
        (b"# a comment".to_vec(), "bad_json"),
        (b"17".to_vec(), "bad_json"),
        (b"NaN".to_vec(), "bad_json"),
        (b"}".to_vec(), "bad_json"),
        (b"\"".to_vec(), "bad_json"),
        (b"\\".to_vec(), "bad_json"),
        (b"{\"a\"}".to_vec(), "bad_json"),
        (b"Obj\x01\x04\x14avro.codec".to_vec(), "bad_json"),
        (name(b"\xc0\x80"), "bad_utf8"),
        (name(b"\xed\xa0\x80"), "bad_utf8"),
        (name(b"\xf4\x90\x80\x80"), "bad_utf8"),
        (name(b"\xff"), "bad_utf8"),
        (name(b"\x01"), "bad_json"),
        (name(b"\\x"), "bad_json"),
        (name(b"\\u12"), "bad_json"),
        (depth("[", "", "]", 33), "too_deep"),
        (depth("{\"a\":", "1", "}", 9_000), "too_deep"),
        (
            raw("\"response\":", "\"re\\u0073ponse\":\"no\",\"response\":"),
            "dup_key:response",
        ),
        (raw("\"rsvp_id\"", "\"RSVP_ID\""), "missing_field:rsvp_id"),
        (raw("1489925470960", "1e400"), "bad_json"),
        (raw("1489925470960", "NaN"), "bad_json"),
        (raw("\"rsvp_id\":1", "\"rsvp_id\":01"), "bad_json"),
        (raw("\"rsvp_id\":1", "\"rsvp_id\":1e3"), "bad_type:rsvp_id"),
        (
            raw("\"rsvp_id\":1", "\"rsvp_id\":18446744073709551616"),
            "bad_type:rsvp_id",
        ),
    ];
    let topic = |key: u64| json!({"urlkey": key.to_string(), "topic_name": "b"});
    let topics: Value = (0..10_000).map(topic).collect();
    let values = [
        ("/rsvp_id", json!(0), "range:rsvp_id"),
        ("/rsvp_id", json!(1.0), "bad_type:rsvp_id"),
        ("/rsvp_id", json!(""), "bad_type:rsvp_id"),
        ("/rsvp_id", json!(true), "bad_type:rsvp_id"),
        ("/rsvp_id", json!([]), "bad_type:rsvp_id"),
        ("/rsvp_id", Value::Null, "missing_field:rsvp_id"),
        ("/mtime", json!(0), "bad_timestamp"),
        ("/mtime", json!(-1), "bad_timestamp"),
        ("/mtime", json!(1_489_925_470_960_000_u64), "bad_timestamp"),
        ("/mtime", json!(253_402_300_799_000_u64), "bad_timestamp"),
        ("/mtime", json!(i64::MAX), "bad_timestamp"),
        ("/mtime", json!(1_489_925_470_960.5), "bad_timestamp"),
        ("/mtime", json!("now"), "bad_timestamp"),
        ("/mtime", json!("2017-03-19T12:11:10Z"), "bad_timestamp"),
        ("/mtime", Value::Null, "missing_field:mtime"),
        ("/response", json!("YES"), "unknown_enum:response"),
        ("/response", json!("yes\u{200b}"), "unknown_enum:response"),
        ("/response", Value::Null, "missing_field:response"),
        ("/guests", json!(-1), "range:guests"),
        ("/guests", json!(1_000_000_000), "range:guests"),
        ("/guests", json!("2"), "bad_type:guests"),
        ("/guests", json!(0.5), "bad_type:guests"),
        ("/venue", json!([]), "bad_type:venue"),
        (
            "/venue",
            json!({"venue_id": 1, "lat": 91, "lon": 1}),
            "range:venue.lat",
        ),
        (
            "/venue",
            json!({"venue_id": 1, "lat": 1e308, "lon": 1}),
            "range:venue.lat",
        ),
        (
            "/venue",
            json!({"venue_id": 1, "lat": "51.5", "lon": 1}),
            "bad_type:venue.lat",
        ),
        (
            "/venue",
            json!({"venue_id": 1, "lat": 1, "lon": 540}),
            "range:venue.lon",
        ),
        (
            "/group/group_country",
            json!("u".repeat(100_000)),
            "range:group.group_country",
        ),
        ("/group/group_topics", topics, "range:group.group_topics"),
        (
            "/group/group_topics",
            json!([[1]]),
            "bad_type:group.group_topics",
        ),
        ("/group/group_id", json!("x"), "bad_type:group.group_id"),
        ("/member", Value::Null, "missing_field:member"),
        (
            "/member/member_id",
            Value::Null,
            "missing_field:member.member_id",
        ),
        ("/member/member_id", json!(-1), "range:member.member_id"),
        ("/member/member_id", json!("x"), "bad_type:member.member_id"),
        ("/event", Value::Null, "missing_field:event"),
        (
            "/event/event_id",
            json!("x".repeat(4096)),
            "range:event.event_id",
        ),
        ("/event/time", json!("soon"), "bad_type:event.time"),
    ];
    rows.extend(values.map(|(place, value, reason)| (with(place, value), reason)));
    rows
}

/// A real record that ends too early, at every byte.
fn cut() -> Vec<Vec<u8>> {
    let text = good(1).to_string().into_bytes();
    (1..text.len()).map(|end| text[..end].to_vec()).collect()
}

/// What each source sends, and what must become of it.
struct Bodies {
    sent: Vec<Vec<u8>>,
    kept: u64,
    rejected: BTreeMap<&'static str, u64>,
}

impl Bodies {
    /// A good record behind each of them.
    fn new() -> Self {
        let taken = odd().into_iter().map(|body| (body, None));
        let refused = bad().into_iter().map(|(body, reason)| (body, Some(reason)));
        let cut = cut().into_iter().map(|body| (body, Some("bad_json")));
        let mut bodies = Self {
            sent: Vec::new(),
            kept: 0,
            rejected: BTreeMap::new(),
        };
        for ((body, reason), id) in taken.chain(refused).chain(cut).zip(1000..) {
            bodies.sent.push(body);
            bodies.sent.push(good(id).to_string().into_bytes());
            bodies.kept += 1 + u64::from(reason.is_none());
            if let Some(reason) = reason {
                *bodies.rejected.entry(reason).or_default() += 1;
            }
        }
        bodies
    }

    fn lines(&self) -> Vec<u8> {
        let mut lines = self.sent.join(&b'\n');
        lines.push(b'\n');
        lines
    }

    /// What the ledger must say of each source.
    fn account(&self) -> Value {
        let received = self.kept + self.rejected.values().sum::<u64>();
        json!({ "received": received, "kept": self.kept, "rejected": self.rejected })
    }
}

/// The same members of each source's ledger.
fn accounts(process: &Process) -> Vec<Value> {
    let ledger = process.summary()["ledger"].clone();
    let sources = ledger["sources"].as_object().cloned().unwrap_or_default();
    let account = |source: &Value| json!({ "received": source["received"], "kept": source["kept"], "rejected": source["rejected"] });
    sources.values().map(account).collect()
}

/// Serves every connection alike and keeps it open; its address.
fn serve(
    bodies: &Arc<Bodies>,
    with: fn(&mut TcpStream, &Bodies) -> io::Result<()>,
) -> std::net::SocketAddr {
    let bodies = Arc::clone(bodies);
    hostile::listen(move |stream, _| {
        with(stream, &bodies)?;
        hold(stream);
        Ok(())
    })
}

#[test]
fn every_body_has_the_same_verdict_at_every_door() {
    let folder = tempfile::tempdir().unwrap();
    let bodies = Arc::new(Bodies::new());
    let file = folder.path().join("bodies.ndjson");
    fs::write(&file, bodies.lines()).unwrap();
    let http = serve(&bodies, |stream, bodies| {
        http::answer(stream, http::chunked(&[&bodies.lines()]))
    });
    let websocket = serve(&bodies, |stream, bodies| {
        let frames: Vec<_> = bodies.sent.iter().map(websocket::text).collect();
        websocket::send(stream, frames.concat())
    });
    let sources = [
        format!("file:{}", file.display()),
        format!("http://{http}/rsvps"),
        format!("ws://{websocket}/rsvps"),
    ];
    let more: Vec<&str> = sources
        .iter()
        .flat_map(|source| ["--source", source])
        .collect();
    let data = folder.path().join("data");
    let mut command = headcount();
    command.env("HEADCOUNT_LOG", "error");
    let (process, mut input) = Process::run_fed(command, &data, &more);
    input.write_all(&bodies.lines()).unwrap();
    let right = vec![bodies.account(); 4];
    wait_until("the server is ready", || process.is_ready());
    wait_until("every source sent everything", || {
        let accounts = accounts(&process);
        let all = |account: &Value| account["received"].as_u64() >= right[0]["received"].as_u64();
        accounts.len() == 4 && accounts.iter().all(all)
    });
    assert_eq!(accounts(&process), right);
    process.stop();
    assert_eq!(summary(&data)["ledger"]["balanced"], true);
    verify(&data);
}
