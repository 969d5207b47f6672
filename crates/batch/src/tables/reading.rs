//! Reading the journal that the tables follow.

use std::path::PathBuf;

use headcount_journal::{ReadOnly, Reader};

use crate::error::{Error, Result};

/// A journal, as far as it went when it was last looked at. On a disk another process writes it.
pub struct JournalReader {
    folder: PathBuf,
    journal: ReadOnly,
    /// Nothing from here on is read, by partition.
    until: Option<Vec<u64>>,
}

impl JournalReader {
    /// Opens the journal in a folder.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn open(folder: PathBuf) -> Result<Self> {
        let journal = ReadOnly::open(&folder)?;
        Ok(Self {
            folder,
            journal,
            until: None,
        })
    }

    /// The same journal, up to these offsets.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn until(&self, offsets: Vec<u64>) -> Result<Self> {
        Ok(Self {
            until: Some(offsets),
            ..Self::open(self.folder.clone())?
        })
    }

    /// Looks how far it goes now.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn look_again(&mut self) -> Result<()> {
        self.journal = ReadOnly::open(&self.folder)?;
        Ok(())
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.journal.id()
    }

    /// How many partitions it has.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        self.journal.partitions()
    }

    /// One past the last entry of a partition.
    ///
    /// # Errors
    /// When there is no such partition.
    pub fn end(&self, partition: u16) -> Result<u64> {
        let end = self.journal.durable_end(partition)?;
        let until = self
            .until
            .as_ref()
            .and_then(|until| until.get(usize::from(partition)));
        Ok(until.map_or(end, |until| end.min(*until)))
    }

    /// A reader of a partition from an offset on, which must lie in what the journal has.
    pub(super) fn reader(&self, partition: u16, from: u64) -> Result<Reader> {
        let (first, end) = (
            self.journal.first_offset(partition)?,
            self.journal.durable_end(partition)?,
        );
        if from < first {
            return Err(Error::BehindJournal {
                partition,
                known: from,
                first,
            });
        }
        if from > end {
            return Err(Error::AheadOfJournal {
                partition,
                known: from,
                found: end,
            });
        }
        Ok(self.journal.reader(partition, from)?)
    }
}
