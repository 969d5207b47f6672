//! Addresses as they are typed and printed.
#![allow(clippy::unwrap_used)]

use super::*;

fn parse(text: &str) -> Result<SourceAddress, AddressError> {
    text.parse()
}

#[cfg(not(feature = "kinesis"))]
#[tokio::test]
async fn what_was_left_out_of_the_build_is_understood_and_says_how_to_build_it() {
    use crate::{AnySource, Resume, shutdown::shutdown, sink, status::status};

    let address = parse("kinesis://key:secret@eu-west-1/rsvps?from=earliest&key=secret").unwrap();
    let (sink, _inbox) = sink::channel(sink::SinkLimits::default());
    let (report, _status) = status(address.to_string());
    let (_trigger, shutdown) = shutdown();
    let running = AnySource::new(address).run(sink, Resume::fresh(), report, shutdown);
    let error = running.await.unwrap_err().to_string();
    assert_eq!(
        error,
        "kinesis://***@eu-west-1/rsvps: this headcount was built without Kinesis; build it with: \
         cargo build --release --features cluster"
    );
}

#[test]
fn every_kind_is_understood_and_printed() {
    for (text, shown) in [
        ("-", "-"),
        (
            "ws://stream.meetup.com/2/rsvps",
            "ws://stream.meetup.com/2/rsvps",
        ),
        ("wss://h:8443/x?trickle", "wss://h:8443/x?trickle"),
        (
            "HTTP://127.0.0.1:9/2/rsvps?since_count=5",
            "http://127.0.0.1:9/2/rsvps?since_count=5",
        ),
        ("http://[::1]:9/", "http://[::1]:9/"),
        ("file:a.ndjson", "file:a.ndjson"),
        ("file:///tmp/a b.ndjson", "file:/tmp/a b.ndjson"),
        ("file:/tmp/a%20b.ndjson", "file:/tmp/a b.ndjson"),
        ("file://localhost/tmp/x", "file:/tmp/x"),
        ("file:100%25%20sure", "file:100%25 sure"),
        ("file:/tmp/x?speed=60", "file:/tmp/x?speed=60"),
        ("file:x?follow=1", "file:x?follow=1"),
        ("file:odd?name?", "file:odd%3Fname"),
        ("sim:", "sim:?rate=50&seed=0"),
        (
            "sim:?rate=1000000&seed=7&warmup=3600",
            "sim:?rate=1000000&seed=7&warmup=3600",
        ),
        (
            "sim:?rate=2.5&start=1704067200000",
            "sim:?rate=2.5&seed=0&start=1704067200000",
        ),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), shown, "{text}");
    }
}

#[test]
fn a_path_is_what_its_escapes_stand_for() {
    let path = |text: &str| match parse(text).unwrap() {
        SourceAddress::File(address) => address.path,
        other => panic!("{other}"),
    };
    assert_eq!(
        path("file:/my%20data/r%C3%A9sum%C3%A9"),
        PathBuf::from("/my data/résumé")
    );
    assert_eq!(path("file:/my data/x"), PathBuf::from("/my data/x"));
    assert_eq!(path("file:what%3F?speed=2"), PathBuf::from("what?"));
    for odd in ["/a %20 b?c", "/100%", "?", "/x?speed=2"] {
        let address = SourceAddress::file(odd).to_string();
        assert_eq!(path(&address), PathBuf::from(odd), "{address}");
    }
}

#[test]
fn what_is_wrong_is_said_with_the_remedy() {
    for (text, part) in [
        ("", "write ws://"),
        ("recording.ndjson", "write file:recording.ndjson for a file"),
        ("ftp://x/y", "\"ftp:\" is not a kind of source"),
        ("c:\\data", "path of another system; write file:PATH"),
        ("http://", "names one host"),
        ("http://h:99999/", "the port of h is not a number"),
        ("ws://h/2/rsvps?resume=since_mtime", "use http://"),
        ("http://h/x?resume=yes", "since_mtime"),
        ("file:", "needs a path"),
        ("file://data/x", "write file:data/x"),
        ("file:x?sped=2", "does not know \"sped\""),
        ("file:x?speed=0", "speed=0 is not possible; give speed=1"),
        ("file:x?speed=NaN", "is not possible"),
        ("file:x?follow=yes", "follow=yes is not possible; give 1"),
        ("file:x?follow=1&speed=2", "not both"),
        ("sim:50", "write sim:?rate=50"),
        ("sim:?rate=0", "1 to 1000000"),
        ("sim:?rate=1000001", "1 to 1000000"),
        ("sim:?rate=fast", "rate=fast"),
        ("sim:?seed=-1", "seed=-1"),
        (
            "sim:?speed=2",
            "speed means nothing in this address; it takes rate",
        ),
        ("sim:?start=12", "milliseconds since 1970"),
        ("sim:?warmup=1e9", "warmup=1e9"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn an_address_of_kafka_is_understood_by_every_build() {
    let address = parse("kafka://one:9092,two:9093/a,b?from=latest").unwrap();
    let shown = address.to_string();
    assert!(
        shown.starts_with("kafka://one:9092,two:9093/a,b"),
        "{shown}"
    );
    if cfg!(not(feature = "kafka")) {
        let SourceAddress::Unbuilt(address) = address else {
            panic!("{address}")
        };
        let error = crate::Error::Unbuilt(address).to_string();
        assert!(error.contains("built without Kafka") && error.contains("--features cluster"));
    }
}

#[test]
fn credentials_are_never_printed() {
    for text in [
        "kafka://joe:hunter2@h:9092/x?sasl.password=hunter2",
        "http://joe:hunter2@h/2/rsvps",
        "wss://:hunter2@h/x?token=hunter2",
        "https://h/2/rsvps?key=hunter2&sig=hunter2&since_count=3",
        "http://joe:hunter2@h:99999/",
        "joe:hunter2@h/2/rsvps",
        "ftp://joe:hunter2@h/2/rsvps",
        "http://h/x?resume=hunter2",
    ] {
        let shown = match parse(text) {
            Ok(address) => format!("{address} {address:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("hunter2"), "{text}: {shown}");
    }
    let shown = parse("http://joe:pw@h/x?key=1&since_count=3")
        .unwrap()
        .to_string();
    assert_eq!(shown, "http://***@h/x?key=***&since_count=3");
}

#[test]
fn what_can_resume_does() {
    let stream = |text: &str| match parse(text).unwrap() {
        SourceAddress::Http(address) | SourceAddress::WebSocket(address) => address,
        other => panic!("{other}"),
    };
    let address = stream("http://u:p@h/2/rsvps?since_count=9&event_id=x&trickle");
    assert!(address.resumes());
    assert_eq!(
        address.since(12).as_str(),
        "http://u:p@h/2/rsvps?event_id=x&trickle&since_mtime=12"
    );
    let address = stream("http://h/feed?resume=since_mtime&a=%26b");
    assert!(address.resumes());
    assert_eq!(
        address.since(12).as_str(),
        "http://h/feed?a=%26b&since_mtime=12"
    );
    assert!(!stream("http://h/feed").resumes());
    assert!(!stream("http://h/2/rsvps?resume=none").resumes());
    assert!(!stream("ws://h/2/rsvps").resumes());
}

#[test]
fn streams_are_told_apart_by_all_that_is_no_secret() {
    let name = |text: &str| parse(text).unwrap().name();
    let identity = |text: &str| match parse(text).unwrap() {
        SourceAddress::Http(address) | SourceAddress::WebSocket(address) => address.identity(),
        other => panic!("{other}"),
    };
    // The same stream, however it is written, and after its secrets were replaced.
    let same = [
        "https://joe:one@h/2/rsvps?topic=a&x=1&token=one",
        "https://joe:two@h:443/2/rsvps?x=1&token=two&topic=a",
        "HTTPS://joe@H/2/rsvps?token=&topic=a&x=1&since_mtime=5",
    ];
    for other in same {
        assert_eq!(identity(other), identity(same[0]), "{other}");
        assert!(identity(other).starts_with("https://***@h/2/rsvps#"));
    }
    let different = [
        same[0],
        "https://jim:one@h/2/rsvps?topic=a&x=1&token=one",
        "https://h/2/rsvps?topic=a&x=1&token=one",
        "https://joe:one@h/2/rsvps?topic=b&x=1&token=one",
        "https://joe:one@h/2/rsvps?topic=a&x=12&token=one",
        "https://joe:one@h/2/rsvps?topic=a&x=1",
        "https://joe:one@h/2/rsvp?topic=a&x=1&token=one",
        "http://joe:one@h/2/rsvps?topic=a&x=1&token=one",
        "https://joe:one@h:8443/2/rsvps?topic=a&x=1&token=one",
        "https://joe:one@h/2/rsvps?topic=a&x=1&token=one#second",
    ];
    let identities: HashSet<_> = different.map(identity).into();
    assert_eq!(identities.len(), different.len());
    let names: HashSet<_> = different.map(name).into();
    assert_eq!(names.len(), different.len(), "{names:?}");
    assert!(names.iter().all(|name| !name.contains("one")));
    // What is shown in full needs no more.
    assert_eq!(
        name("ws://h/2/rsvps?event_id=x"),
        "ws://h/2/rsvps?event_id=x"
    );
    assert_eq!(name("ws://h/x?token=1"), "ws://h/x?token=***");
    assert_eq!(name("ws://h/x?token=1#two"), "ws://h/x?token=***#two");
    assert!(
        parse("ws://h/x#a=b")
            .unwrap_err()
            .to_string()
            .contains("write #NAME")
    );
}

#[test]
fn sources_that_only_secrets_tell_apart_are_refused() {
    let refused = |texts: &[&str]| {
        let sources: Vec<_> = texts.iter().map(|text| parse(text).unwrap()).collect();
        SourceAddress::refuse_twins(&sources).map_err(|error| error.to_string())
    };
    for twins in [
        ["ws://h/x?token=1", "ws://h/x?token=2"],
        ["http://joe:a@h/x", "http://joe:b@h/x"],
        ["http://h/x", "http://h/x"],
    ] {
        let said = refused(&twins).unwrap_err();
        assert!(said.contains("such as #one and #two"), "{said}");
    }
    refused(&["ws://h/x?token=1#a", "ws://h/x?token=2#b"]).unwrap();
    refused(&[
        "ws://h/x?topic=1",
        "ws://h/x?topic=2",
        "-",
        "file:x",
        "file:x",
    ])
    .unwrap();
}
