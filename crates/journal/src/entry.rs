//! What goes into a journal and what comes out of it.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::{BATCH_BYTES_MAX, Offset};

/// The longest body of an entry.
pub const BODY_BYTES_MAX: usize = 2 << 20;

/// The kind that no entry may have: segments end their groups with it, so none of the others take it either.
pub(crate) const KIND_RESERVED: u8 = u8::MAX;

/// Bytes that a segment keeps of an entry before its body; elsewhere about what an entry costs.
pub(crate) const HEAD_BYTES: usize = 31;

/// What is appended.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is, by a number whose meaning is the caller's and never changes, for it is stored with the entry. 255 is
    /// the journal's own.
    pub kind: u8,
    /// Which source it came from; the meaning is the caller's.
    pub source: u16,
    /// What it is about, such as the id of an event: engines that key messages use it. It is not stored where it would
    /// be of no use, as in segments, so a reader does not give it back. Of an entry of a kind that has no topic
    /// of its own, the last one of each key is what [`Journal::positions`](crate::Journal::positions) returns.
    pub key: Option<Arc<[u8]>>,
    /// At most [`BODY_BYTES_MAX`] bytes, of which the journal knows nothing.
    pub body: Vec<u8>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind, source, body, ..
        } = self;
        write!(
            f,
            "Entry(kind {kind}, source {source}, {} bytes)",
            body.len()
        )
    }
}

/// What is read: an entry, where it stands and when it was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its place in the partition.
    pub offset: Offset,
    /// When it was appended, in ms since 1970, by the clock of that moment: it goes back where the clock did.
    pub appended_at_ms: i64,
    /// As in [`Entry::kind`].
    pub kind: u8,
    /// As in [`Entry::source`].
    pub source: u16,
    /// The bytes that were appended.
    pub body: &'a [u8],
}

/// What a batch weighs: in a queue, and in a segment without the frame that ends its group.
pub(crate) fn batch_bytes(batch: &[Entry]) -> usize {
    batch.iter().map(entry_bytes).sum()
}

/// The same of one entry.
pub(crate) fn entry_bytes(entry: &Entry) -> usize {
    HEAD_BYTES + entry.body.len()
}

/// Whether a batch may enter a journal at all.
pub(crate) fn check(batch: &[Entry]) -> Result<()> {
    let too_long = |what, bytes, max| Err(Error::TooLong { what, bytes, max });
    for Entry { kind, body, .. } in batch {
        if *kind == KIND_RESERVED {
            return Err(Error::ReservedKind);
        }
        if body.len() > BODY_BYTES_MAX {
            return too_long("body", body.len(), BODY_BYTES_MAX);
        }
    }
    match batch_bytes(batch) {
        bytes if bytes > BATCH_BYTES_MAX => too_long("batch", bytes, BATCH_BYTES_MAX),
        _ => Ok(()),
    }
}
