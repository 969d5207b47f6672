//! The lake: a place for whole objects under names, on a disk or on S3, that many processes share.
//!
//! It is: create-only puts, compare-and-swap, reads, listings, deletes; each either happened or did not, whatever the
//! network said about it. It is not: a file system, or a thing that knows what the objects mean.
//!
//! **What it promises.** An object that was stored is durable and is seen whole or not at all. Of several callers that
//! create one name, one wins. After a timeout the store is read back: `Created` is only returned for an object that holds
//! our bytes. Every call blocks, for no longer than its retry limit ([`Options`]), and may be made on any thread but that
//! of an async runtime, which it would hold up.
//!
//! ```
//! use headcount_lake::{Lake, PutOutcome, SwapOutcome};
//!
//! # fn main() -> Result<(), headcount_lake::Error> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let address = dir.path().to_str().unwrap();
//! let lake = Lake::open(address)?;
//! let PutOutcome::Created(tag) = lake.put_new("claims/p000", "mine".into())? else { panic!() };
//! assert!(matches!(lake.put_new("claims/p000", "no, mine".into())?, PutOutcome::Exists));
//! assert!(matches!(lake.put_if("claims/p000", &tag, "still mine".into())?, SwapOutcome::Stored(_)));
//! assert!(matches!(lake.put_if("claims/p000", &tag, "stale".into())?, SwapOutcome::Lost));
//! # Ok(())
//! # }
//! ```

mod address;
mod description;
mod disk;
mod error;
#[cfg(test)]
pub(crate) mod faults;
mod key;
mod probe;
#[cfg(feature = "s3")]
mod s3;

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use address::LakeAddress;
pub use description::LakeDescription;
pub use error::{Error, Result};
pub use key::escape;

/// Limits of a call.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long one attempt may take on S3, plus a second for every MiB that is sent. 10 s by default.
    pub attempt: Duration,
    /// How long a call is retried after its first failure or its last progress. 30 s by default.
    pub patience: Duration,
    /// The largest object, in bytes, that is read from S3, because it is read as a whole. No limit by default: the program
    /// wrote what it reads.
    pub read_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            read_bytes_max: u64::MAX,
        }
    }
}

/// An open lake; clones share it.
#[derive(Clone)]
pub struct Lake {
    store: Arc<LakeStore>,
    #[cfg(test)]
    faults: Option<Arc<faults::Faults>>,
}

enum LakeStore {
    Disk(disk::FolderStore),
    #[cfg(feature = "s3")]
    S3(s3::S3),
}

/// The answer to [`Lake::put_new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object is there and holds our bytes.
    Created(Tag),
    /// Another object has this name; it was not touched.
    Exists,
}

/// The answer to [`Lake::put_if`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwapOutcome {
    /// The object holds our bytes.
    Stored(Tag),
    /// The object is no longer the one that was read, or is gone; it was not touched.
    Lost,
}

/// Which content of an object was seen. Means nothing in another process.
#[derive(Clone, PartialEq, Eq)]
pub struct Tag(SeenObject);

#[derive(Clone, PartialEq, Eq)]
enum SeenObject {
    /// On a disk the content itself: exact, and what is swapped is small.
    Content(Bytes),
    #[cfg(feature = "s3")]
    ETag(String),
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            SeenObject::Content(content) => write!(f, "Tag({} bytes)", content.len()),
            #[cfg(feature = "s3")]
            SeenObject::ETag(etag) => write!(f, "Tag({etag})"),
        }
    }
}

/// What a listing shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

impl Lake {
    /// Opens the lake at `DIR` or `s3://bucket/prefix?endpoint=…&region=…`, and proves that it creates and swaps
    /// atomically. It creates a missing folder, but not a missing bucket.
    pub fn open(address: &str) -> Result<Self> {
        Self::open_with(&LakeAddress::parse(address)?, Options::default())
    }

    /// As [`Lake::open`], with other limits.
    pub fn open_with(address: &LakeAddress, options: Options) -> Result<Self> {
        match address {
            LakeAddress::Disk(dir) => disk::FolderStore::create(dir)?,
            #[cfg(feature = "s3")]
            LakeAddress::S3(_) => {}
        }
        let lake = Self::open_to_read(address, options)?;
        // A folder that is a lake already was proved when it became one, and a full disk can be opened again.
        if lake.is_remote() || LakeDescription::read(&lake)?.is_none() {
            probe::prove(&lake)?;
        }
        Ok(lake)
    }

    /// Opens a lake that must be there, and writes nothing to it.
    pub fn open_to_read(address: &LakeAddress, options: Options) -> Result<Self> {
        let store = match address {
            LakeAddress::Disk(dir) => {
                LakeStore::Disk(disk::FolderStore::open(dir, options.patience)?)
            }
            #[cfg(feature = "s3")]
            LakeAddress::S3(address) => LakeStore::S3(s3::S3::open(address, options)?),
        };
        Ok(Self {
            store: Arc::new(store),
            #[cfg(test)]
            faults: None,
        })
    }

    /// Creates an object, if there is none of this name.
    pub fn put_new(&self, key: &str, body: Bytes) -> Result<PutOutcome> {
        key::check(key)?;
        self.attempt(key, || match &*self.store {
            LakeStore::Disk(disk) => disk.put_new(key, &body),
            #[cfg(feature = "s3")]
            LakeStore::S3(s3) => s3.put_new(key, &body),
        })
    }

    /// Replaces an object, if it still is the one that has `tag`.
    pub fn put_if(&self, key: &str, tag: &Tag, body: Bytes) -> Result<SwapOutcome> {
        key::check(key)?;
        self.attempt(key, || match (&*self.store, &tag.0) {
            (LakeStore::Disk(disk), SeenObject::Content(seen)) => disk.put_if(key, seen, &body),
            #[cfg(feature = "s3")]
            (LakeStore::S3(s3), SeenObject::ETag(seen)) => s3.put_if(key, seen, &body),
            // A tag of another lake was never the tag of anything here.
            #[cfg(feature = "s3")]
            _ => Ok(SwapOutcome::Lost),
        })
    }

    /// Stores an object, in place of the one of this name if there is one.
    pub fn put(&self, key: &str, body: &[u8]) -> Result<()> {
        let mut body = body;
        self.put_from(key, &mut body)
    }

    /// As [`Lake::put`], for an object that is read on the way: no more than 8 MiB of it are in memory. A failed read
    /// stores nothing.
    pub fn put_from(&self, key: &str, body: &mut dyn Read) -> Result<()> {
        key::check(key)?;
        self.attempt(key, || match &*self.store {
            LakeStore::Disk(disk) => disk.put_from(key, body),
            #[cfg(feature = "s3")]
            LakeStore::S3(s3) => s3.put_from(key, body),
        })
    }

    /// Reads an object; `None` if there is none.
    pub fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        key::check(key)?;
        match &*self.store {
            LakeStore::Disk(disk) => disk.get(key),
            #[cfg(feature = "s3")]
            LakeStore::S3(s3) => s3.get(key),
        }
    }

    /// Shows all objects whose names begin with `prefix` (whole parts of names: empty, or ending with `/`), by name.
    pub fn list(&self, prefix: &str, mut each: impl FnMut(Object)) -> Result<()> {
        if !prefix.is_empty() {
            key::check(prefix.strip_suffix('/').unwrap_or(""))?;
        }
        match &*self.store {
            LakeStore::Disk(disk) => disk.list(prefix, &mut each),
            #[cfg(feature = "s3")]
            LakeStore::S3(s3) => s3.list(prefix, &mut each),
        }
    }

    /// Removes an object; that there is none is fine.
    pub fn delete(&self, key: &str) -> Result<()> {
        key::check(key)?;
        match &*self.store {
            LakeStore::Disk(disk) => disk.delete(key),
            #[cfg(feature = "s3")]
            LakeStore::S3(s3) => s3.delete(key),
        }
    }

    /// True if several processes on several machines may share it.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        !matches!(&*self.store, LakeStore::Disk(_))
    }

    #[cfg(not(test))]
    fn attempt<T>(&self, _key: &str, put: impl FnOnce() -> Result<T>) -> Result<T> {
        put()
    }

    /// In tests a put may fail before or after it was done.
    #[cfg(test)]
    fn attempt<T>(&self, key: &str, put: impl FnOnce() -> Result<T>) -> Result<T> {
        match &self.faults {
            None => put(),
            Some(faults) => faults.put(key, put),
        }
    }

    /// The same lake, whose puts fail as told.
    #[cfg(test)]
    pub(crate) fn with_faults(&self, faults: Arc<faults::Faults>) -> Self {
        Self {
            store: Arc::clone(&self.store),
            faults: Some(faults),
        }
    }
}

impl fmt::Display for Lake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.store {
            LakeStore::Disk(disk) => write!(f, "{}", disk.dir().display()),
            #[cfg(feature = "s3")]
            LakeStore::S3(s3) => f.write_str(s3.name()),
        }
    }
}

impl fmt::Debug for Lake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lake({self})")
    }
}
