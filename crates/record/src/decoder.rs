//! Decoding: a schema, and the memory of what its records share.

use std::sync::Arc;

use crate::{
    dictionary::Dictionary, masking::Masking, meetup::Meetup, reason::Reason, record::Record,
    schema::Schema,
};

/// Decodes the records of one schema, remembering the groups, events and venues it has seen.
pub struct Decoder {
    schema: Arc<dyn Schema>,
    pub(crate) dictionary: Dictionary,
}

impl Default for Decoder {
    /// Of Meetup's records.
    fn default() -> Self {
        Self::of(Arc::new(Meetup))
    }
}

impl Decoder {
    /// A decoder of Meetup's records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder of a schema's records.
    #[must_use]
    pub fn of(schema: Arc<dyn Schema>) -> Self {
        Self {
            schema,
            dictionary: Dictionary::default(),
        }
    }

    /// The schema whose records are decoded.
    #[must_use]
    pub fn schema(&self) -> &Arc<dyn Schema> {
        &self.schema
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
        self.schema.decode(line, &mut self.dictionary)
    }

    /// Decodes records as [`decode`](Self::decode) does, in the same order, and quicker.
    pub fn decode_all(&mut self, lines: &[&[u8]], results: &mut Vec<Result<Record, Reason>>) {
        self.schema.decode_all(lines, &mut self.dictionary, results);
    }

    /// Decodes a record and appends the bytes to keep of it, see [`Schema::admit`].
    pub(crate) fn admit(
        &mut self,
        line: &[u8],
        masking: &Masking,
        out: &mut Vec<u8>,
    ) -> Result<Record, Reason> {
        self.schema.admit(line, masking, &mut self.dictionary, out)
    }

    /// What the keys of decoded RSVPs stand for.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// How often the complete way had to be gone: a metric, high when a source changes its style.
    #[must_use]
    pub fn fallbacks(&self) -> u64 {
        self.dictionary.fallbacks
    }

    /// How many values were masked because the schema does not know them.
    pub(crate) fn blanked(&self) -> u64 {
        self.dictionary.blanked
    }

    /// How many decoded records held half an emoji, repaired to U+FFFD.
    #[must_use]
    pub fn repaired(&self) -> u64 {
        self.dictionary.repaired
    }
}
