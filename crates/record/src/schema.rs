//! How records are read: the seam behind which the feeds of one maker or another stand.

use crate::{
    dictionary::Dictionary, id::Namespace, people::PeopleKey, reason::Reason, record::Record,
    response::Response,
};

/// Reads the records of one maker: what is a record and what is not, who is in it, and which of
/// two records with one identity is the later one.
///
/// A schema says the last of these with the rule by which it makes the
/// [`Version`](crate::Version)s of its records. A version also tells whether the record is live,
/// and moves the watermark, and its time is what a source can be asked to go on from.
///
/// Everything is a function of the record's bytes and of [`definition`](Schema::definition):
/// journals hold that text before the first record, so that whoever reads them again finds the
/// same schema, and from it the same counts.
pub trait Schema: Send + Sync {
    /// The text from which [`schema_of`](crate::schema_of) makes this schema again. It changes with whatever changes
    /// what is made of a record.
    fn definition(&self) -> &str;

    /// What its ids are ids in.
    fn namespace(&self) -> Namespace;

    /// What its answers may be, in the order of [`Response::ALL`].
    fn responses(&self) -> &'static [Response];

    /// The names of its feeds, each with records of one kind; the first is that of the answers. A
    /// name has lower-case letters, digits, `-` and `_` only, as it becomes part of the names of
    /// folders and topics.
    fn feeds(&self) -> &[&'static str];

    /// Which of its feeds a record is of, as an index.
    fn feed_of(&self, record: &Record) -> usize;

    /// Decodes one record.
    ///
    /// # Errors
    /// The reason why `line` is none; then nothing of it is remembered.
    fn decode(&self, line: &[u8], dictionary: &mut Dictionary) -> Result<Record, Reason>;

    /// Decodes records as [`decode`](Schema::decode) does, in the same order. A schema that can
    /// do many together quicker than one by one does so here.
    fn decode_all(
        &self,
        lines: &[&[u8]],
        dictionary: &mut Dictionary,
        results: &mut Vec<Result<Record, Reason>>,
    ) {
        results.extend(lines.iter().map(|line| self.decode(line, dictionary)));
    }

    /// Appends a record, which has been decoded, to `out`, what is people's replaced by what
    /// stands for it under their key. The result is a record with the same counts.
    ///
    /// # Errors
    /// When people cannot be told from the rest; what was appended must not be kept then.
    fn mask(&self, line: &[u8], people: &PeopleKey, out: &mut Vec<u8>) -> Result<(), Reason>;

    /// Decodes a record and appends the bytes to keep of it, masked if there is a key.
    ///
    /// # Errors
    /// The reason why it is refused; what was appended must not be kept then.
    fn admit(
        &self,
        line: &[u8],
        people: Option<&PeopleKey>,
        dictionary: &mut Dictionary,
        out: &mut Vec<u8>,
    ) -> Result<Record, Reason> {
        let record = self.decode(line, dictionary)?;
        match people {
            Some(people) => self.mask(line, people, out)?,
            None => out.extend_from_slice(line),
        }
        Ok(record)
    }
}
