//! From a record of a stream to messages: whatever producers have made of a JSON object on its way.
//!
//! A record holds one object, several (one a line or one after another), an object that was encoded twice (a JSON text
//! whose content is JSON), any of these packed with gzip or zstd, or several of these put together by the Kinesis
//! Producer Library. What is none of it comes out as a malformed message and is refused with its reason at the door.

use std::io::{Cursor, Read};

use bytes::Bytes;

use super::aggregate;
use crate::files::unpack;
use crate::framing::{Flood, Framer, Look};
use crate::message::Broken;

/// How much one record may hold when it is unpacked: 32 times what a record may have.
const UNPACKED_BYTES_MAX: u64 = 32 << 20;

/// A message's text, and why it is not one value.
pub(super) type Found = (Bytes, Option<Broken>);

/// The messages in a record, in order. Blank records have none.
pub(super) fn messages_in(data: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    if aggregate::is_aggregated(data) {
        match aggregate::unpack(data) {
            Some(parts) => parts
                .into_iter()
                .for_each(|part| unpacked(part, &mut found)),
            None => found.push(malformed(data)),
        }
    } else {
        unpacked(data, &mut found);
    }
    found
}

fn unpacked(data: &[u8], found: &mut Vec<Found>) {
    if let Some(b'{' | b'"' | b'[') = data.first() {
        return values(data, found);
    }
    let mut text = Vec::new();
    let read = unpack(Cursor::new(data.to_vec()))
        .and_then(|reader| reader.take(UNPACKED_BYTES_MAX + 1).read_to_end(&mut text));
    match read {
        Ok(_) if text.len() as u64 <= UNPACKED_BYTES_MAX => values(&text, found),
        Ok(_) => {
            let mut flood = Flood::new();
            flood.swallow(&text);
            let (beginning, broken) = flood.finish();
            found.push((beginning.into(), Some(broken)));
        }
        Err(_) => found.push(malformed(data)),
    }
}

fn values(text: &[u8], found: &mut Vec<Found>) {
    match encoded_twice(text) {
        Some(inner) => inner.iter().for_each(|text| framed(text.as_bytes(), found)),
        None => framed(text, found),
    }
}

/// The contents, when there is nothing but JSON texts.
fn encoded_twice(text: &[u8]) -> Option<Vec<String>> {
    if text.trim_ascii_start().first() != Some(&b'"') {
        return None;
    }
    let texts = serde_json::Deserializer::from_slice(text).into_iter::<String>();
    texts.collect::<Result<_, _>>().ok()
}

fn framed(text: &[u8], found: &mut Vec<Found>) {
    let mut framer = Framer::new(Look::Proved);
    framer.push(text);
    framer.finish();
    found.extend(framer.map(|framed| (framed.bytes, framed.piece.broken)));
}

/// What cannot even be taken apart: its beginning, so that it can be looked at.
fn malformed(data: &[u8]) -> Found {
    (Bytes::copy_from_slice(data), Some(Broken::NotJson))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn check(data: &[u8], expected: &[&str]) {
        let shown: Vec<String> = messages_in(data)
            .into_iter()
            .map(|(bytes, broken)| {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                match broken {
                    None => text,
                    Some(broken) => format!("<{}: {text}>", broken.reason()),
                }
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn every_way_of_writing_an_object_is_read() {
        check(br#"{"a":1}"#, &[r#"{"a":1}"#]);
        check(
            b"{\"a\":1}\n\r\n{\"b\":2}\r\n",
            &[r#"{"a":1}"#, r#"{"b":2}"#],
        );
        check(br#"{"a":1}{"b":"}{"}"#, &[r#"{"a":1}"#, r#"{"b":"}{"}"#]);
        check(br#" "{\"a\":\"\\u00e9\"}" "#, &[r#"{"a":"\u00e9"}"#]);
        check(
            b"\"{\\\"a\\\":1}\"\n\"{\\\"b\\\":2}\"\n",
            &[r#"{"a":1}"#, r#"{"b":2}"#],
        );
        check(
            &gzip(b"{\"a\":1}\n{\"b\":2}"),
            &[r#"{"a":1}"#, r#"{"b":2}"#],
        );
        check(&gzip(br#""{\"a\":1}""#), &[r#"{"a":1}"#]);
        let packed = aggregate::tests::aggregated(&[b"{\"a\":1}", &gzip(b"{\"b\":2}")]);
        check(&packed, &[r#"{"a":1}"#, r#"{"b":2}"#]);
        check(b"", &[]);
        check(b" \r\n\n", &[]);
    }

    #[test]
    fn what_is_no_object_has_its_reason() {
        check(b"hello", &["<bad_json: hello>"]);
        check(br#""hello""#, &["<bad_json: hello>"]);
        check(br#""{\"a\":"#, &[r#"<bad_json: "{\"a\":>"#]);
        check(
            b"{\"a\":1}\n{\"b\":",
            &[r#"{"a":1}"#, r#"<bad_json: {"b":>"#],
        );
        let cut = &gzip(b"{\"a\":1}")[..12];
        assert!(matches!(messages_in(cut)[..], [(_, Some(Broken::NotJson))]));
        let strange = [&[0xf3, 0x89, 0x9a, 0xc2][..], &[0xff; 30]].concat();
        assert!(matches!(
            messages_in(&strange)[..],
            [(_, Some(Broken::NotJson))]
        ));
    }

    #[test]
    fn a_record_that_unpacks_to_no_end_is_refused() {
        let bomb = gzip(&vec![b' '; (UNPACKED_BYTES_MAX + 1) as usize]);
        assert!(matches!(
            messages_in(&bomb)[..],
            [(_, Some(Broken::TooBig { .. }))]
        ));
    }
}
