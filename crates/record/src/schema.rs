//! How records are read: the seam behind which the feeds of one maker or another stand.

use crate::{
    allowed::Allowed, dictionary::Dictionary, id::Namespace, masking::Masking, reason::Reason,
    record::Record, response::Response, top_keys::TopKeys,
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

    /// What may stay of a record when it is masked; `has` tells which keys stand at its top. Whatever
    /// this list does not lead to is masked, and nothing may depend on it: a masked record decodes
    /// to the same record, but for its member.
    ///
    /// Of a record that was refused the keys may be incomplete.
    fn allowed(&self, has: &dyn Fn(&str) -> bool) -> &'static Allowed;

    /// Keys that say by themselves what stands under them, wherever a broken record has them; no
    /// person has a key of that name.
    fn landmarks(&self) -> &'static [&'static str];

    /// Appends a record, which has been decoded, to `out`, masked; returns how many values were
    /// masked for being unknown to the schema.
    ///
    /// # Errors
    /// When it is not JSON; what was appended must not be kept then.
    fn mask(&self, line: &[u8], masking: &Masking, out: &mut Vec<u8>) -> Result<u64, Reason> {
        let keys = TopKeys::of(line);
        let allowed = self.allowed(&|key| keys.has(key));
        masking.copy(line, allowed, out)
    }

    /// Decodes a record and appends the bytes to keep of it, masked.
    ///
    /// # Errors
    /// The reason why it is refused; what was appended must not be kept then.
    fn admit(
        &self,
        line: &[u8],
        masking: &Masking,
        dictionary: &mut Dictionary,
        out: &mut Vec<u8>,
    ) -> Result<Record, Reason> {
        let record = self.decode(line, dictionary)?;
        dictionary.blanked += self.mask(line, masking, out)?;
        Ok(record)
    }
}
