//! A decoded record of another feed than those of events and their answers: what is needed to
//! count identities by status.

use crate::version::Version;

/// A record that is neither an answer nor the facts of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Of which of its schema's feeds it is, as an index.
    pub feed: u8,
    /// What it is about: two records of one feed with one id are versions of one thing.
    pub id: Box<str>,
    /// The order of two such records.
    pub version: Version,
    /// Hash over the decoded record without its member.
    pub content: u32,
    /// The event it belongs to, if any: decides its partition.
    pub event: Option<Box<str>>,
    /// `upcoming`, `deleted`, `active` and the like, as the feed has it.
    pub status: Option<Box<str>>,
}
