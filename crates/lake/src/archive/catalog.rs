//! What is in the archive: every object's name, and how far each partition goes.

use super::entries::Entries;
use super::error::{Error, Result};
use super::name::{ObjectName, RAW};
use super::position::ArchivePositions;
use crate::{Lake, LakeDescription};

/// The archive in a lake, as it was when it was opened. It holds a few bytes for each object.
pub struct Archive {
    lake: Lake,
    description: LakeDescription,
    feeds: Vec<String>,
    partitions: Vec<ArchivedPartition>,
    strays: Vec<String>,
}

/// A partition's objects, by the first offset of their cuts.
#[derive(Default)]
pub(super) struct ArchivedPartition {
    pub(super) listed: Vec<Listed>,
    /// All before this was archived.
    pub(super) position: u64,
}

/// An object's name, in little room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    pub(super) first: u64,
    hour: i64,
    feed: usize,
}

impl Archive {
    /// Lists the archive.
    pub fn open(lake: &Lake) -> Result<Self> {
        let description = LakeDescription::read(lake)?.ok_or_else(|| Error::Nothing {
            lake: lake.to_string(),
        })?;
        let mut archive = Self {
            lake: lake.clone(),
            description,
            feeds: Vec::new(),
            partitions: Vec::new(),
            strays: Vec::new(),
        };
        // ArchivePositions are read first: objects are stored before them, so what they speak of is listed.
        for partition in 0..description.partitions {
            let position = ArchivePositions::of(partition).read(lake)?.offset;
            let listed = Vec::new();
            archive
                .partitions
                .push(ArchivedPartition { listed, position });
        }
        lake.list(RAW, |object| archive.add(object.key))?;
        for partition in &mut archive.partitions {
            partition.listed.sort_unstable();
        }
        Ok(archive)
    }

    /// Whose archive it is, and how many partitions it has.
    #[must_use]
    pub fn description(&self) -> &LakeDescription {
        &self.description
    }

    /// Names under `raw/` that are none of ours. They are passed over.
    #[must_use]
    pub fn strays(&self) -> &[String] {
        &self.strays
    }

    /// The offset up to which a partition below [`LakeDescription::partitions`] was archived when this was opened.
    #[must_use]
    pub fn position(&self, partition: u16) -> u64 {
        self.partitions[usize::from(partition)].position
    }

    /// The entries of a partition below [`LakeDescription::partitions`], from its first on.
    #[must_use]
    pub fn entries(&self, partition: u16) -> Entries<'_> {
        Entries::new(self, partition, &self.partitions[usize::from(partition)])
    }

    /// Reads everything and says all that is wrong with it: damaged objects, gaps, contradictions. Empty is good.
    pub fn check(&self) -> Result<Vec<Error>> {
        let mut wrong = Vec::new();
        for partition in 0..self.description.partitions {
            let mut entries = self.entries(partition);
            loop {
                match entries.advance() {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) if is_about_objects(&error) => wrong.push(error),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(wrong)
    }

    pub(super) fn lake(&self) -> &Lake {
        &self.lake
    }

    pub(super) fn key(&self, partition: u16, listed: Listed) -> String {
        let Listed { first, hour, feed } = listed;
        let name = ObjectName {
            feed: self.feeds[feed].clone(),
            hour,
            partition,
            first,
        };
        name.key()
    }

    fn add(&mut self, key: String) {
        let Some(name) =
            ObjectName::parse(&key).filter(|name| name.partition < self.description.partitions)
        else {
            self.strays.push(key);
            return;
        };
        let feed = self
            .feeds
            .iter()
            .position(|feed| *feed == name.feed)
            .unwrap_or_else(|| {
                self.feeds.push(name.feed);
                self.feeds.len() - 1
            });
        self.partitions[usize::from(name.partition)]
            .listed
            .push(Listed {
                first: name.first,
                hour: name.hour,
                feed,
            });
    }
}

fn is_about_objects(error: &Error) -> bool {
    use crate::Error as Lake;
    matches!(
        error,
        Error::Gap { .. }
            | Error::Conflict { .. }
            | Error::Lake(Lake::Damaged { .. } | Lake::Foreign { .. })
    )
}
