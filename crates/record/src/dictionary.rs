//! Sub-objects seen before, found again by their raw bytes.
//!
//! Most of a record is its group, event and venue, and most of those have been seen. A JSON
//! object ends itself, so bytes equal to those of a complete valid object *are* that object
//! wherever they stand: they need neither checking nor parsing again. Only complete, valid
//! objects enter, so no bad record can poison the table.
//!
//! The dictionary is a cache. Nothing depends on what it still knows: when it has grown past its
//! bound it forgets everything and starts a new generation.

use std::sync::Arc;

use hashbrown::{HashMap, HashTable};
use xxhash_rust::xxh3::xxh3_64;

use crate::content::{Content, Event, Group, Venue};

/// Raw bytes a dictionary keeps at most before it begins anew.
const RAW_BYTES_MAX: usize = 256 << 20;

/// Which entry of a [`Table`]: an index, dense from 0.
pub type Key = u32;

/// The contents behind the keys of decoded RSVPs.
#[derive(Default)]
pub struct Dictionary {
    pub(crate) events: Table<Event>,
    pub(crate) venues: Table<Venue>,
    pub(crate) groups: Table<Group>,
    pub(crate) texts: Texts,
    generation: u64,
}

impl Dictionary {
    #[must_use]
    pub fn event(&self, key: Key) -> &Arc<Event> {
        &self.events.contents[key as usize].0
    }

    #[must_use]
    pub fn venue(&self, key: Key) -> &Arc<Venue> {
        &self.venues.contents[key as usize].0
    }

    #[must_use]
    pub fn group(&self, key: Key) -> &Arc<Group> {
        &self.groups.contents[key as usize].0
    }

    /// Changes when keys given out before have lost their meaning.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Groups that were new, since the beginning: their share decides how fast decoding is.
    #[must_use]
    pub fn groups_seen(&self) -> usize {
        self.groups.contents.len()
    }

    /// Begins anew when the bound is passed. Call between records, never within one.
    pub(crate) fn keep_bounded(&mut self) {
        if self.events.raw_bytes + self.venues.raw_bytes + self.groups.raw_bytes > RAW_BYTES_MAX {
            let generation = self.generation + 1;
            *self = Self {
                generation,
                ..Self::default()
            };
        }
    }
}

/// Contents of one kind, found by raw bytes or by content.
pub(crate) struct Table<T> {
    by_raw: HashTable<u32>,
    raws: Vec<Raw>,
    raw_bytes: usize,
    by_content: HashTable<u32>,
    contents: Vec<(Arc<T>, u64)>,
}

/// One spelling of a content. Two spellings (key order, escapes) may lead to one content.
struct Raw {
    hash: u64,
    bytes: Box<[u8]>,
    key: Key,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            by_raw: HashTable::new(),
            raws: Vec::new(),
            raw_bytes: 0,
            by_content: HashTable::new(),
            contents: Vec::new(),
        }
    }
}

impl<T: Content + PartialEq> Table<T> {
    /// The spelling with these bytes.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<Spelling> {
        let hash = xxh3_64(bytes);
        self.by_raw
            .find(hash, |&raw| {
                let raw = &self.raws[raw as usize];
                raw.hash == hash && *raw.bytes == *bytes
            })
            .map(|&raw| Spelling(raw))
    }

    /// Whether `bytes` begin with this spelling; its length if so.
    pub(crate) fn leads(&self, spelling: Spelling, bytes: &[u8]) -> Option<usize> {
        let known = &self.raws[spelling.0 as usize].bytes;
        bytes.starts_with(known).then_some(known.len())
    }

    pub(crate) fn key_of(&self, spelling: Spelling) -> Key {
        self.raws[spelling.0 as usize].key
    }

    pub(crate) fn hash_of(&self, key: Key) -> u64 {
        self.contents[key as usize].1
    }

    /// Remembers that these bytes, proved to be a complete valid object, mean this content.
    pub(crate) fn learn(&mut self, bytes: &[u8], content: T) -> Spelling {
        let key = self.intern(content);
        let hash = xxh3_64(bytes);
        let spelling = u32::try_from(self.raws.len()).expect("the byte bound comes first");
        self.raws.push(Raw {
            hash,
            bytes: bytes.into(),
            key,
        });
        self.raw_bytes += bytes.len();
        let raws = &self.raws;
        self.by_raw
            .insert_unique(hash, spelling, |&raw| raws[raw as usize].hash);
        Spelling(spelling)
    }

    /// The key of a content, new or known.
    pub(crate) fn intern(&mut self, content: T) -> Key {
        let hash = content.content_hash();
        let contents = &self.contents;
        let found = self.by_content.find(hash, |&key| {
            let (known, known_hash) = &contents[key as usize];
            *known_hash == hash && **known == content
        });
        if let Some(&key) = found {
            return key;
        }
        let key = u32::try_from(self.contents.len()).expect("the byte bound comes first");
        // A content that came without raw bytes counts towards the bound too.
        self.raw_bytes += size_of::<T>();
        self.contents.push((Arc::new(content), hash));
        let contents = &self.contents;
        self.by_content
            .insert_unique(hash, key, |&key| contents[key as usize].1);
        key
    }
}

/// Which spelling of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Spelling(u32);

impl Spelling {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Texts that many contents share: cities, countries, topics.
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
