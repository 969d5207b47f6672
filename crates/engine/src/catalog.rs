//! The groups and venues of a partition, interned to save memory, and what they belong to.
//!
//! Interning merges nothing: two contents of one group are two entries. Cities, countries,
//! topics and venue ids get dense numbers, so that a group-by is a sum into an array.

use std::{
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use headcount_record::{Group, Identity, Key, Known, Venue};

/// What stands for an unknown country, in panels and in filters.
pub(crate) const UNKNOWN: &str = "unknown";
/// The number of that.
const UNKNOWN_COUNTRY: u32 = 0;

/// Things in order of arrival, each with its number.
pub(crate) struct Numbered<K> {
    keys: Vec<K>,
    /// The numbers by key. The keys themselves stand above only: there may be as many as venues.
    index: HashTable<u32>,
    hasher: RandomState,
}

impl<K> Default for Numbered<K> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl<K: Clone + Eq + Hash> Numbered<K> {
    fn number(&mut self, key: &K) -> u32 {
        let (keys, hasher) = (&self.keys, &self.hasher);
        let hash = hasher.hash_one(key);
        if let Some(&number) = self.index.find(hash, |&at| keys[at as usize] == *key) {
            return number;
        }
        let number = u32::try_from(keys.len()).expect("fewer than 2^32 of a kind");
        self.keys.push(key.clone());
        let keys = &self.keys;
        self.index
            .insert_unique(hash, number, |&at| hasher.hash_one(&keys[at as usize]));
        number
    }

    pub(crate) fn keys(&self) -> &[K] {
        &self.keys
    }
}

/// State and country tell a city from others of its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct City {
    pub(crate) name: Arc<str>,
    pub(crate) state: Arc<str>,
    pub(crate) country: Arc<str>,
}

/// A group with the numbers of what it belongs to.
pub(crate) struct GroupEntry {
    pub(crate) content: Known<Group>,
    pub(crate) city: u32,
    pub(crate) country: u32,
    /// In the order of the content's.
    pub(crate) topics: Box<[u32]>,
}

pub(crate) struct VenueEntry {
    pub(crate) content: Known<Venue>,
    pub(crate) id: u32,
}

pub(crate) struct Catalog {
    groups: Vec<GroupEntry>,
    group_index: HashTable<u32>,
    venues: Vec<VenueEntry>,
    venue_index: HashTable<u32>,
    pub(crate) venue_ids: Numbered<Identity>,
    pub(crate) cities: Numbered<City>,
    pub(crate) countries: Numbered<Arc<str>>,
    pub(crate) topics: Numbered<Arc<str>>,
}

impl Default for Catalog {
    fn default() -> Self {
        let mut countries = Numbered::default();
        let unknown = countries.number(&UNKNOWN.into());
        debug_assert_eq!(unknown, UNKNOWN_COUNTRY);
        Self {
            groups: Vec::new(),
            group_index: HashTable::new(),
            venues: Vec::new(),
            venue_index: HashTable::new(),
            venue_ids: Numbered::default(),
            cities: Numbered::default(),
            countries,
            topics: Numbered::default(),
        }
    }
}

impl Catalog {
    pub(crate) fn group(&self, at: Key) -> &GroupEntry {
        &self.groups[at.index()]
    }

    /// The number of the country of a group, or of no group.
    pub(crate) fn country_of(&self, group: Option<Key>) -> u32 {
        group.map_or(UNKNOWN_COUNTRY, |group| self.group(group).country)
    }

    /// The index of a group, or of no group, which comes after them all.
    pub(crate) fn group_index(&self, group: Option<Key>) -> usize {
        group.map_or(self.groups.len(), Key::index)
    }

    /// The city of a group; empty where there is none.
    pub(crate) fn city_name(&self, group: Option<Key>) -> Arc<str> {
        group
            .map(|group| self.group(group).content.city.clone())
            .unwrap_or_default()
    }

    /// The name of the country of a group, or of no group.
    pub(crate) fn country_name(&self, group: Option<Key>) -> &Arc<str> {
        &self.countries.keys()[self.country_of(group) as usize]
    }

    pub(crate) fn groups(&self) -> &[GroupEntry] {
        &self.groups
    }

    pub(crate) fn venue(&self, at: u32) -> &VenueEntry {
        &self.venues[at as usize]
    }

    pub(crate) fn venues(&self) -> &[VenueEntry] {
        &self.venues
    }

    /// The entry of a group's content, new or known.
    pub(crate) fn add_group(&mut self, group: &Known<Group>) -> Key {
        let groups = &self.groups;
        let known = |&at: &u32| groups[at as usize].content == *group;
        if let Some(&at) = self.group_index.find(group.hash, known) {
            return group_key(at);
        }
        let at = u32::try_from(self.groups.len()).expect("fewer than 2^32 groups");
        let country = group.country.clone().unwrap_or_else(|| UNKNOWN.into());
        let city = City {
            name: group.city.clone(),
            state: group.state.clone(),
            country: country.clone(),
        };
        let entry = GroupEntry {
            city: self.cities.number(&city),
            country: self.countries.number(&country),
            topics: group
                .topics
                .iter()
                .map(|topic| self.topics.number(&topic.urlkey))
                .collect(),
            content: group.clone(),
        };
        self.groups.push(entry);
        let groups = &self.groups;
        self.group_index
            .insert_unique(group.hash, at, |&at| groups[at as usize].content.hash);
        group_key(at)
    }

    /// The entry of a venue's content, new or known.
    pub(crate) fn add_venue(&mut self, venue: &Known<Venue>) -> u32 {
        let venues = &self.venues;
        let known = |&at: &u32| venues[at as usize].content == *venue;
        if let Some(&at) = self.venue_index.find(venue.hash, known) {
            return at;
        }
        let at = u32::try_from(self.venues.len()).expect("fewer than 2^32 venues");
        let id = self.venue_ids.number(&venue.id);
        self.venues.push(VenueEntry {
            content: venue.clone(),
            id,
        });
        let venues = &self.venues;
        self.venue_index
            .insert_unique(venue.hash, at, |&at| venues[at as usize].content.hash);
        at
    }
}

fn group_key(at: u32) -> Key {
    Key::new(at).expect("fewer than 2^32 groups")
}
