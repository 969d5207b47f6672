//! Writes the archive of one partition: entries in, objects out, and then the position.

use std::sync::Arc;

use bytes::Bytes;
use headcount_clock::WallClock;
use headcount_journal::Place;

use super::cut::{Cut, Sealed};
use super::error::{Error, Result};
use super::figures::ArchiveFigures;
use super::object::ArchiveObject;
use super::position::{ArchivePosition, ArchivePositions};
use super::{ArchivedEntry, HOUR_MS};
use crate::{Lake, LakeDescription, PutOutcome, store};

/// How long after its end an hour is closed by the clock, if nothing else comes. Entries that arrived in its last
/// moments are durable by then; if one is not, it goes into a cut of its own.
const GRACE_MS: i64 = 60_000;

/// The archiver of one partition. [`run`](super::run()) feeds it from a journal.
///
/// Any number of them may work on one partition: they make the same objects, and the second one finds them there.
pub struct Archiver {
    lake: Lake,
    description: LakeDescription,
    partition: u16,
    positions: ArchivePositions,
    position: ArchivePosition,
    next: u64,
    cut: Option<Cut>,
    figures: Arc<ArchiveFigures>,
    clock: WallClock,
}

impl Archiver {
    /// Resumes the archive of a partition where it ended. A new lake becomes the journal's.
    pub fn open(lake: &Lake, description: LakeDescription, partition: u16) -> Result<Self> {
        let mut positions = ArchivePositions::of(partition);
        let description = description.agree(lake)?;
        let position = positions.read(lake)?;
        let mut archiver = Self {
            lake: lake.clone(),
            description,
            partition,
            positions,
            position: ArchivePosition::default(),
            next: 0,
            cut: None,
            figures: Arc::default(),
            clock: WallClock::system(),
        };
        archiver.resume(position);
        Ok(archiver)
    }

    /// Tells by this clock when an hour is over, instead of by the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: WallClock) -> Self {
        self.clock = clock;
        self
    }

    /// How far the partition is archived: entries are to be given from its place on.
    #[must_use]
    pub fn position(&self) -> &ArchivePosition {
        &self.position
    }

    /// What it tells of itself.
    #[must_use]
    pub fn figures(&self) -> Arc<ArchiveFigures> {
        Arc::clone(&self.figures)
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> u16 {
        self.partition
    }

    /// The offset of the next entry to take.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Takes the next entry. If it begins a cut, the one before is complete and must be stored before more is taken.
    /// Entries that were taken are passed over.
    pub fn take(&mut self, entry: &ArchivedEntry<'_>) -> Result<Option<Sealed>> {
        if entry.offset < self.next {
            return Ok(None);
        }
        if entry.offset > self.next {
            return Err(Error::Order {
                partition: self.partition,
                expected: self.next,
                found: entry.offset,
            });
        }
        let cut_bytes = self.description.cut_bytes;
        let full = self
            .cut
            .as_ref()
            .is_some_and(|cut| !cut.takes(entry, cut_bytes));
        let sealed = if full { self.seal()? } else { None };
        let cut = self.cut.get_or_insert_with(|| Cut::begin(entry));
        cut.add(entry)?;
        self.next += 1;
        Ok(sealed)
    }

    /// Tells the figures what was taken and is held.
    pub(super) fn tell(&self) {
        let memory = self.cut.as_ref().map_or(0, Cut::memory);
        self.figures.set_read(self.next, memory);
    }

    /// Whether the hour of the open cut is over on the clock.
    #[must_use]
    pub fn is_past(&self) -> bool {
        self.cut.as_ref().is_some_and(|cut| {
            self.clock.now_ms()
                >= (cut.hour() + 1)
                    .saturating_mul(HOUR_MS)
                    .saturating_add(GRACE_MS)
        })
    }

    /// Closes the open cut where it is, if there is one with entries.
    pub fn seal(&mut self) -> Result<Option<Sealed>> {
        let cut = self.cut.take();
        cut.map(|cut| cut.seal(self.description.journal, self.partition))
            .transpose()
    }

    /// Stores a cut's objects and then the position. May be called again after an error. `place` is where the reader
    /// stood before it gave the cut's last entry, or earlier.
    ///
    /// Returns true if the next entry is the one behind the cut. If false, another archiver closed this cut elsewhere: this
    /// one forgets what it took since, and the caller passes entries from [`Archiver::position`] on.
    pub fn store(&mut self, sealed: &Sealed, place: &Place) -> Result<bool> {
        let mut end = sealed.end;
        for (key, body) in &sealed.objects {
            if self.lake.put_new(key, body.clone())? == PutOutcome::Exists {
                end = end.min(self.end_of_other(key, body, sealed.end)?);
            }
            self.figures.stored(body.len());
        }
        let reached = self
            .positions
            .advance(&self.lake, &ArchivePosition::new(end, place))?;
        if reached.offset == sealed.end {
            self.figures.set_archived(reached.offset);
            self.position = reached;
            return Ok(true);
        }
        self.resume(reached);
        Ok(false)
    }

    fn resume(&mut self, position: ArchivePosition) {
        self.cut = None;
        self.next = position.offset;
        self.position = position;
        self.figures.set_archived(self.position.offset);
        self.tell();
    }

    /// An object of this name is there already: how far it goes, if it says the same as ours.
    ///
    /// Its bytes may differ although it does: the compressor is another version's, or its cut was closed earlier or
    /// later, by the clock or at the end of a program.
    fn end_of_other(&self, key: &str, ours: &Bytes, end: u64) -> Result<u64> {
        let gone = || store::Error::damaged(&self.lake, key, "it was there and is gone");
        let (theirs, _) = self.lake.get(key)?.ok_or_else(gone)?;
        if theirs == *ours {
            return Ok(end);
        }
        let read = |bytes| {
            ArchiveObject::read(key, bytes).map_err(|reason| {
                let remedy = format!("{reason}; remove it, and headcount writes it again");
                store::Error::damaged(&self.lake, key, remedy)
            })
        };
        let (theirs, ours) = (read(&theirs)?, read(ours)?);
        if theirs.journal != ours.journal {
            return Err(store::Error::Foreign {
                lake: self.lake.to_string(),
                found: theirs.journal,
                ours: ours.journal,
            }
            .into());
        }
        let common = theirs.end.min(ours.end);
        let of_common = |entry: &ArchivedEntry<'_>| entry.offset < common;
        let mut one = theirs.entries().take_while(of_common);
        let mut other = ours.entries().take_while(of_common);
        loop {
            match (one.next(), other.next()) {
                (None, None) => return Ok(theirs.end),
                (a, b) if a == b => {}
                (a, b) => {
                    let offsets = [a, b].into_iter().flatten().map(|entry| entry.offset);
                    return Err(Error::Conflict {
                        offset: offsets.min().unwrap_or(common),
                        one: key.to_owned(),
                        other: "the journal".to_owned(),
                    });
                }
            }
        }
    }
}
