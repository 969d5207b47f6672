//! From the keys of a decoder's dictionary to the rows of a partition.

use headcount_record::{Dictionary, Key};

use crate::{catalog::Catalog, events::SnapshotKeys};

const UNKNOWN: u32 = u32::MAX;

/// What a partition has learnt about one decoder's keys.
#[derive(Default)]
pub(crate) struct Translation {
    /// Different for each dictionary and each of its generations; 0 before the first.
    number: u32,
    generation: u64,
    pub(crate) events: Keys,
    groups: Keys,
    venues: Keys,
}

impl Translation {
    /// Forgets everything when the dictionary has begun anew. `count` numbers translations.
    pub(crate) fn follow(&mut self, dictionary: &Dictionary, count: &mut u32) {
        if self.number == 0 || self.generation != dictionary.generation() {
            *count += 1;
            *self = Self {
                number: *count,
                generation: dictionary.generation(),
                ..Self::default()
            };
        }
    }

    /// What a record tells of its event.
    pub(crate) fn keys_of(
        &self,
        event: Key,
        group: Option<Key>,
        venue: Option<Key>,
    ) -> SnapshotKeys {
        SnapshotKeys {
            by: self.number,
            event: Some(event),
            group,
            venue,
        }
    }

    /// The catalog's entry of a group.
    pub(crate) fn group(
        &mut self,
        catalog: &mut Catalog,
        dictionary: &Dictionary,
        key: Key,
    ) -> Key {
        let row = self.groups.get_or_set(key, || {
            catalog.add_group(dictionary.group(key)).index() as u32
        });
        Key::new(row).expect("fewer than 2^32 groups")
    }

    /// The catalog's entry of a venue.
    pub(crate) fn venue(
        &mut self,
        catalog: &mut Catalog,
        dictionary: &Dictionary,
        key: Key,
    ) -> u32 {
        self.venues
            .get_or_set(key, || catalog.add_venue(dictionary.venue(key)))
    }
}

/// Rows by key.
#[derive(Default)]
pub(crate) struct Keys(Vec<u32>);

impl Keys {
    pub(crate) fn get(&self, key: Key) -> Option<u32> {
        self.0
            .get(key.index())
            .copied()
            .filter(|&row| row != UNKNOWN)
    }

    pub(crate) fn set(&mut self, key: Key, row: u32) {
        let at = key.index();
        if self.0.len() <= at {
            self.0.resize(at + 1, UNKNOWN);
        }
        self.0[at] = row;
    }

    fn get_or_set(&mut self, key: Key, row: impl FnOnce() -> u32) -> u32 {
        self.get(key).unwrap_or_else(|| {
            let row = row();
            self.set(key, row);
            row
        })
    }
}
