//! Two ways through one door: a fast one that proves or declines, and a complete one.

use std::ops::Range;

use crate::{
    MAX_BYTES, complete,
    dictionary::Dictionary,
    fast::{self, Draft},
    other::Other,
    reason::Reason,
    rsvp::Rsvp,
    text::RecordText,
};

/// Records that are decoded together: their parts have to stay in the nearest cache.
const TOGETHER: usize = 32;

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
    repaired: u64,
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
        match self.decode_fast(line) {
            Some((rsvp, _)) => Ok(Record::Rsvp(rsvp)),
            None => self.decode_complete(line),
        }
    }

    /// Decodes records as [`decode`](Self::decode) does, in the same order, and quicker: what they
    /// share with earlier ones is fetched from memory for many together.
    pub fn decode_all<'a>(
        &mut self,
        lines: impl IntoIterator<Item = &'a [u8]>,
        results: &mut Vec<Result<Record, Reason>>,
    ) {
        let mut lines = lines.into_iter();
        let mut together = Vec::with_capacity(TOGETHER);
        loop {
            together.extend(
                lines
                    .by_ref()
                    .take(TOGETHER)
                    .map(|line| (line, self.draft(line))),
            );
            if together.is_empty() {
                return;
            }
            let drafts = together.iter().filter_map(|(_, draft)| draft.as_ref());
            let near = drafts.fold(0, |near, draft| near ^ fast::touch(draft, &self.dictionary));
            std::hint::black_box(near);
            results.extend(together.drain(..).map(|(line, draft)| {
                match draft.and_then(|draft| fast::settle(&draft, &mut self.dictionary)) {
                    Some(rsvp) => Ok(Record::Rsvp(rsvp)),
                    None => self.decode_complete(line),
                }
            }));
        }
    }

    /// Decodes an RSVP the fast way; also where its member object stands.
    pub(crate) fn decode_fast(&mut self, line: &[u8]) -> Option<(Rsvp, Range<usize>)> {
        let draft = self.draft(line)?;
        let rsvp = fast::settle(&draft, &mut self.dictionary)?;
        Some((rsvp, draft.member))
    }

    fn draft<'a>(&self, line: &'a [u8]) -> Option<Draft<'a>> {
        fast::draft(line, &self.dictionary.prints).filter(|_| line.len() <= MAX_BYTES)
    }

    pub(crate) fn decode_complete(&mut self, line: &[u8]) -> Result<Record, Reason> {
        let text = self.read(line)?;
        self.decode_text(&text)
    }

    /// The first half of the complete way.
    pub(crate) fn read<'a>(&mut self, line: &'a [u8]) -> Result<RecordText<'a>, Reason> {
        self.fallbacks += 1;
        RecordText::of(line)
    }

    /// The second half of the complete way.
    pub(crate) fn decode_text(&mut self, text: &RecordText<'_>) -> Result<Record, Reason> {
        let record = complete::decode(text, &mut self.dictionary)?;
        self.repaired += u64::from(text.is_repaired());
        Ok(record)
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

    /// How many decoded records held half an emoji, repaired to U+FFFD.
    #[must_use]
    pub fn repaired(&self) -> u64 {
        self.repaired
    }
}
