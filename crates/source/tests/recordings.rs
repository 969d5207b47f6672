//! The real recordings come apart into exactly as many records and malformed spans as `golden/` says.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::path::PathBuf;

use headcount_source::framing::{Block, BlockReader, Framer, ScanMode, values_in};
use serde_json::Value;

/// The folder of recordings, or `None` (and a clear word) when this clone has none beside it.
fn shared_data() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let folder = std::env::var_os("HEADCOUNT_SHARED_DATA").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "NOT TESTED: the recordings are not in {} (set HEADCOUNT_SHARED_DATA to the folder that has rsvps/ and golden/)",
        folder.display()
    );
    None
}

/// Whether a value has the keys every record of its feed has.
fn is_record(bytes: &[u8], feed: &str) -> bool {
    let keys: &[&str] = match feed {
        "rsvps" => &["rsvp_id", "mtime", "response", "event", "group", "member"],
        _ => &["id", "mtime", "name", "status", "group"],
    };
    serde_json::from_slice::<Value>(bytes)
        .is_ok_and(|value| keys.iter().all(|key| value.get(key).is_some()))
}

fn count(path: &PathBuf, feed: &str, chunk_bytes: usize) -> (u64, u64) {
    let mut framer = Framer::new(ScanMode::Proved);
    let mut file = File::open(path).unwrap();
    let (mut records, mut malformed) = (0, 0);
    loop {
        let read = framer.read_from(&mut file, chunk_bytes).unwrap();
        for framed in framer.by_ref() {
            let good = is_record(&framed.bytes, feed);
            assert_eq!(good, framed.span.broken.is_none(), "{:?}", framed);
            records += u64::from(good);
            malformed += u64::from(!good);
        }
        if read == 0 {
            return (records, malformed);
        }
    }
}

/// As `headcount count` does it: blocks, lines unseen, a second look at what the decoder refuses.
fn count_in_blocks(path: &PathBuf, feed: &str) -> (u64, u64) {
    let mut blocks = BlockReader::new(File::open(path).unwrap(), ScanMode::Lines, 100_000);
    let mut block = Block::default();
    let (mut records, mut malformed) = (0, 0);
    while blocks.read(&mut block).unwrap() {
        for (span, bytes) in block.iter() {
            if is_record(bytes, feed) {
                records += 1;
            } else if span.proved {
                malformed += 1;
            } else {
                for part in values_in(bytes) {
                    let good = is_record(part.bytes(bytes), feed);
                    records += u64::from(good);
                    malformed += u64::from(!good);
                }
            }
        }
    }
    (records, malformed)
}

#[test]
fn recordings_come_apart_as_golden_says() {
    let Some(folder) = shared_data() else { return };
    let golden = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.join("golden").join(name)).unwrap()).unwrap()
    };
    let open_events = golden("open_events.json");
    let table = [
        ("rsvps", "2015-03-08.ndjson", golden("2015-03-08.json")),
        ("rsvps", "2017-03-19.ndjson", golden("2017-03-19.json")),
        (
            "rsvps",
            "2017-03-19-damaged.ndjson",
            golden("2017-03-19-damaged.json"),
        ),
        ("rsvps", "2017-05-07.ndjson", golden("2017-05-07.json")),
        (
            "rsvps",
            "2018-05-20-pretty.json",
            golden("2018-05-20-pretty.json"),
        ),
        (
            "open_events",
            "2015-03-07-curl-i.txt",
            open_events["2015-03-07-curl-i.txt"].clone(),
        ),
        (
            "open_events",
            "2016-11-08.ndjson",
            open_events["2016-11-08.ndjson"].clone(),
        ),
    ];
    for (feed, name, expected) in table {
        let path = folder.join(feed).join(name);
        let expected = (
            expected["records"].as_u64().unwrap(),
            expected["malformed"].as_u64().unwrap(),
        );
        for chunk_bytes in [1 << 18, 4099] {
            assert_eq!(count(&path, feed, chunk_bytes), expected, "{name}");
        }
        assert_eq!(count_in_blocks(&path, feed), expected, "{name} in blocks");
    }
}
