//! A strict walk over JSON bytes, eight at a time, that proves what it passes.
//!
//! Every method returns `None` when the bytes are not JSON, or are JSON of a kind so rare that
//! the complete decoder may have it. What was passed without `None` is valid, to the last byte.

use crate::json::MAX_DEPTH;

/// A position in bytes.
pub(crate) struct Walker<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

/// The inside of a text, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) raw: &'a [u8],
    pub(crate) escaped: bool,
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

impl<'a> Walker<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes spaces. Line ends count as space: a record that spans lines is JSON all the same.
    #[inline]
    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    /// Passes one byte that must be there.
    #[inline]
    pub(crate) fn byte(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.at += 1)
    }

    /// Passes `{` and says whether the object has members.
    #[inline]
    pub(crate) fn open(&mut self) -> Option<bool> {
        self.byte(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(false);
        }
        Some(true)
    }

    /// Passes a key and its colon.
    #[inline]
    pub(crate) fn key(&mut self) -> Option<Text<'a>> {
        let key = self.text()?;
        if self.peek()? != b':' {
            self.space();
        }
        self.byte(b':')?;
        self.space();
        Some(key)
    }

    /// Passes what follows a value: `true` after a comma, `false` after the closing bracket.
    #[inline]
    pub(crate) fn more(&mut self, close: u8) -> Option<bool> {
        self.space();
        let byte = self.peek()?;
        self.at += 1;
        if byte == b',' {
            self.space();
            return Some(true);
        }
        (byte == close).then_some(false)
    }

    /// Passes a text, checking escapes and UTF-8.
    #[inline]
    pub(crate) fn text(&mut self) -> Option<Text<'a>> {
        self.byte(b'"')?;
        let start = self.at;
        let (mut escaped, mut ascii) = (false, true);
        loop {
            let byte = self.next_special(&mut ascii)?;
            match byte {
                b'"' => {
                    let raw = &self.bytes[start..self.at];
                    self.at += 1;
                    if !ascii {
                        std::str::from_utf8(raw).ok()?;
                    }
                    return Some(Text { raw, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                _ => return None,
            }
        }
    }

    /// Moves to the next quote, backslash or control character and returns it.
    ///
    /// The lowest byte that the mask marks is exact; those above it may be marked wrongly.
    #[inline]
    fn next_special(&mut self, ascii: &mut bool) -> Option<u8> {
        while let Some(chunk) = self.bytes[self.at..].first_chunk() {
            let word = u64::from_le_bytes(*chunk);
            let (quote, slash) = (word ^ (LOW * 0x22), word ^ (LOW * 0x5c));
            let marks = ((quote.wrapping_sub(LOW) & !quote)
                | (slash.wrapping_sub(LOW) & !slash)
                | (word.wrapping_sub(LOW * 0x20) & !word))
                & HIGH;
            let high = word & HIGH;
            if marks == 0 {
                *ascii &= high == 0;
                self.at += 8;
            } else {
                let skip = marks.trailing_zeros();
                *ascii &= high & ((1 << skip) - 1) == 0;
                self.at += skip as usize / 8;
                return self.peek();
            }
        }
        loop {
            let byte = self.peek()?;
            if byte == b'"' || byte == b'\\' || byte < 0x20 {
                return Some(byte);
            }
            *ascii &= byte < 0x80;
            self.at += 1;
        }
    }

    /// Passes what follows a backslash.
    fn escape(&mut self) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.hex()? {
                0xd800..=0xdbff => {
                    self.byte(b'\\')?;
                    self.byte(b'u')?;
                    matches!(self.hex()?, 0xdc00..=0xdfff).then_some(())
                }
                0xdc00..=0xdfff => None,
                _ => Some(()),
            },
            _ => None,
        }
    }

    fn hex(&mut self) -> Option<u32> {
        let digits: &[u8; 4] = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += 4;
        digits.iter().try_fold(0, |value, &digit| {
            Some(value << 4 | char::from(digit).to_digit(16)?)
        })
    }

    /// Passes a whole number without fraction or exponent, of at most 19 digits.
    #[inline]
    pub(crate) fn integer(&mut self) -> Option<i64> {
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let start = self.at;
        let mut value = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - start;
        let leading_zero = digits > 1 && self.bytes[start] == b'0';
        if digits == 0 || digits > 19 || leading_zero || matches!(self.peek()?, b'.' | b'e' | b'E')
        {
            return None;
        }
        let value = i64::try_from(value).ok()?;
        Some(if negative { -value } else { value })
    }

    /// Passes a whole number from 1 to 2^64 - 1.
    #[inline]
    pub(crate) fn positive(&mut self) -> Option<u64> {
        let start = self.at;
        let mut value = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value
                .checked_mul(10)?
                .checked_add(u64::from(digit - b'0'))?;
            self.at += 1;
        }
        let bad =
            value == 0 || self.bytes[start] == b'0' || matches!(self.peek()?, b'.' | b'e' | b'E');
        (!bad).then_some(value)
    }

    /// Passes any number and returns its bytes.
    pub(crate) fn number(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.at += usize::from(self.peek()? == b'-');
        let whole = self.digits()?;
        if whole > 1 && self.bytes[self.at - whole] == b'0' {
            return None;
        }
        if self.peek()? == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if let b'e' | b'E' = self.peek()? {
            self.at += 1;
            self.at += usize::from(matches!(self.peek()?, b'+' | b'-'));
            self.digits()?;
        }
        std::str::from_utf8(&self.bytes[start..self.at]).ok()
    }

    /// Passes one digit or more.
    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(self.at - start)
    }

    /// Passes any value, `depth` levels below the record's.
    pub(crate) fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.text().map(|_| ()),
            b'{' | b'[' if depth > MAX_DEPTH => None,
            b'{' => {
                let mut more = self.open()?;
                while more {
                    self.key()?;
                    self.value(depth + 1)?;
                    more = self.more(b'}')?;
                }
                Some(())
            }
            b'[' => {
                self.at += 1;
                self.space();
                if self.peek()? == b']' {
                    self.at += 1;
                    return Some(());
                }
                loop {
                    self.value(depth + 1)?;
                    if !self.more(b']')? {
                        return Some(());
                    }
                }
            }
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            // A number too great for a double is refused by the complete decoder.
            _ => self
                .number()?
                .parse::<f64>()
                .ok()?
                .is_finite()
                .then_some(()),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..]
            .starts_with(word)
            .then(|| self.at += word.len())
    }
}

impl Text<'_> {
    /// The text itself, escapes resolved; `None` when it holds U+0000, which is not taken.
    pub(crate) fn unescape(&self) -> Option<std::borrow::Cow<'_, str>> {
        let text = std::str::from_utf8(self.raw).ok()?;
        if !self.escaped {
            return Some(text.into());
        }
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(slash) = memchr::memchr(b'\\', rest.as_bytes()) {
            plain.push_str(&rest[..slash]);
            let (character, length) = resolve(&rest[slash + 1..])?;
            plain.push(character);
            rest = &rest[slash + 1 + length..];
        }
        plain.push_str(rest);
        Some(plain.into())
    }
}

/// The character an escape stands for and its length after the backslash.
fn resolve(escape: &str) -> Option<(char, usize)> {
    let unit = |from: usize| u32::from_str_radix(escape.get(from..from + 4)?, 16).ok();
    Some(match escape.bytes().next()? {
        b'b' => ('\u{8}', 1),
        b'f' => ('\u{c}', 1),
        b'n' => ('\n', 1),
        b'r' => ('\r', 1),
        b't' => ('\t', 1),
        b'u' => match unit(1)? {
            high @ 0xd800..=0xdbff => {
                let low = unit(7)?;
                let code = 0x10000 + ((high - 0xd800) << 10) + low.checked_sub(0xdc00)?;
                (char::from_u32(code)?, 11)
            }
            0 => return None,
            code => (char::from_u32(code)?, 5),
        },
        other => (char::from(other), 1),
    })
}
