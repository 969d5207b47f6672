//! Checkpoints in the lake: the state of a partition at an offset, for its next owner.
//!
//! A lost checkpoint only costs time. So an older one takes the place of a damaged one, and nothing is ever replaced: the
//! state at an offset is the same whichever process computed it.

use std::fmt;

use crate::{Lake, Result};

/// Checkpoints kept of a partition.
const KEPT: usize = 3;
/// How often the search starts again because the chosen checkpoint was removed meanwhile.
const TRIES: usize = 5;

/// The checkpoints of all partitions.
#[derive(Debug, Clone)]
pub struct CheckpointStore {
    lake: Lake,
}

/// What [`CheckpointStore::newest`] found.
#[derive(Debug)]
pub struct Newest<T> {
    /// The offset of the newest checkpoint that could be read, and what it was read as.
    pub checkpoint: Option<(u64, T)>,
    /// Newer ones that could not be read, with the reason. The caller says so: counting takes longer because of them.
    pub damaged: Vec<(String, String)>,
}

impl CheckpointStore {
    /// The checkpoints in a lake.
    #[must_use]
    pub fn new(lake: &Lake) -> Self {
        Self { lake: lake.clone() }
    }

    /// Stores a checkpoint, in parts if it is large, and removes all but the three newest.
    pub fn save(&self, partition: u16, offset: u64, bytes: &[u8]) -> Result<()> {
        self.lake.put(&key(partition, offset), bytes)?;
        let mut offsets = self.offsets(partition)?;
        offsets.truncate(offsets.len().saturating_sub(KEPT));
        for old in offsets {
            self.lake.delete(&key(partition, old))?;
        }
        Ok(())
    }

    /// Reads the newest checkpoint with `read`, which is given the offset and the bytes and says why if they are no
    /// checkpoint; then the one before is tried, and so on.
    pub fn newest<T, E: fmt::Display>(
        &self,
        partition: u16,
        read: impl Fn(u64, &[u8]) -> Result<T, E>,
    ) -> Result<Newest<T>> {
        for _ in 1..TRIES {
            if let Some(newest) = self.try_newest(partition, &read)? {
                return Ok(newest);
            }
        }
        // Another process saves faster than we read; the journal has everything.
        Ok(Newest {
            checkpoint: None,
            damaged: Vec::new(),
        })
    }

    /// `None` if checkpoints were removed while they were looked at, and none was left.
    fn try_newest<T, E: fmt::Display>(
        &self,
        partition: u16,
        read: impl Fn(u64, &[u8]) -> Result<T, E>,
    ) -> Result<Option<Newest<T>>> {
        let (mut damaged, mut removed) = (Vec::new(), false);
        for offset in self.offsets(partition)?.into_iter().rev() {
            let key = key(partition, offset);
            let Some((bytes, _)) = self.lake.get(&key)? else {
                removed = true;
                continue;
            };
            match read(offset, &bytes) {
                Ok(state) => {
                    let checkpoint = Some((offset, state));
                    return Ok(Some(Newest {
                        checkpoint,
                        damaged,
                    }));
                }
                Err(reason) => damaged.push((key, reason.to_string())),
            }
        }
        let checkpoint = None;
        Ok((!removed).then_some(Newest {
            checkpoint,
            damaged,
        }))
    }

    /// The offsets of a partition's checkpoints, ascending.
    pub fn offsets(&self, partition: u16) -> Result<Vec<u64>> {
        let mut offsets = Vec::new();
        self.lake.list(&folder(partition), |object| {
            offsets.extend(offset_of(partition, &object.key));
        })?;
        offsets.sort_unstable();
        Ok(offsets)
    }
}

fn folder(partition: u16) -> String {
    format!("checkpoints/p{partition:03}/")
}

fn key(partition: u16, offset: u64) -> String {
    format!("{}{offset:020}.ckpt", folder(partition))
}

fn offset_of(partition: u16, name: &str) -> Option<u64> {
    let offset = name
        .strip_prefix(&folder(partition))?
        .strip_suffix(".ckpt")?;
    let offset = offset.parse().ok()?;
    (key(partition, offset) == name).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, CheckpointStore) {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::open(dir.path().to_str().unwrap()).unwrap();
        (dir, CheckpointStore::new(&lake))
    }

    fn good(offset: u64, bytes: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if text == format!("state {offset}") {
            Ok(text)
        } else {
            Err(format!("{text} at {offset}"))
        }
    }

    #[test]
    fn three_are_kept_and_the_newest_is_found() {
        let (_dir, store) = store();
        assert!(store.newest(0, good).unwrap().checkpoint.is_none());
        for offset in [5, 100, 20_000, 7] {
            store
                .save(1, offset, format!("state {offset}").as_bytes())
                .unwrap();
        }
        // A zombie's is the oldest, and is there only until the next.
        assert_eq!(store.offsets(1).unwrap(), [7, 100, 20_000]);
        store.save(1, 30_000, b"state 30000").unwrap();
        assert_eq!(store.offsets(1).unwrap(), [100, 20_000, 30_000]);
        let newest = store.newest(1, good).unwrap();
        assert_eq!(newest.checkpoint, Some((30_000, "state 30000".to_owned())));
        assert!(newest.damaged.is_empty());
        assert!(store.offsets(0).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_one_is_told_and_the_one_before_is_taken() {
        let (_dir, store) = store();
        store.save(0, 10, b"state 10").unwrap();
        store.save(0, 20, b"damaged").unwrap();
        store.save(0, 30, b"").unwrap();
        let newest = store.newest(0, good).unwrap();
        assert_eq!(newest.checkpoint, Some((10, "state 10".to_owned())));
        let names: Vec<_> = newest.damaged.iter().map(|(name, _)| &**name).collect();
        assert_eq!(
            names,
            [
                "checkpoints/p000/00000000000000000030.ckpt",
                "checkpoints/p000/00000000000000000020.ckpt"
            ]
        );
    }
}
