//! What one record of the stream holds: a part of a batch, or what the journal is.
//!
//! ```text
//!  headcount-journal 2 {"journal":"…","partition":0,"writer":"…","seq":7,"try":0,"index":0,"of":1,…}\n | payload
//! ```
//!
//! The parts of a batch's payload, put together by their index and unpacked, are a line of JSON with kind, source and
//! length of every entry, and then the bodies. A batch that is not packed can be read by eye.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::error::{Error, Result};

/// The version of the format, which stands in every record and in the stream's tag. Version 1 had records of all feeds
/// under one kind.
pub(super) const VERSION: u32 = 2;
/// What every record begins with: the name and the version of the format.
const MAGIC: &[u8] = b"headcount-journal 2 ";
/// The longest head: names and numbers.
const HEAD_BYTES_MAX: usize = 1 << 10;
/// So much of the payload goes into one record, so that record, head and partition key stay under 1 MiB.
const PART_BYTES: usize = (1 << 20) - (4 << 10);
/// Less is not worth packing.
const PACK_BYTES_MIN: usize = 512;
/// A payload never unpacks to more: a batch is no longer, and its line no longer than that many entries.
const PAYLOAD_BYTES_MAX: u64 = 128 << 20;

/// The first line of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum RecordHead {
    /// What the journal is: the first record of every partition.
    Manifest(StreamManifest),
    /// A part of a batch.
    Part(BatchPart),
}

/// What was fixed when the journal was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StreamManifest {
    #[serde(with = "hex")]
    pub(super) journal: u64,
    pub(super) partitions: u16,
}

/// Which part of which batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BatchPart {
    #[serde(with = "hex")]
    pub(super) journal: u64,
    pub(super) partition: u16,
    /// A random number: one process that had the journal open.
    #[serde(with = "hex")]
    pub(super) writer: u64,
    /// Which of the writer's batches for this partition, from 1.
    pub(super) seq: u64,
    /// How often the writer had begun to put this batch before.
    #[serde(rename = "try")]
    pub(super) attempt: u32,
    /// Which part, of how many.
    pub(super) index: u32,
    pub(super) of: u32,
    /// How many entries the whole batch has.
    pub(super) entries: u64,
    /// When it was appended, ms since 1970 by the writer's clock.
    pub(super) appended_ms: i64,
    pub(super) packed: bool,
}

/// A number as the hexadecimal text that JSON readers of all kinds keep whole.
mod hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{number:016x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        u64::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}

/// One line of the table at the beginning of a payload: kind, source, length.
type EntryLine = (u8, u16, u32);

/// A record with its head.
pub(super) fn record(head: &RecordHead, payload: &[u8]) -> Vec<u8> {
    let mut record = MAGIC.to_vec();
    serde_json::to_writer(&mut record, head).expect("a head is plain data");
    record.push(b'\n');
    record.extend_from_slice(payload);
    record
}

/// Takes a record apart; `None` if it is none of ours.
pub(super) fn parse(record: &[u8]) -> Option<(RecordHead, &[u8])> {
    let rest = record.strip_prefix(MAGIC)?;
    let end = rest
        .iter()
        .take(HEAD_BYTES_MAX)
        .position(|&byte| byte == b'\n')?;
    let head = serde_json::from_slice(&rest[..end]).ok()?;
    Some((head, &rest[end + 1..]))
}

/// A batch as payload, and whether it is packed.
pub(super) fn pack(batch: &[Entry]) -> Result<(Vec<u8>, bool)> {
    let table: Vec<EntryLine> = batch
        .iter()
        .map(|entry| {
            let length = u32::try_from(entry.body.len()).expect("a body has at most 2 MiB");
            (entry.kind, entry.source, length)
        })
        .collect();
    let mut plain = serde_json::to_vec(&table).expect("a table is plain data");
    plain.push(b'\n');
    for entry in batch {
        plain.extend_from_slice(&entry.body);
    }
    if plain.len() < PACK_BYTES_MIN {
        return Ok((plain, false));
    }
    let packed = zstd::encode_all(&plain[..], 1)
        .map_err(|error| Error::Stream(format!("pack a batch: {error}")))?;
    if packed.len() < plain.len() {
        Ok((packed, true))
    } else {
        Ok((plain, false))
    }
}

/// The parts of a payload.
pub(super) fn parts(payload: &[u8]) -> impl ExactSizeIterator<Item = &[u8]> {
    payload.chunks(PART_BYTES)
}

/// The entries of a payload as kind, source and body; `None` if it is not what [`pack`] makes.
pub(super) fn unpack(payload: &[u8], packed: bool) -> Option<Payload<'_>> {
    let plain = if packed {
        let decoder = zstd::Decoder::new(payload).ok()?;
        let mut plain = Vec::new();
        std::io::Read::read_to_end(
            &mut std::io::Read::take(decoder, PAYLOAD_BYTES_MAX),
            &mut plain,
        )
        .ok()?;
        Cow::Owned(plain)
    } else {
        Cow::Borrowed(payload)
    };
    let end = plain.iter().position(|&byte| byte == b'\n')?;
    let table: Vec<EntryLine> = serde_json::from_slice(&plain[..end]).ok()?;
    let bytes: usize = table.iter().map(|(_, _, length)| *length as usize).sum();
    let bodies = end + 1;
    (bodies + bytes == plain.len()).then_some(Payload {
        plain,
        bodies,
        table,
    })
}

/// A payload that was taken apart.
pub(super) struct Payload<'a> {
    plain: Cow<'a, [u8]>,
    bodies: usize,
    table: Vec<EntryLine>,
}

impl Payload<'_> {
    /// Kind, source and body of every entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u8, u16, &[u8])> {
        let mut at = self.bodies;
        self.table.iter().map(move |&(kind, source, length)| {
            let body = &self.plain[at..at + length as usize];
            at += length as usize;
            (kind, source, body)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn part() -> BatchPart {
        BatchPart {
            journal: u64::MAX,
            partition: 3,
            writer: 1,
            seq: 7,
            attempt: 0,
            index: 0,
            of: 1,
            entries: 2,
            appended_ms: 5,
            packed: false,
        }
    }

    #[test]
    fn a_small_batch_can_be_read_by_eye() {
        let batch = ["{\"a\":1}", "b"].map(|text| Entry {
            kind: 0,
            source: 7,
            key: None,
            body: text.into(),
        });
        let (payload, packed) = pack(&batch).unwrap();
        assert!(!packed);
        let record = record(&RecordHead::Part(part()), &payload);
        assert_eq!(
            String::from_utf8(record.clone()).unwrap(),
            "headcount-journal 2 {\"is\":\"part\",\"journal\":\"ffffffffffffffff\",\"partition\":3,\
             \"writer\":\"0000000000000001\",\"seq\":7,\"try\":0,\"index\":0,\"of\":1,\"entries\":2,\
             \"appended_ms\":5,\"packed\":false}\n[[0,7,7],[0,7,1]]\n{\"a\":1}b"
        );
        let (head, rest) = parse(&record).unwrap();
        assert_eq!((head, rest), (RecordHead::Part(part()), &payload[..]));
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(bodies in prop::collection::vec((any::<u8>(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..300)), 0..20)) {
            let batch: Vec<Entry> = bodies.into_iter().map(|(kind, source, body)| Entry { kind, source, key: None, body }).collect();
            let (payload, packed) = pack(&batch).unwrap();
            let again: Vec<u8> = parts(&payload).flatten().copied().collect();
            let unpacked = unpack(&again, packed).unwrap();
            let found: Vec<Entry> = unpacked
                .entries()
                .map(|(kind, source, body)| Entry { kind, source, key: None, body: body.to_vec() })
                .collect();
            prop_assert_eq!(found, batch);
        }

        #[test]
        fn any_bytes_are_refused_or_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..100), packed: bool) {
            let _ = parse(&[MAGIC, &bytes].concat());
            let _ = unpack(&bytes, packed);
        }
    }
}
