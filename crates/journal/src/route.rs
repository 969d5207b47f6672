//! Where the entries of a shared journal go. The journal knows no records, so it is told.

use std::sync::Arc;

use crate::Entry;

/// What an entry is to a backend that keeps records, and what is said about them, in different topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// A record of the feed with number `lane`.
    Lane {
        /// The number of the feed.
        lane: u8,
        /// What the record is about, such as an event's id.
        key: Option<Vec<u8>>,
    },
    /// Something said about a source, small: it stands in the message that commits the batch.
    Inline,
    /// As [`Route::Inline`]; from here on the entry's source number means the source with this name. Numbers are
    /// one process's own, so a shared journal keeps names, and its readers number them in their order of appearance.
    Name(String),
    /// As [`Route::Inline`]; besides, the last such entry of each partition is kept by this key: what the source's
    /// position is a position in.
    Position(String),
}

/// Tells where an entry goes. It must say the same of the same entry, in every process that writes the journal.
pub type Router = Arc<dyn Fn(&Entry) -> Route + Send + Sync>;
