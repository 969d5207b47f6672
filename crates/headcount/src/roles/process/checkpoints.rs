//! Where the state of partitions is kept between starts: the data folder, or the lake.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, Result};
use headcount_engine::Partition;
use headcount_lake::checkpoints::CheckpointStore;

use crate::{data::DataDir, judged_moment::JudgedMoment};

/// The file in the folder of a partition's state.
const NAME: &str = "checkpoint";
/// Beside it, once retention has deleted a part of the journal: a checkpoint that reaches at least as far as that.
const BASE: &str = "base";

/// Keeps checkpoints and finds the newest.
#[derive(Clone)]
pub(crate) enum Checkpoints {
    /// One file a partition.
    Folder(DataDir),
    /// Objects that any process of the cluster can resume from.
    Lake(CheckpointStore),
}

/// Where counting a partition starts.
pub(crate) struct StartingPoint {
    pub(crate) partition: Partition,
    /// Where the journal's reader stands, in the format of its backend.
    pub(crate) hint: Vec<u8>,
    /// Whether the tables of the serving store hold everything up to here.
    pub(crate) served: bool,
}

impl StartingPoint {
    /// From the beginning of the journal, with a partition that has counted nothing.
    pub(crate) fn anew(partition: Partition) -> Self {
        Self {
            partition,
            hint: Vec::new(),
            served: false,
        }
    }
}

impl Checkpoints {
    /// The newest checkpoint of a partition, or the beginning of the journal if no checkpoint can be
    /// used: a checkpoint only saves time, and everything is in the journal.
    pub(crate) fn start(&self, journal: u64, at: u16) -> StartingPoint {
        let judged_at = self.judged_at();
        let anew = || match self.base(journal, at) {
            Ok(Some(base)) => match judged_at {
                Some(moment) => base.and_judging_at(moment),
                None => base,
            },
            Ok(None) => self.empty(),
            Err(error) => {
                tracing::warn!("{error:#}");
                self.empty()
            }
        };
        match self.newest(journal, at) {
            // A rebuild that was killed has left it, or somebody has put it back.
            Ok(Some((partition, _)))
                if judged_at.is_some() && partition.judged_at() != judged_at =>
            {
                tracing::warn!(
                    "the checkpoint of partition {at} was counted with record times held against another moment than the \
                     last rebuild's; recounting from the journal"
                );
                StartingPoint::anew(anew())
            }
            Ok(Some((partition, hint))) => StartingPoint {
                partition,
                hint,
                served: false,
            },
            Ok(None) => StartingPoint::anew(anew()),
            Err(error) => {
                tracing::warn!("{error:#}; recounting from the journal");
                StartingPoint::anew(anew())
            }
        }
    }

    /// A partition before its first entry, which judges record times as the last rebuild did.
    fn empty(&self) -> Partition {
        match self.judged_at() {
            Some(moment) => Partition::judging_at(moment),
            None => Partition::new(),
        }
    }

    /// The counts of what retention has deleted and a little more; `None` if it has deleted nothing.
    pub(crate) fn base(&self, journal: u64, at: u16) -> Result<Option<Partition>> {
        let Self::Folder(data) = self else {
            return Ok(None);
        };
        let base = read(&data.state(at).join(BASE), journal, at)?;
        Ok(base.map(|(partition, _)| partition))
    }

    /// As [`base`](Self::base), where retention is known to have deleted something. Record times behind the base are held
    /// against `moment` too.
    pub(crate) fn known_base(
        &self,
        journal: u64,
        at: u16,
        moment: Option<i64>,
    ) -> Result<Partition> {
        let base = self.base(journal, at)?.unwrap_or_else(Partition::new);
        Ok(match moment {
            Some(moment) => base.and_judging_at(moment),
            None => base,
        })
    }

    /// Makes the newest checkpoint the base of a partition, durably, and returns its offset. Before a part of the journal is
    /// deleted there must be a base that reaches as far.
    pub(crate) fn keep_base(&self, journal: u64, at: u16) -> Result<u64> {
        let Self::Folder(data) = self else {
            return Ok(0);
        };
        let folder = data.state(at);
        let beside = folder.join("base.tmp");
        duplicate(&folder.join(NAME), &beside)
            .with_context(|| format!("write {}", beside.display()))?;
        let Some((partition, _)) = read(&beside, journal, at)? else {
            return Ok(0);
        };
        fs::rename(&beside, folder.join(BASE))
            .and_then(|()| File::open(&folder)?.sync_all())
            .with_context(|| format!("rename {}", beside.display()))?;
        Ok(partition.next_offset())
    }

    /// The moment that record times are held against too, as the last rebuild left it.
    fn judged_at(&self) -> Option<i64> {
        let Self::Folder(data) = self else {
            // What processes share is never rebuilt by one of them.
            return None;
        };
        let judged = JudgedMoment::read(data).unwrap_or_else(|error| {
            tracing::error!(
                "{error:#}; records whose time seemed to be in the future may not count"
            );
            None
        });
        judged.map(|judged| judged.moment)
    }

    fn newest(&self, journal: u64, at: u16) -> Result<Option<(Partition, Vec<u8>)>> {
        match self {
            Self::Folder(data) => {
                let path = data.state(at).join(NAME);
                match read(&path, journal, at)? {
                    None => Ok(self.base(journal, at)?.map(|base| (base, Vec::new()))),
                    newest => Ok(newest),
                }
            }
            Self::Lake(store) => {
                let read = |offset, bytes: &[u8]| {
                    let place = format!("checkpoint of partition {at} at offset {offset}");
                    Partition::from_bytes(bytes, &place, journal, at)
                };
                let newest = store
                    .newest(at, read)
                    .with_context(|| format!("read the checkpoint of partition {at}"))?;
                for (name, reason) in newest.damaged {
                    tracing::warn!("{name}: {reason}; using the previous one");
                }
                Ok(newest.checkpoint.map(|(_, state)| state))
            }
        }
    }

    /// Removes the checkpoint and the base of a partition, if they have counted what the journal has lost for good: they
    /// would be taken for proofs of the loss again.
    pub(crate) fn discard_beyond(&self, journal: u64, at: u16, end: u64) -> Result<()> {
        let Self::Folder(data) = self else {
            return Ok(());
        };
        for name in [NAME, BASE] {
            let path = data.state(at).join(name);
            // One that cannot be read proves nothing.
            let counted = read(&path, journal, at).ok().flatten();
            if counted.is_some_and(|(partition, _)| partition.next_offset() > end) {
                fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Stores the state of a partition at `offset`.
    pub(crate) fn save(&self, at: u16, offset: u64, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Folder(data) => {
                let folder = data.state(at);
                replace(&folder, bytes).with_context(|| {
                    format!("write the checkpoint {}", folder.join(NAME).display())
                })
            }
            Self::Lake(store) => store
                .save(at, offset, bytes)
                .with_context(|| format!("write the checkpoint of partition {at} to the lake")),
        }
    }
}

/// Reads a checkpoint; `None` if there is no file.
fn read(path: &Path, journal: u64, at: u16) -> Result<Option<(Partition, Vec<u8>)>> {
    let file = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.with_context(|| format!("read the checkpoint {}", path.display()))?,
    };
    let place = path.display().to_string();
    Ok(Some(Partition::from_bytes(&file, &place, journal, at)?))
}

/// Writes a checkpoint into a folder, which it creates if necessary. The file is written under another name, synced and
/// renamed: after a crash it is complete, or the previous one is still there.
fn replace(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    // Not the data folder too: it may have been removed, and must then not come back without a journal.
    for dir in folder.parent().into_iter().chain([folder]) {
        match fs::create_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let beside = folder.join("checkpoint.tmp");
    write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, folder.join(NAME)))
        .inspect_err(|_| {
            // On a full disk a part of it would only take up room.
            let _ = fs::remove_file(&beside);
        })?;
    File::open(folder)?.sync_all()
}

/// Copies a checkpoint, so that what damages one file leaves the other. A full disk gets a second name for it instead, which
/// needs no room, for retention is what makes room. The next checkpoint is another file, and leaves both alone.
fn duplicate(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let copied = fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
    match copied {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            fs::remove_file(to)?;
            fs::hard_link(from, to)
        }
        copied => copied,
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use headcount_engine::CheckpointHead;

    use super::*;

    #[test]
    fn one_that_cannot_be_used_is_counted_anew_and_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let checkpoints = Checkpoints::Folder(DataDir::new(folder.path().to_owned()));
        let begins = |journal| checkpoints.start(journal, 3).hint;
        assert_eq!(begins(7), b"", "there is none");
        let head = CheckpointHead {
            journal: 7,
            partition: 3,
            hint: b"here".to_vec(),
        };
        let bytes = Partition::new().to_bytes(&head);
        // Of an older format, and cut short: both are replaced by the next.
        let mut older = bytes.clone();
        older[7] -= 1;
        for unusable in [&older, &bytes[..30].to_vec()] {
            checkpoints.save(3, 0, unusable).expect("saved");
            assert_eq!(begins(7), b"");
            checkpoints.save(3, 0, &bytes).expect("saved");
            assert_eq!(begins(7), b"here");
        }
        assert_eq!(begins(8), b"", "it is of another journal");
    }
}
