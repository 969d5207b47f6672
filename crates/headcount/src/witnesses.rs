//! What else knows how far the journal of a data folder once reached: its checkpoints and its archive.
//!
//! Both are made of what is durable in the journal, so they are never ahead of it. If one is, the journal has lost entries.

use anyhow::Result;
use headcount_journal::Error as JournalError;
use headcount_lake::{Lake, LakeAddress, LakeDescription, archive::archived_offset};

use crate::data::DataDir;

/// Something made of a partition's entries before an offset.
pub(crate) struct Witness {
    /// What it is, as the subject of a sentence.
    what: String,
    /// One past the last entry that it is made of.
    pub(crate) offset: u64,
}

impl Witness {
    /// The checkpoint of a partition, which counts the entries before `offset`.
    pub(crate) fn checkpoint(data: &DataDir, at: u16, offset: u64) -> Self {
        let what = format!("the checkpoint in {}", data.state(at).display());
        Self { what, offset }
    }

    /// The archive of a partition.
    pub(crate) fn archive(lake: &Lake, at: u16) -> Result<Self> {
        Ok(Self {
            what: format!("the archive in {lake}"),
            offset: archived_offset(lake, at)?,
        })
    }

    /// The archive of a partition in the data folder's own lake, if that is one of this journal.
    pub(crate) fn local_archive(data: &DataDir, journal: u64, at: u16) -> Result<Option<Self>> {
        if !data.lake().is_dir() {
            return Ok(None);
        }
        let address = LakeAddress::Disk(data.lake());
        let lake = Lake::open_to_read(&address, headcount_lake::Options::default())?;
        match LakeDescription::read(&lake)? {
            Some(description) if description.journal == journal => {
                Self::archive(&lake, at).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether a journal that ends at `end` has everything that this was made of.
    pub(crate) fn check(&self, data: &DataDir, at: u16, end: u64) -> Result<(), JournalError> {
        if self.offset <= end {
            return Ok(());
        }
        Err(JournalError::Lost {
            journal: data.journal(),
            partition: at,
            from: end,
            last: self.offset - 1,
            reason: format!(
                "it ends at offset {end}, but {} holds everything before offset {}",
                self.what, self.offset
            ),
        })
    }
}
