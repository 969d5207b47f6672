//! Text too big to keep: only its length, its hash and its first bytes survive.

use sha2::{Digest, Sha256};

use super::span::{EXCERPT_BYTES, ValueSpan};
use crate::message::Broken;

#[derive(Debug)]
pub(crate) struct Oversized {
    length: u64,
    hasher: Sha256,
    excerpt: Vec<u8>,
    /// A carriage return that belongs to the text only if more of it follows.
    carriage_return: bool,
}

impl Oversized {
    pub(crate) fn new() -> Self {
        Oversized {
            length: 0,
            hasher: Sha256::new(),
            excerpt: Vec::with_capacity(EXCERPT_BYTES),
            carriage_return: false,
        }
    }

    pub(crate) fn swallow(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if std::mem::take(&mut self.carriage_return) {
            self.keep(b"\r");
        }
        let text = bytes.strip_suffix(b"\r");
        self.carriage_return = text.is_some();
        self.keep(text.unwrap_or(bytes));
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The beginning of the text, and its length and hash.
    pub(crate) fn finish(self) -> (Vec<u8>, Broken) {
        (
            self.excerpt,
            Broken::TooBig {
                length: self.length,
                sha256: self.hasher.finalize().into(),
            },
        )
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.hasher.update(bytes);
        let room = EXCERPT_BYTES - self.excerpt.len();
        self.excerpt
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// A span that is forgotten as it is read.
#[derive(Debug)]
pub(super) struct OpenOversized {
    pub(super) start: u64,
    pub(super) line: u64,
    /// `None`: until the line ends. Else until an object begins, judged as for this layout.
    pub(super) pretty: Option<bool>,
    pub(super) text: Oversized,
}

impl OpenOversized {
    /// The span, of which reading goes on at `at`.
    pub(super) fn finish(self, at: usize) -> ValueSpan {
        let end = self.start + self.text.length();
        let (excerpt, broken) = self.text.finish();
        ValueSpan {
            range: at..at,
            excerpt: Some(excerpt.into()),
            start: self.start,
            end,
            line: self.line,
            proved: true,
            broken: Some(broken),
        }
    }
}
