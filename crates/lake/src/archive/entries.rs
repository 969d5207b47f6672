//! The entries of one partition, put together again from the objects of all feeds.

use super::ArchivedEntry;
use super::catalog::{Archive, ArchivedPartition};
use super::error::{Error, Result};
use super::object::ArchiveObject;
use crate::store;

/// The entries of a partition in the order of their offsets, a cut at a time:
///
/// ```text
/// while entries.advance()? {
///     for entry in entries.iter() { … }
/// }
/// ```
///
/// Anything wrong is an error that names it. Calling [`Entries::advance`] after an error continues behind it: a rebuild
/// stops there, a check continues.
pub struct Entries<'a> {
    archive: &'a Archive,
    partition: u16,
    of: &'a ArchivedPartition,
    /// The next object to load.
    at: usize,
    /// Objects with entries that are not yet delivered.
    pool: Vec<ArchiveObject>,
    /// What this advance delivers: object in the pool, and line.
    ready: Vec<(usize, usize)>,
    /// The first offset that is not ready.
    next: u64,
}

/// An entry that was not delivered: its offset, and which line of which object in the pool it is.
type NextEntry = (u64, usize, usize);

impl<'a> Entries<'a> {
    pub(super) fn new(archive: &'a Archive, partition: u16, of: &'a ArchivedPartition) -> Self {
        Self {
            archive,
            partition,
            of,
            at: 0,
            pool: Vec::new(),
            ready: Vec::new(),
            next: 0,
        }
    }

    /// Advances to the next entries; returns false if there are none.
    ///
    /// # Errors
    /// When an object is damaged or missing, or the lake is away.
    pub fn advance(&mut self) -> Result<bool> {
        self.ready.clear();
        let next = self.next;
        self.pool
            .retain(|object| object.entry(object.len() - 1).offset >= next);
        while let Some(listed) = self
            .of
            .listed
            .get(self.at)
            .filter(|listed| listed.first <= next)
        {
            self.at += 1;
            let object = self.load(&self.archive.key(self.partition, *listed))?;
            if object.end > next {
                self.pool.push(object);
            }
        }
        let order = match self.order() {
            Ok(order) => order,
            Err((contradicting, error)) => {
                self.pool.swap_remove(contradicting);
                return Err(error);
            }
        };
        // Where the next object begins, it is looked at before more is delivered: it may say something else.
        let listed = self
            .of
            .listed
            .get(self.at)
            .map_or(u64::MAX, |listed| listed.first);
        for (offset, object, line) in &order {
            if *offset == self.next && *offset < listed {
                self.ready.push((*object, *line));
                self.next += 1;
            }
        }
        if !self.ready.is_empty() {
            return Ok(true);
        }
        self.skip_gap(order.first().map(|(offset, ..)| *offset))
    }

    /// What [`Entries::advance`] has brought.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ArchivedEntry<'_>> {
        self.ready
            .iter()
            .map(|(object, line)| self.pool[*object].entry(*line))
    }

    /// One past the last entry that was brought.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.next
    }

    /// All entries of the pool that were not delivered, by offset; each may be there twice, but not as two things.
    /// If they are, the second is named, and the error.
    fn order(&self) -> Result<Vec<NextEntry>, (usize, Error)> {
        let mut order = Vec::new();
        for (at, object) in self.pool.iter().enumerate() {
            let lines = object.entries().enumerate();
            let due = lines.filter(|(_, entry)| entry.offset >= self.next);
            order.extend(due.map(|(line, entry)| (entry.offset, at, line)));
        }
        order.sort_unstable();
        for pair in order.windows(2) {
            let [(offset, one, line), (_, other, other_line)] = pair else {
                continue;
            };
            let (left, right) = (&self.pool[*one], &self.pool[*other]);
            let (entry, twin) = (left.entry(*line), right.entry(*other_line));
            if entry.offset == twin.offset && entry != twin {
                let error = Error::Conflict {
                    offset: *offset,
                    one: left.key.clone(),
                    other: right.key.clone(),
                };
                return Err((*other, error));
            }
        }
        Ok(order)
    }

    /// Nothing has the next offset: at the end that is right, before it it is a gap.
    fn skip_gap(&mut self, in_pool: Option<u64>) -> Result<bool> {
        let listed = self.of.listed.get(self.at).map(|listed| listed.first);
        let found = in_pool.into_iter().chain(listed).min();
        // What lies behind the position was being stored when its writer ended: it is made again from the journal.
        let to = found.unwrap_or(self.of.position).min(self.of.position);
        if self.next >= to {
            return Ok(false);
        }
        let from = std::mem::replace(&mut self.next, to);
        Err(Error::Gap {
            lake: self.archive.lake().to_string(),
            partition: self.partition,
            from,
            last: to - 1,
            near: self.near(from),
        })
    }

    /// Where to look for what is missing from `from` on.
    fn near(&self, from: u64) -> String {
        let partition = self.partition;
        if let Some(object) = self
            .pool
            .iter()
            .find(|object| (object.first..object.end).contains(&from))
        {
            return format!(
                "an object of the same cut as {} is missing: one of another feed with the same file name",
                object.key
            );
        }
        match self.at.checked_sub(1).map(|at| self.of.listed[at]) {
            Some(before) => format!(
                "objects after {} are missing",
                self.archive.key(partition, before)
            ),
            None => format!("its first objects p{partition:03}-… are missing"),
        }
    }

    fn load(&self, key: &str) -> Result<ArchiveObject> {
        let lake = self.archive.lake();
        let damaged = |reason: String| store::Error::damaged(lake, key, reason);
        let (bytes, _) = lake
            .get(key)?
            .ok_or_else(|| damaged("it was listed and is gone".to_owned()))?;
        let object = ArchiveObject::read(key, &bytes).map_err(damaged)?;
        let ours = self.archive.description().journal;
        if object.journal != ours {
            return Err(store::Error::Foreign {
                lake: format!("{lake}: {key}"),
                found: object.journal,
                ours,
            }
            .into());
        }
        Ok(object)
    }
}
