//! What is in a record's value: one object mostly, but producers have sent lines of them, arrays, and JSON in JSON.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::files::{is_packed, unpack};
use crate::framing::{CUT_BYTES, Cutter, Look, VALUE_MAX};
use crate::message::{Broken, Item, Message, Place};

/// Memory is taken in pieces of this size, which the messages share.
const CHUNK_BYTES: usize = 256 << 10;

/// How often JSON may stand in JSON, or be packed.
const LAYERS_MAX: u8 = 4;

/// The most that a packed value may hold.
const UNPACKED_MAX: u64 = 16 << 20;

/// Where values are copied to: what the client library lends is its own.
#[derive(Debug, Default)]
pub(super) struct Shelf(BytesMut);

/// A record on its way to being messages.
pub(super) struct Value<'a> {
    pub(super) bytes: &'a [u8],
    /// One past its offset.
    pub(super) position: u64,
    pub(super) place: Place,
}

impl Shelf {
    fn keep(&mut self, bytes: &[u8]) -> Bytes {
        if self.0.capacity() < bytes.len() {
            self.0 = BytesMut::with_capacity(CHUNK_BYTES.max(bytes.len()));
        }
        self.0.extend_from_slice(bytes);
        self.0.split().freeze()
    }
}

impl Value<'_> {
    /// Puts its messages behind the others. A blank value has none.
    pub(super) fn open(&self, shelf: &mut Shelf, items: &mut Vec<Item>) {
        self.open_layer(self.bytes, LAYERS_MAX, shelf, items);
    }

    fn open_layer(&self, bytes: &[u8], layers: u8, shelf: &mut Shelf, items: &mut Vec<Item>) {
        let text = bytes.trim_ascii();
        match text {
            [] => {}
            [b'{', .., b'}']
                if text.len() <= VALUE_MAX && memchr::memchr(b'\n', text).is_none() =>
            {
                items.push(self.message(shelf.keep(text), None));
            }
            [b'{' | b'[' | 0xef, ..] => self.cut(bytes, shelf, items),
            // The producer encoded its JSON again.
            [b'"', ..] if layers > 0 => match serde_json::from_slice::<Cow<'_, str>>(text) {
                Ok(inner) => self.open_layer(inner.as_bytes(), layers - 1, shelf, items),
                Err(_) => items.push(self.no_json(bytes, shelf)),
            },
            _ if layers > 0 && is_packed(bytes) => match unpacked(bytes) {
                Some(inner) => self.open_layer(&inner, layers - 1, shelf, items),
                None => items.push(self.no_json(bytes, shelf)),
            },
            _ => items.push(self.no_json(bytes, shelf)),
        }
    }

    /// Several values, or one on several lines.
    fn cut(&self, bytes: &[u8], shelf: &mut Shelf, items: &mut Vec<Item>) {
        let kept = shelf.keep(bytes);
        let mut cutter = Cutter::new(Look::Proved);
        while let Some(piece) = cutter.next(&kept, true) {
            let bytes = match piece.cut {
                Some(cut) => Bytes::from(cut),
                None => kept.slice(piece.range),
            };
            items.push(self.message(bytes, piece.broken));
        }
    }

    fn no_json(&self, bytes: &[u8], shelf: &mut Shelf) -> Item {
        if bytes.len() <= VALUE_MAX {
            return self.message(shelf.keep(bytes), Some(Broken::NotJson));
        }
        let broken = Broken::TooBig {
            length: bytes.len() as u64,
            sha256: Sha256::digest(bytes).into(),
        };
        self.message(shelf.keep(&bytes[..CUT_BYTES]), Some(broken))
    }

    fn message(&self, bytes: Bytes, broken: Option<Broken>) -> Item {
        Item::Message(Message {
            bytes,
            position: self.position,
            place: self.place,
            broken,
        })
    }
}

/// What is in a packed value; `None` if it is damaged or too much.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let reader = unpack(Cursor::new(bytes.to_vec())).ok()?;
    let mut inner = Vec::new();
    let length = reader.take(UNPACKED_MAX + 1).read_to_end(&mut inner).ok()?;
    (length as u64 <= UNPACKED_MAX).then_some(inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;
    use crate::testing::texts;

    fn opened(bytes: &[u8]) -> Vec<String> {
        let (mut shelf, mut items) = (Shelf::default(), Vec::new());
        let value = Value {
            bytes,
            position: 7,
            place: Place::Record {
                partition: 1,
                offset: 6,
            },
        };
        value.open(&mut shelf, &mut items);
        for item in &items {
            let Item::Message(message) = item else {
                panic!("a value has no gap")
            };
            assert_eq!(message.position, 7);
        }
        texts(&items)
    }

    fn encoded(text: &str) -> String {
        serde_json::to_string(text).unwrap()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn whatever_was_sent_is_found() {
        let one = r#"{"a":"b\\u00e9 \"x\""}"#;
        let pretty = "{\n  \"a\": 1\n}";
        let table: Vec<(Vec<u8>, Vec<&str>)> = vec![
            (one.into(), vec![one]),
            (format!(" {one}\r\n").into(), vec![one]),
            (encoded(one).into(), vec![one]),
            (encoded(&encoded(one)).into(), vec![one]),
            (pretty.into(), vec![pretty]),
            (format!("{one}\n{{}}\n").into(), vec![one, "{}"]),
            (format!("[{one}, {{}}]").into(), vec![one, "{}"]),
            (encoded(&format!("[{one},{{}}]")).into(), vec![one, "{}"]),
            (gzip(one.as_bytes()), vec![one]),
            (gzip(encoded(one).as_bytes()), vec![one]),
            (zstd::encode_all(one.as_bytes(), 1).unwrap(), vec![one]),
            // Nothing.
            (Vec::new(), vec![]),
            (b" \n".into(), vec![]),
            (b"[]".into(), vec![]),
        ];
        for (value, expected) in table {
            assert_eq!(opened(&value), expected, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_json_comes_as_it_is() {
        for value in ["noise", "17", "null", "\"cut off", "\"a word\"", "a\nb"] {
            let expected = match value {
                // What was encoded twice is shown as it was before.
                "\"a word\"" => "<a word>".to_owned(),
                other => format!("<{other}>"),
            };
            assert_eq!(opened(value.as_bytes()), [expected]);
        }
        assert_eq!(opened(b"{\"a\":1}\n{'b':2}"), ["{\"a\":1}", "<{'b':2}>"]);
        let damaged = &gzip(b"{}")[..12];
        assert_eq!(opened(damaged).len(), 1);
        let long = vec![b'x'; VALUE_MAX + 5];
        assert_eq!(opened(&long), [format!("<{} bytes>", VALUE_MAX + 5)]);
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(VALUE_MAX));
        assert_eq!(opened(long.as_bytes()), [format!("<{} bytes>", long.len())]);
        // A little that would become very much is one refusal, not much memory.
        let bomb = zstd::encode_all(&vec![b' '; 20 << 20][..], 1).unwrap();
        assert_eq!(opened(&bomb).len(), 1);
    }
}
