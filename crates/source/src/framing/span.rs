//! A value, or what is none, and where it stood.

use std::ops::Range;

use crate::message::Broken;

/// The longest value (or malformed span) that is kept whole.
pub const VALUE_MAX: usize = 1 << 20;

/// How much is kept of a span that is too big.
pub const EXCERPT_BYTES: usize = 4096;

/// How closely lines are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanMode {
    /// Every value is scanned: a span without `broken` is exactly one object.
    Proved,
    /// A line that begins with `{`, ends with `}` and is followed by another `{` is handed over unseen
    /// ([`ValueSpan::proved`] is false). When the decoder refuses such a line, ask [`super::values_in`] what it holds.
    Lines,
}

/// One value, or one malformed stretch, as a range of the buffer it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSpan {
    /// In the buffer given to [`Splitter::next`]; empty when `excerpt` is given.
    pub range: Range<usize>,
    /// The first [`EXCERPT_BYTES`] of a span that is too big.
    pub excerpt: Option<Box<[u8]>>,
    /// Where it begins, counted from the beginning of the input.
    pub start: u64,
    /// One past its last byte. Grows strictly from span to span.
    pub end: u64,
    /// The number of the line it begins on, from 1.
    pub line: u64,
    /// Whether it was scanned.
    pub proved: bool,
    /// Why it is not one value.
    pub broken: Option<Broken>,
}

impl ValueSpan {
    /// Its bytes, out of the buffer it was found in.
    pub fn bytes<'a>(&'a self, buffer: &'a [u8]) -> &'a [u8] {
        self.excerpt
            .as_deref()
            .unwrap_or(&buffer[self.range.clone()])
    }
}
