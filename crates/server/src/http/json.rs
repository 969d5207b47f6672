//! JSON that stays data wherever it is pasted: `<`, `>`, `&` and the two line ends that JavaScript
//! once did not allow in strings are escaped.

use std::io;

use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

pub(crate) const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json");

/// Serialises one of our own types, none of which can fail to.
pub(crate) fn to_bytes(value: &impl Serialize) -> Bytes {
    let mut bytes = Vec::with_capacity(1_024);
    append(&mut bytes, value);
    bytes.into()
}

pub(crate) fn append(bytes: &mut Vec<u8>, value: &impl Serialize) {
    let mut serializer = Serializer::with_formatter(bytes, Inert);
    value
        .serialize(&mut serializer)
        .expect("keys are text and a Vec takes every byte");
}

struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let bytes = fragment.as_bytes();
        let mut plain = 0;
        for (index, byte) in bytes.iter().enumerate() {
            let (escaped, length) = match byte {
                b'<' => ("\\u003c", 1),
                b'>' => ("\\u003e", 1),
                b'&' => ("\\u0026", 1),
                0xe2 if bytes[index..].starts_with("\u{2028}".as_bytes()) => ("\\u2028", 3),
                0xe2 if bytes[index..].starts_with("\u{2029}".as_bytes()) => ("\\u2029", 3),
                _ => continue,
            };
            writer.write_all(&bytes[plain..index])?;
            writer.write_all(escaped.as_bytes())?;
            plain = index + length;
        }
        writer.write_all(&bytes[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_line_ends_are_escaped_and_nothing_is_lost() {
        let text = "</script>&\u{2028}é\u{2029}â\u{20ac}\u{202e}<\"\\\n";
        let bytes = to_bytes(&(
            text,
            [("<k>", 1)]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>(),
        ));
        let shown = std::str::from_utf8(&bytes).expect("UTF-8");
        assert!(
            !shown.contains(['<', '>', '&', '\u{2028}', '\u{2029}']),
            "{shown}"
        );
        let (back, _): (String, serde_json::Value) = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(back, text);
    }
}
