//! The five feeds, and how a record's feed is told from its content.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Feed {
    /// Answers to invitations.
    Rsvps,
    /// Events that anybody may come to.
    OpenEvents,
    /// Photos of events.
    Photos,
    /// Comments on events.
    EventComments,
    /// Venues of open events.
    OpenVenues,
}

impl Feed {
    /// All feeds, in the order in which they are listed.
    pub const ALL: [Self; 5] = [
        Self::Rsvps,
        Self::OpenEvents,
        Self::Photos,
        Self::EventComments,
        Self::OpenVenues,
    ];

    /// The feed's name as in its address, `rsvps` for `/2/rsvps`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsvps => "rsvps",
            Self::OpenEvents => "open_events",
            Self::Photos => "photos",
            Self::EventComments => "event_comments",
            Self::OpenVenues => "open_venues",
        }
    }

    /// Tells the feed from the keys of a record; `has` answers whether a top-level key is there.
    ///
    /// The order matters: each test looks for a key that no later feed has.
    pub(crate) fn of_keys(has: impl Fn(&str) -> bool) -> Option<Self> {
        if has("rsvp_id") || has("response") {
            Some(Self::Rsvps)
        } else if has("photo_id") || has("photo_album") {
            Some(Self::Photos)
        } else if has("comment") || has("in_reply_to") {
            Some(Self::EventComments)
        } else if has("event_url") || has("status") || has("yes_rsvp_count") {
            Some(Self::OpenEvents)
        } else if has("id") && (has("address_1") || has("lat") || has("city") || has("country")) {
            Some(Self::OpenVenues)
        } else {
            None
        }
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
