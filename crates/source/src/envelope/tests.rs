#![allow(clippy::unwrap_used)]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::packing::UNPACKED_MAX;
use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 1).unwrap()
}

fn encoded(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn opened(message: &[u8]) -> Vec<String> {
    let mut opened = Vec::new();
    open(&Bytes::copy_from_slice(message), &mut opened);
    let shown = |one: UnwrappedValue| {
        let text = String::from_utf8_lossy(&one.bytes).into_owned();
        match one.broken {
            None => text,
            Some(Broken::TooBig { length, .. }) => format!("<{length} bytes>"),
            Some(broken) => format!("<{}: {text}>", broken.reason()),
        }
    };
    opened.into_iter().map(shown).collect()
}

#[test]
fn whatever_was_sent_is_found() {
    let one = r#"{"a":"b\\u00e9 \"x\" }{"}"#;
    let pretty = "{\n  \"a\": 1\n}";
    let table: Vec<(Vec<u8>, Vec<&str>)> = vec![
        (one.into(), vec![one]),
        (format!(" {one}\r\n").into(), vec![one]),
        (pretty.into(), vec![pretty]),
        // Several: lines, an array, glued.
        (format!("{one}\n\r\n{{}}\n").into(), vec![one, "{}"]),
        (format!("[{one}, {{}}]").into(), vec![one, "{}"]),
        (format!("{one}{{}}{one}").into(), vec![one, "{}", one]),
        (format!("{one} {{}}").into(), vec![one, "{}"]),
        // Behind what programs put before a text.
        (format!("\u{feff}{one}").into(), vec![one]),
        (format!("\0\u{1e} {one}").into(), vec![one]),
        // Encoded again.
        (encoded(one).into(), vec![one]),
        (encoded(&encoded(one)).into(), vec![one]),
        (
            format!(" {}\n{}\n", encoded(one), encoded("{}")).into(),
            vec![one, "{}"],
        ),
        (encoded(&format!("[{one},{{}}]")).into(), vec![one, "{}"]),
        // Packed.
        (gzip(one.as_bytes()), vec![one]),
        (
            [gzip(one.as_bytes()), gzip(b"{}")].concat(),
            vec![one, "{}"],
        ),
        (gzip(encoded(one).as_bytes()), vec![one]),
        (gzip(&zstd(one.as_bytes())), vec![one]),
        (zlib(one.as_bytes(), 0), vec![one]),
        (zlib(one.as_bytes(), 1), vec![one]),
        (zlib(format!("{one}\n{{}}").as_bytes(), 9), vec![one, "{}"]),
        (zstd(one.as_bytes()), vec![one]),
        // Values behind a line that is none.
        (
            format!("noise\n{one}\n").into(),
            vec!["<bad_json: noise>", one],
        ),
        // Nothing.
        (Vec::new(), vec![]),
        (b" \r\n\n".into(), vec![]),
        (b"[]".into(), vec![]),
        (gzip(b"\n"), vec![]),
    ];
    for (message, expected) in table {
        assert_eq!(opened(&message), expected, "{}", message.escape_ascii());
    }
}

#[test]
fn what_is_no_value_comes_as_it_is() {
    for message in [
        "noise",
        "17",
        "null",
        "\"cut off",
        "\"a word\" 5",
        "a\nb",
        "x^ is no zlib",
        "HTTP/1.1 200 OK\n\n",
    ] {
        assert_eq!(
            opened(message.as_bytes()),
            [format!("<bad_json: {message}>")]
        );
    }
    // What was encoded again is shown as it was before.
    assert_eq!(opened(b"\"a word\""), ["<bad_json: a word>"]);
    assert_eq!(
        opened(b"{\"a\":1}\n{'b':2}"),
        ["{\"a\":1}", "<bad_json: {'b':2}>"]
    );
    assert_eq!(
        opened(b"{\"a\":1}\n{\"b\":"),
        ["{\"a\":1}", "<bad_json: {\"b\":>"]
    );
    // Binary, with bytes that look like the ends of lines.
    assert_eq!(opened(b"\x0a\x07\x0a\xff\x0a\x01").len(), 1);
    for packed in [
        gzip(b"{\"a\":1}"),
        zlib(b"{\"a\":1}", 6),
        zstd(b"{\"a\":1}"),
    ] {
        let damaged = opened(&packed[..packed.len() - 6]);
        assert!(
            damaged.len() == 1 && damaged[0].starts_with("<bad_json"),
            "{damaged:?}"
        );
    }
}

#[test]
fn what_is_too_big_is_measured_and_its_beginning_kept() {
    let long = vec![b'x'; VALUE_MAX + 5];
    assert_eq!(opened(&long), [format!("<{} bytes>", VALUE_MAX + 5)]);
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(VALUE_MAX));
    assert_eq!(opened(long.as_bytes()), [format!("<{} bytes>", long.len())]);
    assert_eq!(
        opened(&gzip(format!("{long}\n{{}}").as_bytes())),
        [format!("<{} bytes>", long.len()), "{}".to_owned()]
    );
}

#[test]
fn a_message_that_unpacks_to_no_end_is_one_refusal() {
    let blanks = vec![b' '; usize::try_from(UNPACKED_MAX).unwrap() + 1];
    for bomb in [gzip(&blanks), zlib(&blanks, 1), zstd(&blanks)] {
        assert_eq!(opened(&bomb), [format!("<{} bytes>", bomb.len())]);
        // The last byte of what is allowed is.
        assert_eq!(opened(&gzip(&blanks[1..])), Vec::<String>::new());
    }
    // Wrapped more often than anybody follows.
    let wrapped = (0..LAYERS_MAX).fold(b"{}".to_vec(), |inner, _| gzip(&inner));
    assert_eq!(opened(&wrapped), ["{}"]);
    assert!(opened(&gzip(&wrapped))[0].starts_with("<bad_json"));
}

proptest! {
    #[test]
    fn any_bytes_come_out_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let opened = opened(&bytes);
        let blank = bytes.iter().all(|byte| b" \t\r\n\0\x1e,[]".contains(byte));
        prop_assert!(blank || !opened.is_empty(), "nothing is silent");
    }

    #[test]
    fn packing_changes_nothing(text in "[ -~\n]{0,200}") {
        let plain = opened(text.as_bytes());
        prop_assert_eq!(&opened(&gzip(text.as_bytes())), &plain);
        prop_assert_eq!(&opened(&zlib(text.as_bytes(), 6)), &plain);
        prop_assert_eq!(&opened(&zstd(text.as_bytes())), &plain);
    }
}

#[test]
fn a_few_bytes_do_not_become_millions_of_values() {
    let many = "{}".repeat(3_000_000);
    let texts = "\"{}\" ".repeat(1_000_000);
    for message in [many.as_bytes(), texts.as_bytes()] {
        let found = opened(&zstd::encode_all(message, 1).unwrap());
        assert!(found.len() <= super::VALUES_MAX + 1, "{}", found.len());
        let (last, before) = found.split_last().unwrap();
        assert!(before.iter().all(|value| value == "{}"));
        assert!(last.ends_with(" bytes>"), "{last}");
    }
}
