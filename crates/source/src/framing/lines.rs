//! Lines of a stream: one line is one message, whatever it holds.

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use super::cutter::VALUE_MAX;
use super::flood::Flood;
use super::scan::is_blank;
use crate::message::Broken;

/// One line without its end; of one that is too big the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub bytes: Bytes,
    pub broken: Option<Broken>,
}

/// Splits a stream at line feeds. Blank lines and a byte order mark at the very start are skipped, a carriage return
/// before the line feed is not part of the line. Lines that lie within one chunk are not copied.
#[derive(Debug, Default)]
pub struct Lines {
    chunk: Bytes,
    partial: BytesMut,
    flood: Option<Flood>,
    begun: bool,
}

impl Lines {
    pub fn new() -> Self {
        Lines::default()
    }

    /// Gives the next chunk; the one before must have been read to its end.
    pub fn push(&mut self, chunk: Bytes) {
        debug_assert!(
            self.chunk.is_empty(),
            "the chunk before was not read to its end"
        );
        self.chunk = chunk;
    }

    /// What stands after the last line feed, as a line of its own: the stream ended in good order.
    pub fn finish(&mut self) -> Option<Line> {
        self.complete(Bytes::new())
    }

    /// How many bytes of an unfinished line are held or were forgotten.
    pub fn pending(&self) -> u64 {
        self.partial.len() as u64 + self.flood.as_ref().map_or(0, |flood| flood.length())
    }

    fn hold(&mut self, bytes: &[u8]) {
        if let Some(flood) = &mut self.flood {
            flood.swallow(bytes);
            return;
        }
        self.partial.extend_from_slice(bytes);
        // One more byte than allowed may be the carriage return of the line's end.
        if self.partial.len() > VALUE_MAX + 1 {
            let mut flood = Flood::new();
            flood.swallow(&std::mem::take(&mut self.partial));
            self.flood = Some(flood);
        }
    }

    /// A line ends after `end`; `None` when it is blank.
    fn complete(&mut self, end: Bytes) -> Option<Line> {
        let begun = std::mem::replace(&mut self.begun, true);
        let whole = if self.partial.is_empty() && self.flood.is_none() {
            end
        } else {
            self.hold(&end);
            self.partial.split().freeze()
        };
        if let Some(flood) = self.flood.take() {
            return Some(too_big(flood));
        }
        let text = whole
            .strip_prefix("\u{feff}".as_bytes())
            .filter(|_| !begun)
            .unwrap_or(&whole);
        let text = whole.slice_ref(text.strip_suffix(b"\r").unwrap_or(text));
        if text.iter().all(|&byte| is_blank(byte)) {
            return None;
        }
        if text.len() > VALUE_MAX {
            let mut flood = Flood::new();
            flood.swallow(&text);
            return Some(too_big(flood));
        }
        Some(Line {
            bytes: text,
            broken: None,
        })
    }
}

/// The next complete line, or `None` when another chunk is needed.
impl Iterator for Lines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            let Some(newline) = memchr(b'\n', &self.chunk) else {
                let rest = std::mem::take(&mut self.chunk);
                self.hold(&rest);
                return None;
            };
            let end = self.chunk.split_to(newline + 1);
            let line = self.complete(end.slice(..newline));
            if line.is_some() {
                return line;
            }
        }
    }
}

fn too_big(flood: Flood) -> Line {
    let (cut, broken) = flood.finish();
    Line {
        bytes: cut.into(),
        broken: Some(broken),
    }
}
