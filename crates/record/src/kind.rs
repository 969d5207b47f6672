//! What an entry of the journal is, as a number that stands in every frame.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::Feed;

/// What an entry of the journal is: a record of some feed, or something said about a source.
///
/// | number | an entry of this kind is |
/// |---|---|
/// | 0 | a control: something said about a source ([`Control`](crate::Control)) |
/// | 1 to 5 | a record of one of the five Meetup feeds |
/// | 6 | a refused record ([`Control::Rejected`](crate::Control::Rejected)) |
/// | 7 to 15 | reserved for later versions of this program |
/// | 16 to 254 | a record of a schema that the journal itself registers before its first record |
/// | 255 | the journal's own |
///
/// The numbers are a format on disk: they stand in every frame of every journal and in every object
/// of the archive, so a number is never used for anything else, even if its feed is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(u8);

impl Kind {
    /// Something said about a source.
    pub const CONTROL: Self = Self(0);
    /// A refused record: a control too, but kept apart, for people look for them.
    pub const DEAD_LETTER: Self = Self(6);
    /// The first number of schemas that are registered in the journal.
    pub const FIRST_REGISTERED: Self = Self(16);
    /// The last number of schemas that are registered in the journal.
    pub const LAST_REGISTERED: Self = Self(254);
    /// The journal's own; no entry that is appended may have it.
    pub const JOURNAL: Self = Self(u8::MAX);

    /// The kind with this number; every number is one, known to this program or not.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The kind of a feed's records.
    #[must_use]
    pub const fn of(feed: Feed) -> Self {
        // Not the position in `Feed::ALL`: that order is one of lists, and may change.
        Self(match feed {
            Feed::Rsvps => 1,
            Feed::OpenEvents => 2,
            Feed::Photos => 3,
            Feed::EventComments => 4,
            Feed::OpenVenues => 5,
        })
    }

    /// The number that stands in frames.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The Meetup feed whose records have this kind, if it is one's.
    #[must_use]
    pub const fn feed(self) -> Option<Feed> {
        Some(match self.0 {
            1 => Feed::Rsvps,
            2 => Feed::OpenEvents,
            3 => Feed::Photos,
            4 => Feed::EventComments,
            5 => Feed::OpenVenues,
            _ => return None,
        })
    }

    /// Whether the entry's body is a [`Control`](crate::Control), a refused record included.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::CONTROL | Self::DEAD_LETTER)
    }

    /// Whether the number is one of those that schemas get when a journal registers them.
    #[must_use]
    pub const fn is_registered(self) -> bool {
        Self::FIRST_REGISTERED.0 <= self.0 && self.0 <= Self::LAST_REGISTERED.0
    }

    /// The name under which entries of this kind are kept apart from others: the feed's name,
    /// `control`, `dead-letters`, or `kind-N` where only the journal knows a better one. It has
    /// lower-case letters, digits, `-` and `_` only, and two kinds never share one.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        match (self, self.feed()) {
            (_, Some(feed)) => feed.name().into(),
            (Self::CONTROL, _) => "control".into(),
            (Self::DEAD_LETTER, _) => "dead-letters".into(),
            (Self(number), _) => format!("kind-{number}").into(),
        }
    }
}

impl From<Feed> for Kind {
    fn from(feed: Feed) -> Self {
        Self::of(feed)
    }
}

impl TryFrom<Kind> for Feed {
    type Error = Kind;

    /// The feed whose records have this kind.
    ///
    /// # Errors
    /// The kind, if it is none of a Meetup feed.
    fn try_from(kind: Kind) -> Result<Self, Kind> {
        kind.feed().ok_or(kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_numbers_are_those_in_the_frames_of_old_journals() {
        let numbers = [
            (Feed::Rsvps, 1),
            (Feed::OpenEvents, 2),
            (Feed::Photos, 3),
            (Feed::EventComments, 4),
            (Feed::OpenVenues, 5),
        ];
        assert_eq!(numbers.map(|(feed, _)| feed), Feed::ALL);
        for (feed, number) in numbers {
            assert_eq!(Kind::from(feed).number(), number);
            assert_eq!(Feed::try_from(Kind::new(number)), Ok(feed));
        }
        assert_eq!(Kind::CONTROL.number(), 0);
        assert_eq!(Kind::DEAD_LETTER.number(), 6);
    }

    #[test]
    fn every_number_is_one_thing_under_a_name_of_its_own() {
        let mut names = HashSet::new();
        for kind in (0..=u8::MAX).map(Kind::new) {
            let things = [
                kind.is_control(),
                kind.feed().is_some(),
                kind.is_registered(),
                kind == Kind::JOURNAL,
            ];
            assert!(things.iter().filter(|is| **is).count() <= 1, "{kind:?}");
            assert!(names.insert(kind.name().into_owned()), "{kind:?}");
        }
    }
}
