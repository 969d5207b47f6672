//! UTF-16 as UTF-8: what PowerShell and Windows' editors write.

use std::io::{self, Read};

/// How much is translated at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Translates as it is read. Half a pair becomes U+FFFD, as does half a unit at the end.
pub(super) struct Utf16<R> {
    reader: R,
    big_endian: bool,
    /// Read and not translated: at most a unit and half of the next.
    rest: Vec<u8>,
    text: Vec<u8>,
    /// How much of the text was handed out.
    given: usize,
    at_end: bool,
}

impl<R: Read> Utf16<R> {
    /// Of what follows the byte order mark.
    pub(super) fn new(reader: R, big_endian: bool) -> Self {
        Self {
            reader,
            big_endian,
            rest: Vec::new(),
            text: Vec::new(),
            given: 0,
            at_end: false,
        }
    }

    /// Translates what comes next; no text after it is the end.
    fn refill(&mut self) -> io::Result<()> {
        (self.given, self.text) = (0, Vec::new());
        while self.text.is_empty() && !self.at_end {
            let held = self.rest.len();
            self.rest.resize(held + CHUNK_BYTES, 0);
            let read = self.reader.read(&mut self.rest[held..]);
            self.rest
                .truncate(held + read.as_ref().map_or(0, |&count| count));
            self.at_end = read? == 0;
            self.translate();
        }
        Ok(())
    }

    fn translate(&mut self) {
        let units: Vec<u16> = self
            .rest
            .chunks_exact(2)
            .map(|pair| match self.big_endian {
                true => u16::from_be_bytes([pair[0], pair[1]]),
                false => u16::from_le_bytes([pair[0], pair[1]]),
            })
            .collect();
        // The other half of the last one may come with the next read.
        let waits = matches!(units.last(), Some(0xd800..=0xdbff)) && !self.at_end;
        let whole = units.len() - usize::from(waits);
        let mut text = String::with_capacity(whole);
        text.extend(
            char::decode_utf16(units[..whole].iter().copied())
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
        self.rest.drain(..whole * 2);
        if self.at_end && !self.rest.is_empty() {
            self.rest.clear();
            text.push(char::REPLACEMENT_CHARACTER);
        }
        self.text = text.into_bytes();
    }
}

impl<R: Read> Read for Utf16<R> {
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
        Utf16::new(Slow(bytes, step), big_endian)
            .read_to_string(&mut text)
            .expect("it is always text");
        text
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
