//! JSON written by hand, as the real stream wrote it: `/` escaped, other text as it is.

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The decimal digits of a number, in place.
pub(super) struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    pub(super) fn of(mut number: u64) -> Self {
        let mut digits = Self {
            bytes: [b'0'; 20],
            start: 20,
        };
        while number >= 10 {
            let pair = PAIRS[(number % 100) as usize];
            digits.start -= 2;
            digits.bytes[digits.start..digits.start + 2].copy_from_slice(&pair);
            number /= 100;
        }
        if number > 0 || digits.start == 20 {
            digits.start -= 1;
            digits.bytes[digits.start] = b'0' + number as u8;
        }
        digits
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).expect("digits are ASCII")
    }
}

/// What of a text needs a backslash in front. Control characters are in no table.
const fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'/')
}

/// Looks at all bytes without stopping, so that the compiler may look at many at a time.
fn has_special(text: &[u8]) -> bool {
    text.iter().fold(false, |any, &byte| any | is_special(byte))
}

/// Appends to a line of JSON. Literals come as they are, with their quotes and commas.
pub(super) trait JsonWriter {
    fn put(&mut self, literal: &str);
    fn text(&mut self, text: &[u8]);
    fn number(&mut self, number: i64);
    fn degrees(&mut self, value: i32, places: u32);
}

impl JsonWriter for Vec<u8> {
    fn put(&mut self, literal: &str) {
        self.extend_from_slice(literal.as_bytes());
    }

    /// The inside of a string.
    fn text(&mut self, text: &[u8]) {
        if !has_special(text) {
            return self.extend_from_slice(text);
        }
        let mut rest = text;
        while let Some(at) = rest.iter().position(|&byte| is_special(byte)) {
            self.extend_from_slice(&rest[..at]);
            self.extend_from_slice(&[b'\\', rest[at]]);
            rest = &rest[at + 1..];
        }
        self.extend_from_slice(rest);
    }

    fn number(&mut self, number: i64) {
        if number < 0 {
            self.push(b'-');
        }
        self.extend_from_slice(Digits::of(number.unsigned_abs()).as_bytes());
    }

    /// A whole number of 10^-`places` degrees, without zeros at the end.
    fn degrees(&mut self, value: i32, places: u32) {
        if value < 0 {
            self.push(b'-');
        }
        let unit = 10_u32.pow(places);
        let value = value.unsigned_abs();
        self.extend_from_slice(Digits::of((value / unit).into()).as_bytes());
        // A leading 1 keeps the zeros after the point.
        let behind = Digits::of((value % unit + unit).into());
        let digits = without_trailing_zeros(&behind.as_bytes()[1..]);
        if !digits.is_empty() {
            self.push(b'.');
            self.extend_from_slice(digits);
        }
    }
}

fn without_trailing_zeros(digits: &[u8]) -> &[u8] {
    let kept = digits
        .iter()
        .rposition(|&digit| digit != b'0')
        .map_or(0, |last| last + 1);
    &digits[..kept]
}
