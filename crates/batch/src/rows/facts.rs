//! What records tell of events, groups, venues and the like, and which of several tales holds.
//!
//! A thing is told of by several feeds, each of which knows other columns of it. The greatest record of each feed is
//! kept; a column has the value of the greatest of those that tell it. So the row depends neither on the order of
//! arrival nor on repetitions.

use std::sync::Arc;

use headcount_record::Version;
use serde::{Deserialize, Serialize};

use crate::model::Time;

/// Which feed tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Teller {
    /// Answers, and the records of events that come with them.
    Answers,
    /// The feed of events.
    Events,
    /// Photos, comments and venues.
    Others,
}

/// What one record tells of a thing. Of two, the one with the greater version, then content, is the greater.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tale<T> {
    /// The version of the record.
    pub(crate) version: Version,
    /// A hash of what it tells.
    pub(crate) content: u64,
    pub(crate) facts: Arc<T>,
}

impl<T> Tale<T> {
    fn rank(&self) -> (Version, u64) {
        (self.version, self.content)
    }
}

/// The greatest tale of each teller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tales<T>([Option<Tale<T>>; 3]);

impl<T> Default for Tales<T> {
    fn default() -> Self {
        Self([None, None, None])
    }
}

impl<T: MergeFacts + Clone + Default> Tales<T> {
    /// Takes a tale, unless a greater one is known; returns whether it was taken.
    pub(crate) fn tell(&mut self, teller: Teller, tale: Tale<T>) -> bool {
        let known = &mut self.0[teller as usize];
        let is_greater = known
            .as_ref()
            .is_none_or(|known| known.rank() < tale.rank());
        if is_greater {
            *known = Some(tale);
        }
        is_greater
    }

    /// Takes all tales of another; returns whether any was taken.
    pub(crate) fn merge(&mut self, other: Self) -> bool {
        let mut is_changed = false;
        for (teller, tale) in [Teller::Answers, Teller::Events, Teller::Others]
            .into_iter()
            .zip(other.0)
        {
            if let Some(tale) = tale {
                is_changed |= self.tell(teller, tale);
            }
        }
        is_changed
    }

    /// What holds, and the version of the greatest tale; [`Version::NONE`] when nobody has told anything.
    pub(crate) fn sum(&self) -> (Version, T) {
        let mut tales: Vec<_> = self.0.iter().flatten().collect();
        tales.sort_by_key(|tale| std::cmp::Reverse(tale.rank()));
        let version = tales.first().map_or(Version::NONE, |tale| tale.version);
        let facts = tales
            .iter()
            .fold(T::default(), |facts, tale| facts.or((*tale.facts).clone()));
        (version, facts)
    }
}

/// MergeFacts, each of which may be missing.
pub(crate) trait MergeFacts {
    /// These facts, and where one is missing, the other's.
    fn or(self, other: Self) -> Self;
}

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $name {
            $(pub(crate) $field: Option<$type>,)*
        }

        impl MergeFacts for $name {
            fn or(self, other: Self) -> Self {
                Self { $($field: self.$field.or(other.$field),)* }
            }
        }
    )*};
}

facts! {
    /// Of an event. A record may tell that it has no venue.
    EventFacts {
        group: i64,
        venue: Option<i64>,
        name: Arc<str>,
        url: Arc<str>,
        time: Time,
        utc_offset: i64,
        duration: i64,
        status: Arc<str>,
        visibility: Arc<str>,
        description: Arc<str>,
        rsvp_limit: i64,
        yes_rsvp_count: i64,
        fee: f64,
    }

    /// Of a group; the topics by their urlkeys.
    GroupFacts {
        name: Arc<str>,
        urlname: Arc<str>,
        city: Arc<str>,
        state: Arc<str>,
        country: Arc<str>,
        lat: f64,
        lon: f64,
        join_mode: Arc<str>,
        category: i64,
        topics: Box<[Arc<str>]>,
    }

    /// Of a venue.
    VenueFacts {
        name: Arc<str>,
        lat: f64,
        lon: f64,
        address: Arc<str>,
        city: Arc<str>,
        state: Arc<str>,
        country: Arc<str>,
    }

    /// Of a topic.
    TopicFacts {
        name: Arc<str>,
    }

    /// Of a category.
    CategoryFacts {
        name: Arc<str>,
        shortname: Arc<str>,
    }

    /// Of a photo.
    PhotoFacts {
        event: Arc<str>,
        member: i64,
        time: Time,
        caption: Arc<str>,
        link: Arc<str>,
        highres_link: Arc<str>,
        thumb_link: Arc<str>,
        status: Arc<str>,
    }

    /// Of a comment.
    CommentFacts {
        event: Arc<str>,
        member: i64,
        comment: Arc<str>,
        in_reply_to: Arc<str>,
        status: Arc<str>,
    }

    /// Of a member whom records do not mask.
    MemberFacts {
        name: Arc<str>,
        photo: Arc<str>,
    }
}

/// When a member was seen, and what is known of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MemberTold {
    /// The least record time, ms since 1970.
    pub(crate) first: i64,
    /// The greatest record time, ms since 1970.
    pub(crate) last: i64,
    pub(crate) tales: Option<Box<Tales<MemberFacts>>>,
}

impl MemberTold {
    pub(crate) fn at(time: i64) -> Self {
        Self {
            first: time,
            last: time,
            tales: None,
        }
    }

    /// Takes what another knows; returns whether that was anything new.
    pub(crate) fn merge(&mut self, other: Self) -> bool {
        let before = (self.first, self.last);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        let is_told = other
            .tales
            .is_some_and(|tales| self.tales.get_or_insert_default().merge(*tales));
        is_told || before != (self.first, self.last)
    }
}

/// The record time of a packed version; none of a thing that nobody has told of, but only named.
pub(crate) fn time_of(version: Version) -> Option<Time> {
    (version != Version::NONE).then(|| Time(version.time()))
}
