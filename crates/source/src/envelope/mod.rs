//! What producers wrap values in on their way: a message of any engine in, its values out.
//!
//! A message of a WebSocket, of Kafka or of Kinesis holds one object mostly. Producers have also sent several of them
//! (one a line, in an array, or one directly after another), JSON that was encoded again (a JSON text whose content is
//! JSON), and any of these packed with gzip, zlib or zstd. All of that is opened here alike, with one set of limits, so
//! that a message that is taken from one engine is not refused from another.
//!
//! A message in which nothing is found comes out as one malformed message: it is refused with its reason at admission,
//! and counted. Only blank messages, which keep connections alive, have nothing in them.

mod body_unpacker;
mod packing;

use bytes::Bytes;
use sha2::{Digest, Sha256};

pub(crate) use self::body_unpacker::{BodyUnpacker, DeclaredPacking};
use self::packing::{Unpacked, packing, unpacked};
use crate::framing::{EXCERPT_BYTES, ScanMode, Splitter, VALUE_MAX};
use crate::message::Broken;
use crate::utf16::{Utf16Decoder, utf16_of};

/// How many layers are taken off a message: every unpacking and every decoding of JSON in JSON is one. No producer
/// wraps four times on purpose.
const LAYERS_MAX: u8 = 4;

/// How many values are taken out of a message: the longest one holds some ten thousand records, and a few kilobytes can
/// be packed millions of empty objects. What is left of it is refused as one that is too big.
const VALUES_MAX: usize = 100_000;

/// One value, or one malformed stretch of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnwrappedValue {
    /// Of one that is [`Broken::TooBig`] only the beginning.
    pub(crate) bytes: Bytes,
    pub(crate) broken: Option<Broken>,
}

/// Adds what is in a message to `opened`, in order. Values share the memory of the message as far as they can.
pub(crate) fn open(message: &Bytes, opened: &mut Vec<UnwrappedValue>) {
    open_layer(message, LAYERS_MAX, opened);
}

fn open_layer(message: &Bytes, layers: u8, opened: &mut Vec<UnwrappedValue>) {
    let text = without_marks(message);
    match text.first() {
        None => {}
        Some(b'{' | b'[') => opened.extend(framed(&text)),
        Some(b'"') if layers > 0 => match encoded_again(&text) {
            Some(inner) => {
                for text in inner {
                    if opened.len() >= VALUES_MAX {
                        opened.push(too_big(message));
                        break;
                    }
                    open_layer(&text.into(), layers - 1, opened);
                }
            }
            None => opened.extend(values_or_malformed(message)),
        },
        Some(_) if layers > 0 && is_utf16(message) => {
            let before = opened.len();
            open_layer(&utf16(message), layers - 1, opened);
            if opened.len() == before {
                // Nothing but a byte order mark.
                opened.push(malformed(message));
            }
        }
        Some(_) if layers > 0 => match packing(message).map(|packing| unpacked(message, packing)) {
            Some(Unpacked::Whole(inner)) => open_layer(&inner.into(), layers - 1, opened),
            Some(Unpacked::TooMuch) => opened.push(too_big(message)),
            Some(Unpacked::Damaged) | None => opened.extend(values_or_malformed(message)),
        },
        Some(_) => opened.extend(values_or_malformed(message)),
    }
}

/// From the first byte on that is neither blank nor one of the marks that programs put before a text: a byte order
/// mark, NUL, the record separator of RFC 7464.
fn without_marks(message: &Bytes) -> Bytes {
    let mut text = &message[..];
    loop {
        text = match text {
            [b' ' | b'\t' | b'\n' | b'\r' | 0 | 0x1e, rest @ ..]
            | [0xef, 0xbb, 0xbf, rest @ ..] => rest,
            _ => return message.slice_ref(text),
        };
    }
}

fn is_utf16(message: &[u8]) -> bool {
    matches!(utf16_of(message), Some(Some(_)))
}

/// The same text in UTF-8.
fn utf16(message: &[u8]) -> Bytes {
    let (big_endian, mark) = utf16_of(message).flatten().unwrap_or_default();
    let text = Utf16Decoder::new(big_endian).translate(&message[mark..], true);
    text.into_bytes().into()
}

/// The contents, when there is nothing but JSON texts.
fn encoded_again(text: &[u8]) -> Option<Vec<String>> {
    let texts = serde_json::Deserializer::from_slice(text).into_iter::<String>();
    texts.collect::<Result<_, _>>().ok()
}

/// The values of a text; the whole as one malformed message when there are none. A binary message is not taken apart
/// at every byte that looks like the end of a line.
fn values_or_malformed(message: &Bytes) -> Vec<UnwrappedValue> {
    let opened = framed(message);
    if opened.iter().any(|one| one.broken.is_none()) {
        return opened;
    }
    vec![malformed(message)]
}

/// A message that cannot be taken apart.
pub(crate) fn malformed(message: &Bytes) -> UnwrappedValue {
    if message.len() > VALUE_MAX {
        return too_big(message);
    }
    // What is packed, and damaged, is no text at all.
    let is_text = packing(message).is_none();
    let broken = match std::str::from_utf8(message) {
        Err(_) if is_text => Broken::NotUtf8,
        _ => Broken::NotJson,
    };
    UnwrappedValue {
        bytes: message.clone(),
        broken: Some(broken),
    }
}

fn framed(text: &Bytes) -> Vec<UnwrappedValue> {
    let mut splitter = Splitter::new(ScanMode::Proved);
    let mut opened = Vec::new();
    while let Some(span) = splitter.next(text, true) {
        if opened.len() >= VALUES_MAX {
            opened.push(too_big(&text.slice(span.start as usize..)));
            break;
        }
        opened.push(UnwrappedValue {
            bytes: match span.excerpt {
                Some(beginning) => Bytes::from(beginning),
                None => text.slice(span.range),
            },
            broken: span.broken,
        });
    }
    opened
}

fn too_big(message: &Bytes) -> UnwrappedValue {
    UnwrappedValue {
        // A copy, so that the long message can go.
        bytes: Bytes::copy_from_slice(&message[..message.len().min(EXCERPT_BYTES)]),
        broken: Some(Broken::TooBig {
            length: message.len() as u64,
            sha256: Sha256::digest(message).into(),
        }),
    }
}

#[cfg(test)]
mod tests;
