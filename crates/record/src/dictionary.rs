//! Sub-objects seen before, found again by their raw bytes.
//!
//! Most of a record is its group, event and venue, and most of those have been seen. A JSON
//! object ends itself, so bytes equal to those of a complete valid object *are* that object
//! wherever they stand: they need neither checking nor parsing again. Only complete, valid
//! objects enter, so no bad record can poison the table.
//!
//! The dictionary is a cache. Nothing depends on what it still knows: when it has grown past its
//! bound it forgets everything and starts a new generation.

use std::{num::NonZeroU32, ops::Deref, sync::Arc};

use hashbrown::{HashMap, HashTable};

use crate::{
    content::{Content, Event, Group, Topic, Venue},
    fingerprint::{Fingerprint, Fingerprints, place},
};

/// Bytes of sub-objects that a dictionary knows at most before it begins anew. What it keeps of
/// them takes about as much memory.
const BYTES_MAX: usize = 256 << 20;

/// Which entry of a [`ContentTable`]: an index, dense from 0, that leaves room for `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(NonZeroU32);

impl Key {
    /// The key of an index, and `None` for one that no table reaches.
    #[must_use]
    pub const fn new(index: u32) -> Option<Self> {
        match NonZeroU32::new(index.wrapping_add(1)) {
            Some(key) => Some(Self(key)),
            None => None,
        }
    }

    /// The index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The contents behind the keys of decoded RSVPs.
#[derive(Default)]
pub struct Dictionary {
    pub(crate) prints: Fingerprints,
    pub(crate) events: ContentTable<Event>,
    pub(crate) venues: ContentTable<Venue>,
    pub(crate) groups: ContentTable<Group>,
    pub(crate) topics: ContentTable<Topic>,
    pub(crate) texts: Texts,
    generation: u64,
    /// How often a record had to be read the complete way.
    pub(crate) fallbacks: u64,
    /// How many records held half an emoji, repaired to U+FFFD.
    pub(crate) repaired: u64,
    /// How many values were masked because their schema does not know them.
    pub(crate) blanked: u64,
}

impl Dictionary {
    /// The key of an event, new or known.
    pub fn add_event(&mut self, event: Event) -> Key {
        self.events.intern(event).key
    }

    /// The key of a venue, new or known.
    pub fn add_venue(&mut self, venue: Venue) -> Key {
        self.venues.intern(venue).key
    }

    /// The key of a group, new or known.
    pub fn add_group(&mut self, group: Group) -> Key {
        self.groups.intern(group).key
    }

    /// What a key stands for.
    #[must_use]
    pub fn event(&self, key: Key) -> &Known<Event> {
        &self.events.contents[key.index()]
    }

    /// What a key stands for.
    #[must_use]
    pub fn venue(&self, key: Key) -> &Known<Venue> {
        &self.venues.contents[key.index()]
    }

    /// What a key stands for.
    #[must_use]
    pub fn group(&self, key: Key) -> &Known<Group> {
        &self.groups.contents[key.index()]
    }

    /// Changes when keys given out before have lost their meaning.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Begins anew when the bound is passed: keys given out before lose their meaning.
    pub(crate) fn keep_bounded(&mut self) {
        if self.events.bytes + self.venues.bytes + self.groups.bytes + self.topics.bytes > BYTES_MAX
        {
            *self = Self {
                generation: self.generation + 1,
                fallbacks: self.fallbacks,
                repaired: self.repaired,
                blanked: self.blanked,
                ..Self::default()
            };
        }
    }
}

/// A content with its hash, which is dear to make again.
#[derive(Debug)]
pub struct Known<T> {
    /// What it is.
    pub content: Arc<T>,
    /// Its [`Content::content_hash`].
    pub hash: u64,
}

impl<T: Content> Known<T> {
    /// Hashes a content.
    #[must_use]
    pub fn new(content: Arc<T>) -> Self {
        let hash = content.content_hash();
        Self { content, hash }
    }
}

impl<T> Clone for Known<T> {
    fn clone(&self) -> Self {
        Self {
            content: Arc::clone(&self.content),
            hash: self.hash,
        }
    }
}

impl<T> Deref for Known<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl<T: PartialEq> PartialEq for Known<T> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
            && (Arc::ptr_eq(&self.content, &other.content) || self.content == other.content)
    }
}

/// Contents of one kind, found by the fingerprint of raw bytes or by content.
pub(crate) struct ContentTable<T> {
    spellings: HashTable<Spelling>,
    by_content: HashTable<Key>,
    contents: Vec<Known<T>>,
    bytes: usize,
}

/// One spelling of a content. Two spellings (key order, escapes) may lead to one content.
///
/// All that a record needs of a sub-object seen before: one look into memory finds it.
struct Spelling {
    print: Fingerprint,
    found: Found,
}

/// A content in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) key: Key,
    /// Whether everything in the bytes may stay when a record is masked.
    pub(crate) is_listed: bool,
    pub(crate) hash: u64,
}

impl<T> Default for ContentTable<T> {
    fn default() -> Self {
        Self {
            spellings: HashTable::new(),
            by_content: HashTable::new(),
            contents: Vec::new(),
            bytes: 0,
        }
    }
}

impl<T: Content + PartialEq> ContentTable<T> {
    /// The content that bytes with this fingerprint spell.
    #[inline]
    pub(crate) fn find(&self, print: &Fingerprint) -> Option<Found> {
        self.spellings
            .find(place(print), |spelling| spelling.print == *print)
            .map(|spelling| spelling.found)
    }

    /// Remembers that bytes of this fingerprint and length, proved to be a complete valid object,
    /// mean this content, and whether everything in them may stay.
    pub(crate) fn learn(
        &mut self,
        print: Option<Fingerprint>,
        length: usize,
        (content, is_listed): (T, bool),
    ) -> Found {
        let found = Found {
            is_listed,
            ..self.intern(content)
        };
        if let Some(print) = print {
            self.bytes += length;
            self.spellings
                .insert_unique(place(&print), Spelling { print, found }, |spelling| {
                    place(&spelling.print)
                });
        }
        found
    }

    /// A content, new or known.
    pub(crate) fn intern(&mut self, content: T) -> Found {
        let hash = content.content_hash();
        let contents = &self.contents;
        let known = self.by_content.find(hash, |&key| {
            let known = &contents[key.index()];
            known.hash == hash && **known == content
        });
        if let Some(&key) = known {
            return Found {
                key,
                is_listed: false,
                hash,
            };
        }
        let index = u32::try_from(self.contents.len()).ok();
        let key = index
            .and_then(Key::new)
            .expect("the byte bound comes first");
        // A content that came without raw bytes counts towards the bound too.
        self.bytes += size_of::<T>();
        let content = Arc::new(content);
        self.contents.push(Known { content, hash });
        let contents = &self.contents;
        self.by_content
            .insert_unique(hash, key, |&key| contents[key.index()].hash);
        Found {
            key,
            is_listed: false,
            hash,
        }
    }

    pub(crate) fn content(&self, found: Found) -> &Arc<T> {
        &self.contents[found.key.index()].content
    }
}

/// Texts that many contents share: cities, countries, urlkeys.
#[derive(Default)]
pub(crate) struct Texts(HashMap<Arc<str>, (), foldhash::fast::RandomState>);

impl Texts {
    pub(crate) fn share(&mut self, text: &str) -> Arc<str> {
        if let Some((known, ())) = self.0.get_key_value(text) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = text.into();
        self.0.insert(Arc::clone(&shared), ());
        shared
    }
}
