//! What Firehose leaves in a bucket is read as plain files: a tree of hours, objects without an ending in their name,
//! values without a line end between them, packed or not.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use headcount_source::{
    AnySource, Ended, Resume, SourceAddress, SourceItem, files::files_of, shutdown, sink, status,
};

/// As the service names objects: the hour of delivery, then stream, version, second and a random number.
const OBJECTS: [&str; 4] = [
    "raw/2026/11/21/06/rsvps-1-2026-11-21-06-59-10-0c1e3f8a-94d3-4f0e-a8a1-6f2f6f0f7e11",
    "raw/2026/11/21/07/rsvps-1-2026-11-21-07-00-10-1d2f4a9b-85c2-4e1d-b7b0-5e1e5e0e6d22",
    "raw/2026/11/21/07/rsvps-1-2026-11-21-07-05-10-2e305bac-76b1-4d2c-86cf-4d0d4d0d5c33.gz",
    "raw/2026/12/01/00/rsvps-2-2026-12-01-00-00-10-3f416cbd-67a0-4c3b-95de-3c0c3c0c4b44",
];

fn object(first: u32, count: u32, end: &str) -> Vec<u8> {
    let value =
        |number| format!("{{\"rsvp_id\":{number},\"venue\":{{\"name\":\"a }}{{ b\"}}}}{end}");
    (first..first + count)
        .map(value)
        .collect::<String>()
        .into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_tree_of_firehose_objects_is_read_in_the_order_of_its_hours() {
    let root = tempfile::tempdir().unwrap();
    // Without line ends; packed under a name that does not say so; packed in two members; one a line.
    write(root.path(), OBJECTS[0], &object(0, 40, ""));
    write(root.path(), OBJECTS[1], &gzip(&object(40, 40, "")));
    let members = [gzip(&object(80, 20, "")), gzip(&object(100, 20, ""))].concat();
    write(root.path(), OBJECTS[2], &members);
    write(root.path(), OBJECTS[3], &object(120, 40, "\n"));
    let found = files_of(root.path()).unwrap();
    assert_eq!(found, OBJECTS.map(|name| root.path().join(name)));

    let (sink, mut inbox) = sink::channel(sink::SinkLimits::default());
    let (report, _status) = status::status("firehose");
    let (_trigger, shutdown) = shutdown::shutdown();
    let source = AnySource::new(SourceAddress::file(root.path()));
    let running = tokio::spawn(source.run(sink, Resume::fresh(), report, shutdown));
    let mut numbers = Vec::new();
    while let Some(delivery) = inbox.next().await {
        for item in delivery.batch.items {
            let SourceItem::Message(message) = item else {
                panic!("a gap")
            };
            assert_eq!(message.broken, None);
            let value: serde_json::Value = serde_json::from_slice(&message.bytes).unwrap();
            numbers.push(value["rsvp_id"].as_u64().unwrap());
        }
    }
    assert_eq!(running.await.unwrap().unwrap(), Ended::Finished);
    assert!(numbers.into_iter().eq(0..160));
}
