//! UTF-16 as UTF-8: what PowerShell and Windows' editors write.

use std::io::{self, Read};

/// How much is read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Translates pieces of a text. Half a pair becomes U+FFFD, as does half a unit at the end.
pub(crate) struct Utf16Decoder {
    big_endian: bool,
    /// Given and not translated: at most a unit and half of the next.
    rest: Vec<u8>,
}

impl Utf16Decoder {
    /// Of what follows the byte order mark.
    pub(crate) fn new(big_endian: bool) -> Self {
        Self {
            big_endian,
            rest: Vec::new(),
        }
    }

    /// Translates the next bytes; with `at_end` there are no more.
    pub(crate) fn translate(&mut self, bytes: &[u8], at_end: bool) -> String {
        self.rest.extend_from_slice(bytes);
        let units: Vec<u16> = self
            .rest
            .chunks_exact(2)
            .map(|pair| match self.big_endian {
                true => u16::from_be_bytes([pair[0], pair[1]]),
                false => u16::from_le_bytes([pair[0], pair[1]]),
            })
            .collect();
        // The other half of the last one may come with the next bytes.
        let waits = matches!(units.last(), Some(0xd800..=0xdbff)) && !at_end;
        let whole = units.len() - usize::from(waits);
        let mut text = String::with_capacity(whole);
        text.extend(
            char::decode_utf16(units[..whole].iter().copied())
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
        self.rest.drain(..whole * 2);
        if at_end && !self.rest.is_empty() {
            self.rest.clear();
            text.push(char::REPLACEMENT_CHARACTER);
        }
        text
    }
}

/// Whether what begins so is UTF-16, and if so whether its greater byte comes first and how long its byte order mark
/// is. JSON begins with two characters of ASCII, so that it can be told without a mark, too (RFC 4627, 3). `None` when
/// more of it is needed to tell.
pub(crate) fn utf16_of(head: &[u8]) -> Option<Option<(bool, usize)>> {
    Some(match head {
        [] | [0] | [0xff] | [0xfe] => return None,
        // Longer than the mark of UTF-16 that it begins with: this one is of UTF-32.
        [0xff, 0xfe] | [0xff, 0xfe, 0] => return None,
        [0xff, 0xfe, 0, 0, ..] => None,
        [0xff, 0xfe, ..] => Some((false, 2)),
        [0xfe, 0xff, ..] => Some((true, 2)),
        [b'\t'..=b'~', 0]
        | [b'\t'..=b'~', 0, b'\t'..=b'~']
        | [0, b'\t'..=b'~']
        | [0, b'\t'..=b'~', 0] => return None,
        [b'\t'..=b'~', 0, b'\t'..=b'~', 0, ..] => Some((false, 0)),
        [0, b'\t'..=b'~', 0, b'\t'..=b'~', ..] => Some((true, 0)),
        _ => None,
    })
}

/// Translates what is read.
pub(crate) struct Utf16Reader<R> {
    reader: R,
    decoder: Utf16Decoder,
    text: Vec<u8>,
    /// How much of the text was handed out.
    given: usize,
    at_end: bool,
}

impl<R: Read> Utf16Reader<R> {
    /// Of what follows the byte order mark.
    pub(crate) fn new(reader: R, big_endian: bool) -> Self {
        Self {
            reader,
            decoder: Utf16Decoder::new(big_endian),
            text: Vec::new(),
            given: 0,
            at_end: false,
        }
    }

    /// Translates what comes next; no text after it is the end.
    fn refill(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        (self.given, self.text) = (0, Vec::new());
        while self.text.is_empty() && !self.at_end {
            let read = self.reader.read(&mut chunk)?;
            self.at_end = read == 0;
            let text = self.decoder.translate(&chunk[..read], self.at_end);
            self.text = text.into_bytes();
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.refill()?;
        }
        let count = buffer.len().min(self.text.len() - self.given);
        buffer[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns at most this many bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buffer.len());
            self.0.read(&mut buffer[..count])
        }
    }

    fn translated(bytes: &[u8], big_endian: bool, step: usize) -> String {
        let mut text = String::new();
        Utf16Reader::new(Slow(bytes, step), big_endian)
            .read_to_string(&mut text)
            .expect("it is always text");
        text
    }

    #[test]
    fn it_is_told_by_its_mark_or_by_what_json_begins_with() {
        for (head, expected) in [
            (&b""[..], None),
            (b"{", Some(None)),
            (b"{\"", Some(None)),
            (b"{\0", None),
            (b"{\0\"", None),
            (b"{\0\"\0", Some(Some((false, 0)))),
            (b"\0{\0\"", Some(Some((true, 0)))),
            // Zeros that a machine leaves in a log when its power fails.
            (b"\0\0\0\0", Some(None)),
            (b"\0{\"a", Some(None)),
            (b"\xff\xfe", None),
            (b"\xff\xfe{\0", Some(Some((false, 2)))),
            (b"\xff\xfe\0\0", Some(None)),
            (b"\xfe\xff\0{", Some(Some((true, 2)))),
        ] {
            assert_eq!(utf16_of(head), expected, "{head:?}");
        }
    }

    proptest! {
        #[test]
        fn any_units_in_any_steps_are_what_std_makes_of_them(
            units in prop::collection::vec(any::<u16>(), 0..40),
            odd in any::<bool>(),
            step in 1_usize..7,
        ) {
            for big_endian in [false, true] {
                let mut bytes: Vec<u8> = units
                    .iter()
                    .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
                    .collect();
                let mut expected = String::from_utf16_lossy(&units);
                if odd {
                    bytes.push(b'x');
                    expected.push('\u{fffd}');
                }
                prop_assert_eq!(translated(&bytes, big_endian, step), expected);
            }
        }
    }
}
