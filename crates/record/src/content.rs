//! The parts of an RSVP that many records share: its event, venue and group.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use xxhash_rust::xxh3::xxh3_64;

use crate::id::{Identity, Namespace};

/// An event as one record tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What its id is an id in.
    pub namespace: Namespace,
    /// Its id, which is kept as it is: no two events can be taken for one.
    pub id: Arc<str>,
    /// Empty when nobody has told it.
    pub name: Arc<str>,
    /// Empty when nobody has told it.
    pub url: Arc<str>,
    /// When it takes place, ms since 1970; absent for events without a date.
    pub time: Option<i64>,
}

/// A venue as one record tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Venue {
    /// Two contents with one identity are of one venue.
    pub id: Identity,
    /// Empty when nobody has told it.
    pub name: Arc<str>,
    /// Degrees north.
    pub lat: Option<f64>,
    /// Degrees east.
    pub lon: Option<f64>,
}

impl Venue {
    /// Latitude and longitude, unless unknown: 0,0 stands for "no place" in the feed.
    #[must_use]
    pub fn place(&self) -> Option<(f64, f64)> {
        match (self.lat, self.lon) {
            (Some(lat), Some(lon)) if lat != 0.0 || lon != 0.0 => Some((lat, lon)),
            _ => None,
        }
    }
}

/// A group as one record tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Two contents with one identity are of one group.
    pub id: Identity,
    /// Empty when nobody has told it.
    pub name: Arc<str>,
    /// Empty when nobody has told it.
    pub city: Arc<str>,
    /// Empty outside the US and Canada.
    pub state: Arc<str>,
    /// ISO 3166 alpha-2, lower case.
    pub country: Option<Arc<str>>,
    /// Degrees north.
    pub lat: Option<f64>,
    /// Degrees east.
    pub lon: Option<f64>,
    /// No urlkey stands twice.
    pub topics: Box<[Arc<Topic>]>,
}

/// A topic of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Topic {
    /// What tells it from others.
    pub urlkey: Arc<str>,
    /// What people read.
    pub name: Arc<str>,
}

/// What has a hash of its decoded content: independent of key order, spelling and platform.
pub trait Content {
    /// Feeds the content to `hash`, every text with its length.
    fn feed(&self, hash: &mut ContentHash);

    /// The 64-bit hash of the content.
    fn content_hash(&self) -> u64 {
        let mut hash = ContentHash(Vec::with_capacity(1024));
        self.feed(&mut hash);
        hash.finish()
    }
}

/// XXH3 over little-endian values; stored, so it must not change.
///
/// The values are gathered first: hashing a group's hundred small ones one by one takes several
/// times as long.
#[derive(Default)]
pub struct ContentHash(Vec<u8>);

impl ContentHash {
    /// A text, with its length.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A number.
    pub fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A namespace. Meetup's adds nothing: its hashes were stored before there was another.
    pub fn namespace(&mut self, namespace: Namespace) {
        if namespace != Namespace::MEETUP {
            self.number(u64::from(namespace.0) | 1 << 63);
        }
    }

    /// An identity. Of Meetup's namespace only the number counts, as above.
    pub fn identity(&mut self, id: Identity) {
        self.number(id.bits);
        self.namespace(id.namespace);
        if id.check != 0 {
            self.number(id.check.into());
        }
    }

    /// Degrees, or their absence.
    pub fn coordinate(&mut self, degrees: Option<f64>) {
        // -0.0 and 0.0 are one place; no coordinate is a NaN.
        self.number(degrees.map_or(u64::MAX, |degrees| (degrees + 0.0).to_bits()));
    }

    /// The hash of all of it.
    #[must_use]
    pub fn finish(self) -> u64 {
        xxh3_64(&self.0)
    }
}

impl Content for Event {
    fn feed(&self, hash: &mut ContentHash) {
        hash.namespace(self.namespace);
        hash.text(&self.id);
        hash.text(&self.name);
        hash.text(&self.url);
        hash.number(self.time.map_or(u64::MAX, |time| time as u64));
    }
}

impl Content for Venue {
    fn feed(&self, hash: &mut ContentHash) {
        hash.identity(self.id);
        hash.text(&self.name);
        hash.coordinate(self.lat);
        hash.coordinate(self.lon);
    }
}

impl Content for Group {
    fn feed(&self, hash: &mut ContentHash) {
        hash.identity(self.id);
        for text in [&self.name, &self.city, &self.state] {
            hash.text(text);
        }
        match &self.country {
            Some(country) => hash.text(country),
            // No text is that long.
            None => hash.number(u64::MAX),
        }
        hash.coordinate(self.lat);
        hash.coordinate(self.lon);
        hash.number(self.topics.len() as u64);
        for topic in &self.topics {
            topic.feed(hash);
        }
    }
}

impl Content for Topic {
    fn feed(&self, hash: &mut ContentHash) {
        hash.text(&self.urlkey);
        hash.text(&self.name);
    }
}
