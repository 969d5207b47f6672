//! What the tables hold, by key: the winner of every answer, and what was told of all else.
//!
//! It lies on disk, so that memory does not grow with the tables, and it changes in one step with the offsets that it
//! reaches. With each row stands the batch that it was written with, from which the writer of a table knows its file.
//! It follows from the journal: without it the tables are made anew.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use serde::{Serialize, de::DeserializeOwned};

use super::winner::{Rank, RsvpKey, StoredWinner};
use crate::error::{Error, Result};

/// Bytes of the index that stay in memory.
const CACHE_BYTES: u64 = 96 << 20;

/// The version of its format.
const FORMAT: u32 = 1;

/// The index in a folder.
pub(crate) struct TablesIndex {
    path: PathBuf,
    database: Database,
    rsvps: Keyspace,
    versions: Keyspace,
    meta: Keyspace,
    things: [Keyspace; THINGS],
    /// Whether it holds no answer: then nothing need be looked up.
    is_empty: bool,
}

/// A kind of thing that is found by one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Events,
    Groups,
    Venues,
    Topics,
    Categories,
    Members,
    Photos,
    Comments,
}

const THINGS: usize = 8;
const NAMES: [&str; THINGS] = [
    "events",
    "groups",
    "venues",
    "topics",
    "categories",
    "members",
    "photos",
    "comments",
];

/// The bytes of an id.
pub(crate) trait ThingId {
    fn key(&self) -> Vec<u8>;
}

impl ThingId for i64 {
    fn key(&self) -> Vec<u8> {
        self.to_be_bytes().into()
    }
}

impl ThingId for Arc<str> {
    fn key(&self) -> Vec<u8> {
        self.as_bytes().into()
    }
}

/// Changes of an index that become durable together.
pub(crate) struct IndexBatch {
    batch: OwnedWriteBatch,
}

impl TablesIndex {
    /// Opens the index in a folder, or creates it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = |cause| Error::Index {
            path: path.to_owned(),
            cause,
        };
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .worker_threads(1)
            .open()
            .map_err(failed)?;
        let keyspace = |name: &str| {
            database
                .keyspace(name, KeyspaceCreateOptions::default)
                .map_err(failed)
        };
        let mut things = Vec::with_capacity(THINGS);
        for name in NAMES {
            things.push(keyspace(name)?);
        }
        let rsvps = keyspace("rsvps")?;
        let is_empty = rsvps.is_empty().map_err(failed)?;
        let index = Self {
            path: path.to_owned(),
            rsvps,
            versions: keyspace("versions")?,
            meta: keyspace("meta")?,
            things: things
                .try_into()
                .unwrap_or_else(|_| unreachable!("there is one for each name")),
            database,
            is_empty,
        };
        index.check_format()?;
        Ok(index)
    }

    fn check_format(&self) -> Result<()> {
        match self.meta::<u32>("format")? {
            None => {
                let mut batch = self.batch();
                batch.put_meta(self, "format", &FORMAT);
                self.commit(batch)
            }
            Some(FORMAT) => Ok(()),
            Some(other) => Err(self.damaged(format!(
                "its format is {other}, and this version reads {FORMAT}"
            ))),
        }
    }

    /// The winner that the tables have of an answer.
    pub(crate) fn winner(&self, key: &RsvpKey) -> Result<Option<StoredWinner>> {
        if self.is_empty {
            return Ok(None);
        }
        self.get(&self.rsvps, &rsvp_key(key))
    }

    /// Whether the tables have a version of an answer that is not its winner.
    pub(crate) fn has_version(&self, key: &RsvpKey, rank: Rank) -> Result<bool> {
        if self.is_empty {
            return Ok(false);
        }
        self.versions
            .contains_key(version_key(key, rank))
            .map_err(|cause| self.failed(cause))
    }

    /// What was told of a thing.
    pub(crate) fn thing<T: DeserializeOwned>(
        &self,
        thing: Thing,
        id: &impl ThingId,
    ) -> Result<Option<T>> {
        self.get(&self.things[thing as usize], &id.key())
    }

    /// Something that stands there once, by name.
    pub(crate) fn meta<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.get(&self.meta, name.as_bytes())
    }

    fn get<T: DeserializeOwned>(&self, keyspace: &Keyspace, key: &[u8]) -> Result<Option<T>> {
        let Some(bytes) = keyspace.get(key).map_err(|cause| self.failed(cause))? else {
            return Ok(None);
        };
        let value =
            postcard::from_bytes(&bytes).map_err(|cause| self.damaged(cause.to_string()))?;
        Ok(Some(value))
    }

    /// No changes yet.
    pub(crate) fn batch(&self) -> IndexBatch {
        IndexBatch {
            batch: self.database.batch().durability(Some(PersistMode::SyncAll)),
        }
    }

    /// Makes changes durable, all of them or none.
    pub(crate) fn commit(&self, batch: IndexBatch) -> Result<()> {
        batch.batch.commit().map_err(|cause| self.failed(cause))
    }

    /// Notes that answers were written.
    pub(crate) fn is_filled(&mut self) {
        self.is_empty = false;
    }

    fn failed(&self, cause: fjall::Error) -> Error {
        Error::Index {
            path: self.path.clone(),
            cause,
        }
    }

    fn damaged(&self, what: String) -> Error {
        Error::IndexDamaged {
            path: self.path.clone(),
            what,
        }
    }
}

impl IndexBatch {
    pub(crate) fn put_winner(&mut self, index: &TablesIndex, key: &RsvpKey, stored: StoredWinner) {
        self.batch
            .insert(&index.rsvps, rsvp_key(key), bytes(&stored));
    }

    pub(crate) fn put_version(&mut self, index: &TablesIndex, key: &RsvpKey, rank: Rank) {
        self.batch
            .insert(&index.versions, version_key(key, rank), Vec::<u8>::new());
    }

    pub(crate) fn put_thing(
        &mut self,
        index: &TablesIndex,
        thing: Thing,
        id: &impl ThingId,
        value: &impl Serialize,
    ) {
        self.batch
            .insert(&index.things[thing as usize], id.key(), bytes(value));
    }

    pub(crate) fn put_meta(&mut self, index: &TablesIndex, name: &str, value: &impl Serialize) {
        self.batch
            .insert(&index.meta, name.as_bytes(), bytes(value));
    }

    pub(crate) fn remove_meta(&mut self, index: &TablesIndex, name: &str) {
        self.batch.remove(&index.meta, name.as_bytes());
    }
}

fn bytes(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain data")
}

/// Event ids have no byte 0xff, for they are UTF-8.
fn rsvp_key(key: &RsvpKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.event.len() + 9 + 12);
    bytes.extend_from_slice(key.event.as_bytes());
    bytes.push(0xff);
    bytes.extend_from_slice(&key.id.to_be_bytes());
    bytes
}

fn version_key(key: &RsvpKey, (version, content): Rank) -> Vec<u8> {
    let mut bytes = rsvp_key(key);
    bytes.extend_from_slice(&version.to_bits().to_be_bytes());
    bytes.extend_from_slice(&content.to_be_bytes());
    bytes
}
