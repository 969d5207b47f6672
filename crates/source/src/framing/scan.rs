//! The strict, resumable scanner: is this one JSON object, and where does it end or break?
//!
//! It follows the grammar of RFC 8259 byte by byte (strings, escapes, numbers, literals, nesting), so a brace inside a
//! string never counts and a raw newline in a string breaks it. It does not look at what the bytes mean: UTF-8, lone
//! surrogates and duplicate keys are the decoder's business.

use super::blank::is_blank;

/// Nesting followed before the scanner gives up: twice what a record may have, so that the decoder still names the
/// reason for a record that is only a little too deep. It also bounds how often hostile text is looked at again.
pub const DEPTH_MAX: u32 = 64;

/// What the scanner found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanVerdict {
    /// The bytes so far are the beginning of an object.
    More,
    /// The object ended; the index is one past its last byte.
    Complete(usize),
    /// The grammar breaks.
    Broken,
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanState {
    Start,
    KeyOrEnd,
    Key,
    Colon,
    Value,
    ValueOrEnd,
    Next,
    Text { key: bool },
    Escape { key: bool },
    Hex { key: bool, left: u8 },
    Number(Number),
    Literal(&'static [u8]),
}

/// How far a number has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

/// Scans one object over as many pieces of input as it comes in.
#[derive(Debug, Clone)]
pub(crate) struct ObjectScanner {
    state: ScanState,
    depth: u32,
    /// One bit a level, lowest = innermost: 1 is an object, 0 an array.
    kinds: u64,
}

impl ObjectScanner {
    pub(crate) fn new() -> Self {
        ObjectScanner {
            state: ScanState::Start,
            depth: 0,
            kinds: 0,
        }
    }

    /// Goes on with `bytes[from..]`; the object's first byte is the first one ever given.
    pub(crate) fn run(&mut self, bytes: &[u8], from: usize) -> ScanVerdict {
        let mut i = from;
        while i < bytes.len() {
            match self.state {
                ScanState::Text { key } => {
                    i = text_end(bytes, i);
                    let Some(&byte) = bytes.get(i) else {
                        return ScanVerdict::More;
                    };
                    i += 1;
                    self.state = match byte {
                        b'"' => self.after_text(key, bytes, &mut i),
                        b'\\' => ScanState::Escape { key },
                        _ => return ScanVerdict::Broken,
                    };
                }
                ScanState::Next => {
                    match bytes[i] {
                        b',' if self.kinds & 1 == 1 => self.state = ScanState::Key,
                        b',' => self.state = ScanState::Value,
                        b'}' if self.kinds & 1 == 1 => {
                            if self.close() {
                                return ScanVerdict::Complete(i + 1);
                            }
                        }
                        b']' if self.kinds & 1 == 0 => {
                            self.close();
                        }
                        byte if is_blank(byte) => {}
                        _ => return ScanVerdict::Broken,
                    }
                    i += 1;
                }
                ScanState::Key => {
                    match bytes[i] {
                        b'"' => self.state = ScanState::Text { key: true },
                        byte if is_blank(byte) => {}
                        _ => return ScanVerdict::Broken,
                    }
                    i += 1;
                }
                ScanState::Value | ScanState::ValueOrEnd => {
                    let byte = bytes[i];
                    if let Some(verdict) = self.begin_value(byte) {
                        return verdict;
                    }
                    i += 1;
                }
                ScanState::Number(number) => match self.number(number, bytes, i) {
                    Some(next) => i = next,
                    None => return ScanVerdict::Broken,
                },
                ScanState::Start
                | ScanState::KeyOrEnd
                | ScanState::Colon
                | ScanState::Escape { .. }
                | ScanState::Hex { .. }
                | ScanState::Literal(_) => {
                    if let Some(verdict) = self.byte(bytes[i], i) {
                        return verdict;
                    }
                    i += 1;
                }
            }
        }
        ScanVerdict::More
    }

    /// One byte in a state that is seldom or short; a verdict only when it ends the scan.
    fn byte(&mut self, byte: u8, i: usize) -> Option<ScanVerdict> {
        self.state = match (self.state, byte) {
            (ScanState::Start, b'{') => {
                self.open(true);
                return None;
            }
            (ScanState::KeyOrEnd, b'"') => ScanState::Text { key: true },
            (ScanState::KeyOrEnd, b'}') => {
                return self.close().then_some(ScanVerdict::Complete(i + 1));
            }
            (ScanState::Colon, b':') => ScanState::Value,
            (ScanState::KeyOrEnd | ScanState::Colon, byte) if is_blank(byte) => return None,
            (ScanState::Escape { key }, b'u') => ScanState::Hex { key, left: 4 },
            (ScanState::Escape { key }, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                ScanState::Text { key }
            }
            (ScanState::Hex { key, left: 1 }, byte) if byte.is_ascii_hexdigit() => {
                ScanState::Text { key }
            }
            (ScanState::Hex { key, left }, byte) if byte.is_ascii_hexdigit() => ScanState::Hex {
                key,
                left: left - 1,
            },
            (ScanState::Literal([last]), byte) if byte == *last => ScanState::Next,
            (ScanState::Literal([next, rest @ ..]), byte) if byte == *next => {
                ScanState::Literal(rest)
            }
            _ => return Some(ScanVerdict::Broken),
        };
        None
    }

    /// What follows a text at once in a compact object is taken along: `":"` and `","` are most of what there is.
    #[inline]
    fn after_text(&self, key: bool, bytes: &[u8], i: &mut usize) -> ScanState {
        let (wanted, otherwise, then) = match (key, self.kinds & 1 == 1) {
            (true, _) => (b':', ScanState::Colon, ScanState::Value),
            (false, true) => (b',', ScanState::Next, ScanState::Key),
            (false, false) => return ScanState::Next,
        };
        match bytes.get(*i..*i + 2) {
            Some(&[byte, b'"']) if byte == wanted => {
                *i += 2;
                ScanState::Text { key: !key }
            }
            Some(&[byte, _]) if byte == wanted => {
                *i += 1;
                then
            }
            _ => otherwise,
        }
    }

    /// The first byte of a value; a verdict only when there cannot be one.
    #[inline]
    fn begin_value(&mut self, byte: u8) -> Option<ScanVerdict> {
        self.state = match byte {
            b'"' => ScanState::Text { key: false },
            b'{' | b'[' => {
                if self.depth == DEPTH_MAX {
                    return Some(ScanVerdict::TooDeep);
                }
                self.open(byte == b'{');
                return None;
            }
            b'1'..=b'9' => ScanState::Number(Number::Whole),
            b'0' => ScanState::Number(Number::Zero),
            b'-' => ScanState::Number(Number::Minus),
            b't' => ScanState::Literal(b"rue"),
            b'f' => ScanState::Literal(b"alse"),
            b'n' => ScanState::Literal(b"ull"),
            b']' if self.state == ScanState::ValueOrEnd => {
                self.close();
                return None;
            }
            byte if is_blank(byte) => return None,
            _ => return Some(ScanVerdict::Broken),
        };
        None
    }

    /// Goes through a number as far as it comes; stays before the byte that ends it. `None` when it breaks.
    #[inline]
    fn number(&mut self, mut number: Number, bytes: &[u8], mut i: usize) -> Option<usize> {
        use Number::{Exponent, ExponentDigits, ExponentSign, Fraction, Minus, Point, Whole, Zero};
        while let Some(&byte) = bytes.get(i) {
            number = match (number, byte) {
                (Whole, b'0'..=b'9') => Whole,
                (Fraction | Point, b'0'..=b'9') => Fraction,
                (Minus, b'0') => Zero,
                (Minus, b'1'..=b'9') => Whole,
                (Zero | Whole, b'.') => Point,
                (Zero | Whole | Fraction, b'e' | b'E') => Exponent,
                (Exponent, b'+' | b'-') => ExponentSign,
                (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => ExponentDigits,
                (Zero | Whole | Fraction | ExponentDigits, _) => {
                    self.state = ScanState::Next;
                    return Some(i);
                }
                _ => return None,
            };
            i += 1;
        }
        self.state = ScanState::Number(number);
        Some(i)
    }

    #[inline]
    fn open(&mut self, object: bool) {
        self.depth += 1;
        self.kinds = self.kinds << 1 | u64::from(object);
        self.state = if object {
            ScanState::KeyOrEnd
        } else {
            ScanState::ValueOrEnd
        };
    }

    /// Closes the innermost level; true when it was the outermost.
    #[inline]
    fn close(&mut self) -> bool {
        self.depth -= 1;
        self.kinds >>= 1;
        self.state = ScanState::Next;
        self.depth == 0
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The index of the first quote, backslash or control character at or after `i` (or the length), eight bytes a step.
#[inline]
fn text_end(bytes: &[u8], mut i: usize) -> usize {
    while let Some(chunk) = bytes.get(i..i + 8) {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes were taken"));
        // A byte is zero in `x ^ pattern` where it equals the pattern; `(x - 1) & !x & 0x80` finds zero bytes, and the
        // lowest bit set is always a true one. `(x - 0x20) & !x & 0x80` finds bytes below 0x20 likewise.
        let quote = word ^ (ONES * 0x22);
        let slash = word ^ (ONES * 0x5c);
        let hits = ((quote.wrapping_sub(ONES) & !quote)
            | (slash.wrapping_sub(ONES) & !slash)
            | (word.wrapping_sub(ONES * 0x20) & !word))
            & HIGHS;
        if hits != 0 {
            return i + (hits.trailing_zeros() / 8) as usize;
        }
        i += 8;
    }
    while i < bytes.len() && !matches!(bytes[i], b'"' | b'\\' | 0..=0x1f) {
        i += 1;
    }
    i
}
