//! A decoded record of a feed other than RSVPs: what is needed to count identities by status.

use serde::{Deserialize, Serialize};

use crate::{Feed, version::Version};

/// What a record is about: two records with one identity are versions of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    pub feed: Feed,
    pub id: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    pub identity: Identity,
    pub version: Version,
    /// Hash over the decoded record without its member.
    pub content: u32,
    /// The event it belongs to, if any: decides its partition.
    pub event: Option<Box<str>>,
    /// `upcoming`, `deleted`, `active` and the like, as the feed has it.
    pub status: Option<Box<str>>,
}
