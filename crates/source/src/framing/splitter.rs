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

use std::ops::Range;

use super::oversized::Oversized;
use super::scan::{ObjectScanner, ScanVerdict, is_blank};
use crate::message::Broken;
use memchr::{memchr, memchr_iter};

/// The longest value (or malformed span) that is kept whole.
pub const VALUE_MAX: usize = 1 << 20;

/// How much is kept of a span that is too big.
pub const EXCERPT_BYTES: usize = 4096;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How far into a line the beginning of an object is looked for while recovering.
const JUDGE_BYTES: usize = 256;

/// The words of JSON.
const LITERALS: [&[u8]; 3] = [b"true", b"false", b"null"];

/// The longest line of an HTTP head that is believed to be one.
const HEAD_LINE_MAX: usize = 16 << 10;

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

/// What begins on a line, as far as it can be seen.
enum Judgement {
    /// An object: the offset of its brace in the line, and how many blanks stand before it.
    Object {
        brace: usize,
        indent: usize,
    },
    /// What may be the rest of a broken value.
    Other,
    /// Text that cannot be part of a value, such as prose.
    Foreign,
    Unknown,
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

    /// Looks for the line on which reading goes on after a broken value.
    fn recover(
        &mut self,
        buffer: &[u8],
        eof: bool,
        mut search: usize,
        mut pretty: Option<bool>,
        broken: Broken,
    ) -> SplitStep {
        loop {
            let newline = memchr(b'\n', &buffer[search..]).map(|found| search + found);
            let reach = newline.unwrap_or(buffer.len());
            if reach - self.at > self.value_max {
                return self.begin_oversized(pretty);
            }
            let Some(newline) = newline else {
                if eof {
                    return self.malformed(buffer, buffer.len(), buffer.len(), broken);
                }
                self.state = SplitState::Recover {
                    search: buffer.len(),
                    pretty,
                    broken,
                };
                return SplitStep::Wait;
            };
            let laid_out = *pretty
                .get_or_insert_with(|| buffer[self.at + 1..newline].iter().all(|&b| is_blank(b)));
            match self.judge(&buffer[newline + 1..], eof, laid_out) {
                Judgement::Object { brace, indent } => {
                    let step = self.malformed(buffer, newline, newline + 1 + brace, broken);
                    (self.indent, self.begun) = (indent, false);
                    return step;
                }
                Judgement::Foreign => return self.malformed(buffer, newline, newline, broken),
                Judgement::Other => search = newline + 1,
                Judgement::Unknown => {
                    self.state = SplitState::Recover {
                        search: newline,
                        pretty,
                        broken,
                    };
                    return SplitStep::Wait;
                }
            }
        }
    }

    fn garbage(&mut self, buffer: &[u8], eof: bool, search: usize) -> SplitStep {
        let newline = memchr(b'\n', &buffer[search..]).map(|found| search + found);
        let reach = newline.unwrap_or(buffer.len());
        if reach - self.at > self.value_max {
            return self.begin_oversized(None);
        }
        if newline.is_none() && !eof {
            self.state = SplitState::Garbage { search: reach };
            return SplitStep::Wait;
        }
        self.malformed(buffer, reach, reach, Broken::NotJson)
    }

    /// Forgets as it goes: until the line's end, or until an object begins when the value has several lines.
    fn begin_oversized(&mut self, pretty: Option<bool>) -> SplitStep {
        self.state = SplitState::Oversized(Box::new(OpenOversized {
            start: self.offset(),
            line: self.line,
            pretty,
            text: Oversized::new(),
        }));
        SplitStep::On
    }

    fn oversized(
        &mut self,
        buffer: &[u8],
        eof: bool,
        mut oversized: Box<OpenOversized>,
    ) -> SplitStep {
        loop {
            let newline = memchr(b'\n', &buffer[self.at..]).map(|found| self.at + found);
            let reach = newline.unwrap_or(buffer.len());
            oversized.text.swallow(&buffer[self.at..reach]);
            self.at = reach;
            let Some(newline) = newline else {
                if eof {
                    return oversized.finish(self.at);
                }
                self.state = SplitState::Oversized(oversized);
                return SplitStep::Wait;
            };
            let Some(laid_out) = oversized.pretty else {
                return oversized.finish(self.at);
            };
            match self.judge(&buffer[newline + 1..], eof, laid_out) {
                Judgement::Object { brace, indent } => {
                    self.at = newline + 1 + brace;
                    self.new_line();
                    self.fresh = false;
                    self.indent = indent;
                    return oversized.finish(self.at);
                }
                Judgement::Foreign => return oversized.finish(self.at),
                Judgement::Other => {
                    oversized.text.swallow(b"\n");
                    self.at = newline + 1;
                    self.line += 1;
                }
                Judgement::Unknown => {
                    self.state = SplitState::Oversized(oversized);
                    return SplitStep::Wait;
                }
            }
        }
    }

    /// Skips a head as `curl -i` prints it: lines of the form `Name: value` up to a blank one.
    fn head(&mut self, buffer: &[u8], eof: bool) -> SplitStep {
        let rest = &buffer[self.at..];
        let newline = memchr(b'\n', rest);
        if newline.is_none() && !eof && rest.len() <= HEAD_LINE_MAX {
            self.state = SplitState::Head;
            return SplitStep::Wait;
        }
        let line = &rest[..newline.unwrap_or(rest.len())];
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        if !text.is_empty() && !is_head_line(text) {
            return if text.starts_with(b"HTTP/") {
                self.begin_garbage()
            } else {
                SplitStep::On
            };
        }
        self.at += line.len();
        if newline.is_some() {
            self.at += 1;
            self.new_line();
        }
        if !text.is_empty() && newline.is_some() {
            self.state = SplitState::Head;
        }
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

    /// What begins on the line after a broken value.
    fn judge(&self, line: &[u8], eof: bool, pretty: bool) -> Judgement {
        let window = &line[..line.len().min(JUDGE_BYTES)];
        let newline = memchr(b'\n', window);
        let text = &window[..newline.unwrap_or(window.len())];
        let indent = text.iter().take_while(|&&byte| is_blank(byte)).count();
        for (index, &byte) in text.iter().enumerate().skip(indent) {
            match byte {
                b'{' if !pretty || indent <= self.indent => {
                    return Judgement::Object {
                        brace: index,
                        indent,
                    };
                }
                b',' | b' ' | b'\t' | b'\r' => {}
                byte if is_mark(byte) || BYTE_ORDER_MARK.contains(&byte) => {}
                // Some printers write `}, {` on one line.
                b'}' | b']' | b'[' if pretty => {}
                // A pretty-printed value goes on as long as its lines are indented.
                _ if pretty && indent > self.indent => return Judgement::Other,
                _ if newline.is_none() && !eof && window.len() < JUDGE_BYTES => {
                    return Judgement::Unknown;
                }
                _ if may_be_json(text) => return Judgement::Other,
                _ => return Judgement::Foreign,
            }
        }
        if newline.is_some() || eof || window.len() == JUDGE_BYTES {
            Judgement::Other
        } else {
            Judgement::Unknown
        }
    }
}

enum SplitStep {
    On,
    Wait,
    ValueSpan(ValueSpan),
}

/// A span too big to keep.
#[derive(Debug)]
struct OpenOversized {
    start: u64,
    line: u64,
    /// `None`: until the line ends. Else until an object begins, judged as for this layout.
    pretty: Option<bool>,
    text: Oversized,
}

impl OpenOversized {
    fn finish(self, at: usize) -> SplitStep {
        let end = self.start + self.text.length();
        let (excerpt, broken) = self.text.finish();
        SplitStep::ValueSpan(ValueSpan {
            range: at..at,
            excerpt: Some(excerpt.into()),
            start: self.start,
            end,
            line: self.line,
            proved: true,
            broken: Some(broken),
        })
    }
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

/// What stands before a value and is none of its own: the record separator of RFC 7464, and the zeros that a machine
/// leaves in a log when its power fails.
fn is_mark(byte: u8) -> bool {
    matches!(byte, 0x1e | 0)
}

/// Whether a line can be a part of a broken value: it has a key in it, or it is made of what JSON is made of, the last
/// of it perhaps cut off.
fn may_be_json(line: &[u8]) -> bool {
    let mut words = line;
    while let [byte, rest @ ..] = words {
        words = match byte {
            b'"' => match memchr(b'"', rest) {
                Some(end) => &rest[end + 1..],
                None => &[],
            },
            b'0'..=b'9' | b'-' | b'+' | b'.' | b'{' | b'}' | b'[' | b']' | b',' | b':' => rest,
            _ if is_blank(*byte) => rest,
            _ => match LITERALS.iter().find_map(|word| words.strip_prefix(*word)) {
                Some(rest) => rest,
                None => return has_key(line),
            },
        };
    }
    true
}

/// Whether a quote and a colon stand together, as they do behind a key.
fn has_key(line: &[u8]) -> bool {
    memchr_iter(b':', line).any(|colon| {
        let before = &line[..trimmed_length(&line[..colon])];
        matches!(before.last(), Some(b'"' | b'\''))
    })
}

fn trimmed_length(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|&byte| !is_blank(byte) && !is_mark(byte))
        .map_or(0, |last| last + 1)
}

/// A status line, or a header: a token, a colon, anything.
fn is_head_line(text: &[u8]) -> bool {
    let name = memchr(b':', text).map_or(&[][..], |colon| &text[..colon]);
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    text.len() <= HEAD_LINE_MAX
        && (text.starts_with(b"HTTP/") || (!name.is_empty() && name.iter().all(token)))
}
