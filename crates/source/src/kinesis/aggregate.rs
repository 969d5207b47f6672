//! Records that the Kinesis Producer Library has packed several of into one.
//!
//! ```text
//!  F3 89 9A C2 | protobuf: table of partition keys, table of hash keys, records | MD5 of the protobuf, 16 bytes
//! ```
//!
//! No JSON and nothing packed begins with these four bytes. The MD5 is not looked at: what the stream hands out was
//! checked on its way.

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST_BYTES: usize = 16;

/// The field of the outer message that holds a record, and the field of a record that holds its data.
const RECORDS: u64 = 3;
const DATA: u64 = 3;

/// The kinds of fields.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

/// Whether a record begins as packed ones do.
pub(super) fn is_aggregated(data: &[u8]) -> bool {
    data.starts_with(&MAGIC) && data.len() >= MAGIC.len() + DIGEST_BYTES
}

/// What is packed in a record, in order; `None` when it is not what it looks like.
pub(super) fn unpack(data: &[u8]) -> Option<Vec<&[u8]>> {
    let message = data.get(MAGIC.len()..data.len().checked_sub(DIGEST_BYTES)?)?;
    let mut found = Vec::new();
    for field in Fields(message) {
        if let (RECORDS, Some(record)) = field? {
            found.push(data_of(record)?);
        }
    }
    Some(found)
}

fn data_of(record: &[u8]) -> Option<&[u8]> {
    let mut data = None;
    for field in Fields(record) {
        if let (DATA, Some(bytes)) = field? {
            data = Some(bytes);
        }
    }
    data
}

/// The fields of a message: their numbers, and their bytes if they have any. `None` once when it is malformed.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Option<&'a [u8]>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Option<&'a [u8]>)> {
        let tag = self.varint()?;
        let bytes = match tag & 7 {
            VARINT => {
                self.varint()?;
                None
            }
            FIXED_64 => {
                self.take(8)?;
                None
            }
            BYTES => {
                let count = usize::try_from(self.varint()?).ok()?;
                Some(self.take(count)?)
            }
            FIXED_32 => {
                self.take(4)?;
                None
            }
            _ => return None,
        };
        Some((tag >> 3, bytes))
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Seven bits a byte, the least first.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut length = bytes.len();
        let mut field = vec![number << 3 | 2];
        while length > 0x7f {
            field.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        field.push(u8::try_from(length).expect("seven bits"));
        [field, bytes.to_vec()].concat()
    }

    /// As the library packs them: a table of keys, and records that name their key by its number.
    pub(in super::super) fn aggregated(records: &[&[u8]]) -> Vec<u8> {
        let mut message = field(1, b"key");
        for data in records {
            let record = [vec![1 << 3, 0], field(3, data)].concat();
            message.extend(field(3, &record));
        }
        [&MAGIC[..], &message, &[0; DIGEST_BYTES]].concat()
    }

    #[test]
    fn what_is_packed_comes_out_in_order() {
        let long = vec![b'x'; 70_000];
        let packed = aggregated(&[b"{\"a\":1}", b"", &long]);
        assert!(is_aggregated(&packed));
        assert_eq!(unpack(&packed), Some(vec![&b"{\"a\":1}"[..], b"", &long]));
        assert!(!is_aggregated(b"{\"a\":1}"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let whole = [&MAGIC[..], &bytes].concat();
            let _ = unpack(&whole);
        }
    }
}
