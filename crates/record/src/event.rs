//! A decoded record that tells the facts of an event, where its answers do not.

use crate::{dictionary::Key, version::Version};

/// The facts of an event; its parts are keys of the [`Dictionary`](crate::Dictionary) of the
/// decoder it came from. It may come before the answers to the event or after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// The order of two records of one event.
    pub version: Version,
    /// The event itself.
    pub event: Key,
    /// The group that invites, if there is one.
    pub group: Option<Key>,
    /// Where the event takes place, if it is told.
    pub venue: Option<Key>,
    /// Hash over the decoded record: decides between equal versions.
    pub content: u32,
}
