//! `lake.json`: whose lake it is, and what is fixed for its life.

use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::{Lake, PutOutcome};

const KEY: &str = "lake.json";
const MAGIC: &str = "headcount-lake";
const VERSION: u32 = 1;
/// Where an object of the archive ends unless something else was fixed.
const CUT_BYTES: u64 = 64 << 20;
/// A larger object does not fit the memory of its readers.
const CUT_BYTES_MAX: u64 = 1 << 30;

/// The journal that a lake belongs to. Every writer checks it first: two journals in one lake would take each other's
/// objects for their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LakeDescription {
    /// The journal's id.
    pub journal: u64,
    /// How many partitions it has.
    pub partitions: u16,
    /// Where objects of the archive are cut, in bytes before compression. It is fixed when the lake is first used, so
    /// that all archivers cut at the same places.
    pub cut_bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct DescriptionText {
    magic: String,
    version: u32,
    journal: String,
    partitions: u16,
    cut_bytes: u64,
}

impl LakeDescription {
    /// The description of a new lake of this journal.
    #[must_use]
    pub fn new(journal: u64, partitions: u16) -> Self {
        Self {
            journal,
            partitions,
            cut_bytes: CUT_BYTES,
        }
    }

    /// Takes the lake for this journal, or finds that it is this journal's; returns what is fixed.
    pub fn agree(self, lake: &Lake) -> Result<Self> {
        debug_assert!((1..=CUT_BYTES_MAX).contains(&self.cut_bytes));
        if lake.put_new(KEY, self.to_text().into())? != PutOutcome::Exists {
            return Ok(self);
        }
        let found = Self::read(lake)?
            .ok_or_else(|| Error::damaged(lake, KEY, "it was there and is gone"))?;
        if found.journal != self.journal || found.partitions != self.partitions {
            return Err(Error::Foreign {
                lake: lake.to_string(),
                found: found.journal,
                ours: self.journal,
            });
        }
        Ok(found)
    }

    /// Reads the description of a lake; `None` if the lake is new.
    pub fn read(lake: &Lake) -> Result<Option<Self>> {
        let Some((body, _)) = lake.get(KEY)? else {
            return Ok(None);
        };
        let bad = |reason: String| Error::damaged(lake, KEY, reason);
        let text: DescriptionText =
            serde_json::from_slice(&body).map_err(|e| bad(e.to_string()))?;
        if text.magic != MAGIC {
            return Err(bad(format!("it is {}, not {MAGIC}", text.magic)));
        }
        if text.version != VERSION {
            return Err(Error::Version {
                lake: lake.to_string(),
                found: text.version,
                supported: VERSION,
            });
        }
        if !(1..=CUT_BYTES_MAX).contains(&text.cut_bytes) {
            return Err(bad(format!("objects of {} bytes", text.cut_bytes)));
        }
        let journal = u64::from_str_radix(&text.journal, 16).map_err(|e| bad(e.to_string()))?;
        Ok(Some(Self {
            journal,
            partitions: text.partitions,
            cut_bytes: text.cut_bytes,
        }))
    }

    fn to_text(self) -> String {
        let text = DescriptionText {
            magic: MAGIC.to_owned(),
            version: VERSION,
            journal: format!("{:016x}", self.journal),
            partitions: self.partitions,
            cut_bytes: self.cut_bytes,
        };
        serde_json::to_string(&text).expect("a description is plain data") + "\n"
    }
}
