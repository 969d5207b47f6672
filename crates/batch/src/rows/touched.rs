//! Which events, groups and venues the answers since the last look told of, by the decoder's keys.
//!
//! Thousands of answers tell the same of one group. For each key of the decoder's dictionary only the greatest version
//! is noted, which is one look at an array; what follows from it is worked out once, when the tables are written.

use std::sync::Arc;

use headcount_record::{
    Content, ContentHash, Dictionary, Event, Group, Key, Known, Rsvp, Venue, Version,
};

use super::{
    facts::{EventFacts, GroupFacts, Tale, Teller, TopicFacts, VenueFacts},
    pending::Pending,
};
use crate::model::{Time, finite};

/// What was told of the contents of one decoder.
#[derive(Default)]
pub(crate) struct Touched {
    events: TouchedKeys<EventTouch>,
    groups: TouchedKeys<GroupTouch>,
    venues: TouchedKeys<VenueTouch>,
}

/// Touches by key, and which keys have one.
struct TouchedKeys<T> {
    by_key: Vec<Option<T>>,
    keys: Vec<usize>,
}

impl<T> Default for TouchedKeys<T> {
    fn default() -> Self {
        Self {
            by_key: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl<T> TouchedKeys<T> {
    fn entry(&mut self, key: Key) -> &mut Option<T> {
        let index = key.index();
        if self.by_key.len() <= index {
            self.by_key.resize_with(index + 1, || None);
        }
        let touch = &mut self.by_key[index];
        if touch.is_none() {
            self.keys.push(index);
        }
        touch
    }

    fn drain(&mut self) -> impl Iterator<Item = T> {
        let by_key = &mut self.by_key;
        self.keys.drain(..).filter_map(|key| by_key[key].take())
    }
}

struct EventTouch {
    event: Known<Event>,
    rank: (Version, u64),
    group: Option<i64>,
    venue: Option<i64>,
    is_told: bool,
}

struct GroupTouch {
    group: Known<Group>,
    version: Version,
    urlname: Option<Arc<str>>,
}

struct VenueTouch {
    venue: Known<Venue>,
    version: Version,
}

impl Touched {
    /// Notes what an answer tells beside itself. `urlname` is its group's.
    pub(crate) fn answer(&mut self, dictionary: &Dictionary, rsvp: &Rsvp, urlname: Option<&str>) {
        let parts = (rsvp.event, rsvp.group, rsvp.venue);
        let rank = (rsvp.version, u64::from(rsvp.content));
        self.event(dictionary, parts, rank, rsvp.tells_event);
        if let Some(key) = rsvp.group {
            self.group(dictionary, key, rsvp.version, urlname);
        }
        if let Some(key) = rsvp.venue {
            self.venue(dictionary, key, rsvp.version);
        }
    }

    /// Notes an event, its group and its venue.
    pub(crate) fn event(
        &mut self,
        dictionary: &Dictionary,
        (event, group, venue): (Key, Option<Key>, Option<Key>),
        rank: (Version, u64),
        is_told: bool,
    ) {
        let group = group.map(|key| dictionary.group(key).id.flat());
        let venue = venue.map(|key| dictionary.venue(key).id.flat());
        let touch = self.events.entry(event);
        match touch {
            // Whoever only names the event does not say where it takes place.
            Some(touch) if (touch.is_told, touch.rank) >= (is_told, rank) => {}
            Some(touch) => {
                touch.rank = rank;
                touch.group = group;
                touch.venue = venue;
                touch.is_told = is_told;
            }
            None => {
                let event = dictionary.event(event).clone();
                *touch = Some(EventTouch {
                    event,
                    rank,
                    group,
                    venue,
                    is_told,
                });
            }
        }
    }

    /// Notes a group.
    pub(crate) fn group(
        &mut self,
        dictionary: &Dictionary,
        key: Key,
        version: Version,
        urlname: Option<&str>,
    ) {
        let touch = self.groups.entry(key);
        match touch {
            Some(touch) => {
                let rank = (touch.version, touch.urlname.as_deref());
                if rank < (version, urlname) {
                    touch.version = version;
                    if touch.urlname.as_deref() != urlname {
                        touch.urlname = urlname.map(Into::into);
                    }
                }
            }
            None => {
                *touch = Some(GroupTouch {
                    group: dictionary.group(key).clone(),
                    version,
                    urlname: urlname.map(Into::into),
                });
            }
        }
    }

    /// Notes a venue.
    pub(crate) fn venue(&mut self, dictionary: &Dictionary, key: Key, version: Version) {
        let touch = self.venues.entry(key);
        match touch {
            Some(touch) => touch.version = touch.version.max(version),
            None => {
                *touch = Some(VenueTouch {
                    venue: dictionary.venue(key).clone(),
                    version,
                });
            }
        }
    }

    /// Tells all of it, and forgets it.
    pub(crate) fn flush(&mut self, pending: &mut Pending) {
        for touch in self.events.drain() {
            touch.tell(pending);
        }
        for touch in self.groups.drain() {
            touch.tell(pending);
        }
        for touch in self.venues.drain() {
            touch.tell(pending);
        }
    }

    /// Forgets the keys themselves: the dictionary has begun anew. Everything must have been told.
    pub(crate) fn forget_keys(&mut self) {
        *self = Self::default();
    }
}

impl EventTouch {
    fn tell(self, pending: &mut Pending) {
        let event = &self.event;
        let tales = pending.events.entry(Arc::clone(&event.id)).or_default();
        if !self.is_told {
            return;
        }
        let facts = EventFacts {
            group: self.group,
            venue: Some(self.venue),
            name: some_text(&event.name),
            url: some_text(&event.url),
            time: event.time.and_then(Time::within_reach),
            ..EventFacts::default()
        };
        let (version, content) = self.rank;
        let facts = Arc::new(facts);
        tales.tell(
            Teller::Answers,
            Tale {
                version,
                content,
                facts,
            },
        );
    }
}

impl GroupTouch {
    fn tell(self, pending: &mut Pending) {
        let group = &self.group;
        let mut hash = ContentHash::default();
        hash.number(group.hash);
        hash.text(self.urlname.as_deref().unwrap_or_default());
        for topic in &group.topics {
            let facts = Arc::new(TopicFacts {
                name: Some(Arc::clone(&topic.name)),
            });
            let content = topic.content_hash();
            let tale = Tale {
                version: self.version,
                content,
                facts,
            };
            pending
                .topics
                .entry(Arc::clone(&topic.urlkey))
                .or_default()
                .tell(Teller::Answers, tale);
        }
        let facts = GroupFacts {
            name: some_text(&group.name),
            urlname: self.urlname,
            city: some_text(&group.city),
            state: some_text(&group.state),
            country: group.country.clone(),
            lat: group.lat.and_then(finite),
            lon: group.lon.and_then(finite),
            topics: Some(
                group
                    .topics
                    .iter()
                    .map(|topic| Arc::clone(&topic.urlkey))
                    .collect(),
            ),
            ..GroupFacts::default()
        };
        let tale = Tale {
            version: self.version,
            content: hash.finish(),
            facts: Arc::new(facts),
        };
        pending
            .groups
            .entry(group.id.flat())
            .or_default()
            .tell(Teller::Answers, tale);
    }
}

impl VenueTouch {
    fn tell(self, pending: &mut Pending) {
        let venue = &self.venue;
        let facts = VenueFacts {
            name: some_text(&venue.name),
            lat: venue.lat.and_then(finite),
            lon: venue.lon.and_then(finite),
            ..VenueFacts::default()
        };
        let tale = Tale {
            version: self.version,
            content: venue.hash,
            facts: Arc::new(facts),
        };
        pending
            .venues
            .entry(venue.id.flat())
            .or_default()
            .tell(Teller::Answers, tale);
    }
}

/// A text that somebody has told.
fn some_text(text: &Arc<str>) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| Arc::clone(text))
}
