//! Two ways through one door: a fast one that proves or declines, and a complete one.

use crate::{
    complete,
    dictionary::Dictionary,
    fast::{self, Proved},
    other::Other,
    reason::Reason,
    rsvp::Rsvp,
};

/// A decoded record of any feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Rsvp(Rsvp),
    Other(Other),
}

/// Decodes records, remembering the groups, events and venues it has seen.
#[derive(Default)]
pub struct Decoder {
    dictionary: Dictionary,
    fallbacks: u64,
}

impl Decoder {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything once the dictionary has grown past its bound. RSVPs decoded before lose
    /// their meaning with it, so it is for the caller to say when none is in use any more: call it
    /// before each record, or batch of records.
    pub fn keep_bounded(&mut self) {
        self.dictionary.keep_bounded();
    }

    /// Decodes one record.
    ///
    /// # Errors
    /// The reason why `line` is none; nothing of it is remembered.
    pub fn decode(&mut self, line: &[u8]) -> Result<Record, Reason> {
        if let Some(proved) = self.decode_fast(line)
            && proved.length == line.len()
        {
            return Ok(Record::Rsvp(proved.rsvp));
        }
        self.decode_complete(line)
    }

    /// Decodes the RSVP that begins `chunk` and fills its line, if that can be done fast.
    ///
    /// Returns it with its length, line end not included. The line needs no scan beforehand.
    pub fn decode_line(&mut self, chunk: &[u8]) -> Option<(Rsvp, usize)> {
        self.decode_fast(chunk)
            .map(|proved| (proved.rsvp, proved.length))
    }

    pub(crate) fn decode_fast(&mut self, chunk: &[u8]) -> Option<Proved> {
        fast::decode(chunk, &mut self.dictionary).filter(|proved| proved.length <= crate::MAX_BYTES)
    }

    pub(crate) fn decode_complete(&mut self, line: &[u8]) -> Result<Record, Reason> {
        self.fallbacks += 1;
        complete::decode(line, &mut self.dictionary)
    }

    /// What the keys of decoded RSVPs stand for.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// How often the complete way had to be gone: a metric, high when a source changes its style.
    #[must_use]
    pub fn fallbacks(&self) -> u64 {
        self.fallbacks
    }
}
