//! The one place that knows where values begin and end in a file.
//!
//! ```text
//!            {                     complete
//!  between ─────▶ value ────────────────────────▶ between
//!     │             │ grammar breaks, too long, end of input
//!     │             ▼
//!     │          recover ── a line that begins an object, or is no JSON ──▶ one malformed span, between
//!     │             │ no such line within 1 MiB
//!     │             ▼
//!     │           oversized  (hashes and forgets) ──▶ one span too big, between
//!     │ HTTP/    head    (skipped to its blank line)
//!     └ other    garbage (one malformed span to the line's end)
//! ```
//!
//! What comes out depends on the bytes alone, never on how they were cut into buffers.

mod skipping;

use memchr::{memchr, memchr_iter};

use super::blank::{BYTE_ORDER_MARK, is_blank, is_mark, trimmed_length};
use super::oversized::OpenOversized;
use super::scan::{ObjectScanner, ScanVerdict};
use super::span::{ScanMode, VALUE_MAX, ValueSpan};
use crate::message::Broken;

/// Splits a stream into spans. The caller keeps the buffer: it shows all bytes from [`Splitter::consumed`] on at every
/// call, and may drop those before it by telling [`Splitter::drop_front`].
#[derive(Debug)]
pub struct Splitter {
    mode: ScanMode,
    /// [`VALUE_MAX`], less in tests.
    value_max: usize,
    /// How many bytes were dropped before the buffer.
    base: u64,
    /// Everything before it is done with, unless the state says otherwise.
    at: usize,
    /// The line `at` is on.
    line: u64,
    /// Whether only blanks stand before `at` on its line, and how many (final once it is false).
    fresh: bool,
    indent: usize,
    /// Whether a value has begun on this line: only the first one may be the whole line.
    begun: bool,
    state: SplitState,
}

#[derive(Debug)]
enum SplitState {
    Between,
    Head,
    Garbage {
        search: usize,
    },
    Value {
        scanner: ObjectScanner,
        scanned: usize,
    },
    Recover {
        search: usize,
        pretty: Option<bool>,
        broken: Broken,
    },
    Oversized(Box<OpenOversized>),
}

impl Splitter {
    /// For an input that is read from its beginning.
    pub fn new(mode: ScanMode) -> Self {
        Splitter::resumed(mode, 0, 1)
    }

    /// Begins in the middle of an input, at the beginning of a line.
    pub fn resumed(mode: ScanMode, offset: u64, line: u64) -> Self {
        Splitter {
            mode,
            value_max: VALUE_MAX,
            base: offset,
            at: 0,
            line,
            fresh: true,
            indent: 0,
            begun: false,
            state: SplitState::Between,
        }
    }

    #[cfg(test)]
    pub(crate) fn with_value_max(self, value_max: usize) -> Self {
        Splitter { value_max, ..self }
    }

    /// Bytes before this index are no longer needed.
    pub fn consumed(&self) -> usize {
        // While a span is open `at` stays at its beginning.
        self.at
    }

    /// The caller dropped `count` bytes from the front of its buffer.
    pub fn drop_front(&mut self, count: usize) {
        self.base += count as u64;
        self.at -= count;
        match &mut self.state {
            SplitState::Garbage { search } | SplitState::Recover { search, .. } => *search -= count,
            SplitState::Value { scanned, .. } => *scanned -= count,
            SplitState::Between | SplitState::Head | SplitState::Oversized(_) => {}
        }
    }

    /// Whether it stands between two values, as far as can be seen.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.state, SplitState::Between)
    }

    /// Where reading stands, counted from the beginning of the input.
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The number of the line reading stands on.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next span, or `None` when more bytes are needed (with `eof`: when there is nothing left).
    pub fn next(&mut self, buffer: &[u8], eof: bool) -> Option<ValueSpan> {
        loop {
            let step = match std::mem::replace(&mut self.state, SplitState::Between) {
                SplitState::Between => self.between(buffer, eof),
                SplitState::Head => self.head(buffer, eof),
                SplitState::Garbage { search } => self.garbage(buffer, eof, search),
                SplitState::Value { scanner, scanned } => self.value(buffer, eof, scanner, scanned),
                SplitState::Recover {
                    search,
                    pretty,
                    broken,
                } => self.recover(buffer, eof, search, pretty, broken),
                SplitState::Oversized(oversized) => self.oversized(buffer, eof, oversized),
            };
            match step {
                SplitStep::On => {}
                SplitStep::Wait => return None,
                SplitStep::ValueSpan(span) => return Some(span),
            }
        }
    }

    fn between(&mut self, buffer: &[u8], eof: bool) -> SplitStep {
        while let Some(&byte) = buffer.get(self.at) {
            match byte {
                b'{' => return self.object(buffer, eof),
                b'\n' => self.new_line(),
                b' ' | b'\t' | b'\r' => self.indent += usize::from(self.fresh),
                b',' | b'[' | b']' => self.fresh = false,
                byte if is_mark(byte) => {}
                b'H' if self.fresh && self.indent == 0 => {
                    match begins(&buffer[self.at..], b"HTTP/", eof) {
                        None => return SplitStep::Wait,
                        Some(true) => {
                            self.state = SplitState::Head;
                            return SplitStep::On;
                        }
                        Some(false) => return self.begin_garbage(),
                    }
                }
                0xef => {
                    match begins(&buffer[self.at..], BYTE_ORDER_MARK, eof) {
                        None => return SplitStep::Wait,
                        // Files that were put together have one before each of their beginnings.
                        Some(true) => self.at += 2,
                        Some(false) => return self.begin_garbage(),
                    }
                }
                _ => return self.begin_garbage(),
            }
            self.at += 1;
        }
        SplitStep::Wait
    }

    fn new_line(&mut self) {
        self.line += 1;
        self.fresh = true;
        self.indent = 0;
        self.begun = false;
    }

    fn begin_garbage(&mut self) -> SplitStep {
        self.state = SplitState::Garbage { search: self.at };
        SplitStep::On
    }

    /// At a brace: an unseen line when that is as good as a scanned one, else a scan.
    fn object(&mut self, buffer: &[u8], eof: bool) -> SplitStep {
        let first = !std::mem::replace(&mut self.begun, true);
        if self.mode == ScanMode::Lines
            && first
            && let Some(length) = lone_line(&buffer[self.at..], eof, self.value_max)
        {
            return self.whole(buffer, self.at + length, false);
        }
        self.state = SplitState::Value {
            scanner: ObjectScanner::new(),
            scanned: self.at,
        };
        SplitStep::On
    }

    fn value(
        &mut self,
        buffer: &[u8],
        eof: bool,
        mut scanner: ObjectScanner,
        scanned: usize,
    ) -> SplitStep {
        let limit = buffer.len().min(self.at + self.value_max);
        let broken = match scanner.run(&buffer[..limit], scanned) {
            ScanVerdict::Complete(end) => return self.whole(buffer, end, true),
            ScanVerdict::More if limit < self.at + self.value_max && !eof => {
                self.state = SplitState::Value {
                    scanner,
                    scanned: limit,
                };
                return SplitStep::Wait;
            }
            ScanVerdict::More | ScanVerdict::Broken => Broken::NotJson,
            ScanVerdict::TooDeep => Broken::TooDeep,
        };
        self.state = SplitState::Recover {
            search: self.at,
            pretty: None,
            broken,
        };
        SplitStep::On
    }

    /// Ends a value.
    fn whole(&mut self, buffer: &[u8], end: usize, proved: bool) -> SplitStep {
        let range = self.at..end;
        let line = self.line;
        if proved {
            self.line += memchr_iter(b'\n', &buffer[range.clone()]).count() as u64;
        }
        self.fresh = false;
        self.at = end;
        SplitStep::ValueSpan(ValueSpan {
            start: self.base + range.start as u64,
            end: self.base + end as u64,
            range,
            excerpt: None,
            line,
            proved,
            broken: None,
        })
    }

    /// Ends a span at `end` and reading goes on at `next`, both in the buffer.
    fn malformed(&mut self, buffer: &[u8], end: usize, next: usize, broken: Broken) -> SplitStep {
        let start = self.at;
        let length = trimmed_length(&buffer[start..end]);
        let line = self.line;
        self.line += memchr_iter(b'\n', &buffer[start..next]).count() as u64;
        self.fresh = false;
        self.at = next;
        SplitStep::ValueSpan(ValueSpan {
            range: start..start + length,
            excerpt: None,
            start: self.base + start as u64,
            end: self.base + (start + length) as u64,
            line,
            proved: true,
            broken: Some(broken),
        })
    }
}

enum SplitStep {
    On,
    Wait,
    ValueSpan(ValueSpan),
}

/// Whether `bytes` begin with `wanted`; `None` when that cannot be seen yet.
fn begins(bytes: &[u8], wanted: &[u8], eof: bool) -> Option<bool> {
    if bytes.len() < wanted.len() && !eof && wanted.starts_with(bytes) {
        return None;
    }
    Some(bytes.starts_with(wanted))
}

/// `rest` begins with a brace. The length of its line's text when the line ends with one too and the next thing in the
/// input is another object (or nothing): whatever the line holds, it cannot reach beyond its end, for after a closing
/// brace no value goes on with an opening one, and after a broken one reading goes on there.
fn lone_line(rest: &[u8], eof: bool, length_max: usize) -> Option<usize> {
    let newline = memchr(b'\n', &rest[..rest.len().min(length_max + 2)]);
    if newline.is_none() && (!eof || rest.len() > length_max) {
        return None;
    }
    let reach = newline.unwrap_or(rest.len());
    let length = trimmed_length(&rest[..reach]);
    let next = rest[reach..]
        .iter()
        .position(|&byte| !is_blank(byte) && !is_mark(byte))
        .map(|blanks| reach + blanks);
    let alone = next.map_or(eof, |next| rest[next] == b'{');
    (alone && next.unwrap_or(rest.len()) <= length_max && rest[length - 1] == b'}')
        .then_some(length)
}
