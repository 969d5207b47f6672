//! Everything between two values that is not nothing: heads, garbage, and what is left of broken values.

use memchr::memchr;

use super::{SplitState, SplitStep, Splitter};
use crate::framing::blank::is_blank;
use crate::framing::line_judge::{Judgement, Layout, judge};
use crate::framing::oversized::{OpenOversized, Oversized};
use crate::message::Broken;

/// The longest line of an HTTP head that is believed to be one.
const HEAD_LINE_MAX: usize = 16 << 10;

impl Splitter {
    /// Looks for the line on which reading goes on after a broken value.
    pub(super) fn recover(
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
            match judge(&buffer[newline + 1..], eof, self.layout(laid_out)) {
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

    fn layout(&self, is_pretty: bool) -> Layout {
        Layout {
            is_pretty,
            indent: self.indent,
        }
    }

    pub(super) fn garbage(&mut self, buffer: &[u8], eof: bool, search: usize) -> SplitStep {
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
    pub(super) fn begin_oversized(&mut self, pretty: Option<bool>) -> SplitStep {
        self.state = SplitState::Oversized(Box::new(OpenOversized {
            start: self.offset(),
            line: self.line,
            pretty,
            text: Oversized::new(),
        }));
        SplitStep::On
    }

    pub(super) fn oversized(
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
                    return SplitStep::ValueSpan(oversized.finish(self.at));
                }
                self.state = SplitState::Oversized(oversized);
                return SplitStep::Wait;
            };
            let Some(laid_out) = oversized.pretty else {
                return SplitStep::ValueSpan(oversized.finish(self.at));
            };
            match judge(&buffer[newline + 1..], eof, self.layout(laid_out)) {
                Judgement::Object { brace, indent } => {
                    self.at = newline + 1 + brace;
                    self.new_line();
                    self.fresh = false;
                    self.indent = indent;
                    return SplitStep::ValueSpan(oversized.finish(self.at));
                }
                Judgement::Foreign => return SplitStep::ValueSpan(oversized.finish(self.at)),
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
    pub(super) fn head(&mut self, buffer: &[u8], eof: bool) -> SplitStep {
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
}

/// A status line, or a header: a token, a colon, anything.
fn is_head_line(text: &[u8]) -> bool {
    let name = memchr(b':', text).map_or(&[][..], |colon| &text[..colon]);
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    text.len() <= HEAD_LINE_MAX
        && (text.starts_with(b"HTTP/") || (!name.is_empty() && name.iter().all(token)))
}
