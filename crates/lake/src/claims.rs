//! Claims of partitions and heartbeats of workers: small objects in the lake that all workers write and read.
//!
//! A claim is a number that grows, its *epoch*, and a name. The worker that claims last owns the partition; the previous
//! owner learns of it with its next renewal. Nothing is locked and no clock decides: what a worker writes for a partition it
//! has lost is equal to or older than what is right, so a claim need not keep it from writing, only tell it to stop.
//!
//! ```text
//!  cluster/partitions/p007.json    {"owner":"b","epoch":4,...}     create or compare-and-swap
//!  cluster/workers/b.json          {"name":"b","at":...,...}       its own, just written
//! ```

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, Lake, PutOutcome, Result, SwapOutcome, Tag, escape};

const PARTITIONS: &str = "cluster/partitions/";
const WORKERS: &str = "cluster/workers/";
/// Attempts at a swap. Each failed one means that another process claimed or renewed meanwhile.
const TRIES: usize = 100;

/// The claims in a lake.
#[derive(Debug, Clone)]
pub struct Claims {
    lake: Lake,
}

/// The latest claim of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredClaim {
    /// The partition.
    pub partition: u16,
    /// The worker that owns it; `None` if it was given back.
    pub owner: Option<String>,
    /// Grows with every claim.
    pub epoch: u64,
    /// Random for each claim, so that a worker does not take another's claim for its own.
    claim: u64,
    /// When this was written, ms since 1970 on the owner's clock.
    pub at: i64,
    /// How far the owner is.
    #[serde(flatten)]
    pub progress: ClaimProgress,
}

/// How far a partition's owner is with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimProgress {
    /// The offset of the next entry to be counted.
    pub offset: u64,
    /// Entries that are durable and not counted.
    pub lag: u64,
    /// The next entry to be archived, if its owner archives.
    pub archived: Option<u64>,
    /// How far record time has come, ms since 1970.
    pub stream_time: Option<i64>,
    /// One past the last entry that is in the tables served, if its owner serves.
    pub served: Option<u64>,
    /// One past the last entry of the newest checkpoint.
    pub checkpointed: u64,
    /// The owner's version.
    pub version: String,
}

/// What a worker says of itself from time to time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerHeartbeat {
    /// Its name, which no other has.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does: `ingest`, `process`, `serve`.
    pub roles: Vec<String>,
    /// The sources that it reads.
    pub sources: Vec<String>,
    /// Where it can be reached, if it serves.
    pub address: Option<String>,
    /// When it was started, ms since 1970.
    pub started: i64,
    /// When this was written, ms since 1970 on its clock.
    pub at: i64,
}

/// A partition that we own, as far as we know.
#[derive(Debug)]
pub struct PartitionClaim {
    lake: Lake,
    status: StoredClaim,
    tag: Tag,
}

/// The answer to [`PartitionClaim::renew`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// It is ours.
    StillOurs,
    /// Another worker owns the partition, or none does; stop counting it.
    LostTo {
        /// Whose it is now.
        owner: Option<String>,
        /// The latest claim.
        epoch: u64,
    },
}

impl Claims {
    /// The claims in a lake.
    #[must_use]
    pub fn new(lake: &Lake) -> Self {
        Self { lake: lake.clone() }
    }

    /// Claims a partition for `worker`, whatever its owner; `now` is in ms since 1970. The group that assigns partitions
    /// decides whether it should be claimed.
    pub fn claim(&self, partition: u16, worker: &str, now: i64) -> Result<PartitionClaim> {
        let key = key(partition);
        let claim = headcount_clock::random_id();
        for _ in 0..TRIES {
            let found = self.read::<StoredClaim>(&key)?;
            let before = found.as_ref().map(|(status, _)| status);
            let status = StoredClaim {
                partition,
                owner: Some(worker.to_owned()),
                epoch: before.map_or(0, |before| before.epoch) + 1,
                claim,
                at: now,
                progress: before
                    .map_or_else(ClaimProgress::default, |before| before.progress.clone()),
            };
            let tag = match found {
                None => match self.lake.put_new(&key, to_body(&status))? {
                    PutOutcome::Created(tag) => Some(tag),
                    PutOutcome::Exists => None,
                },
                Some((_, tag)) => match self.lake.put_if(&key, &tag, to_body(&status))? {
                    SwapOutcome::Stored(tag) => Some(tag),
                    SwapOutcome::Lost => None,
                },
            };
            if let Some(tag) = tag {
                let lake = self.lake.clone();
                return Ok(PartitionClaim { lake, status, tag });
            }
        }
        Err(Error::damaged(
            &self.lake,
            &key,
            "other processes keep claiming it",
        ))
    }

    /// The latest claims, by number of the partition. A partition without a claim yet is missing.
    pub fn partitions(&self) -> Result<Vec<StoredClaim>> {
        self.read_all(PARTITIONS)
    }

    /// The latest heartbeats, by name of the worker. An old one shows a silent worker.
    pub fn workers(&self) -> Result<Vec<WorkerHeartbeat>> {
        self.read_all(WORKERS)
    }

    /// Says that a worker is there.
    pub fn heartbeat(&self, status: &WorkerHeartbeat) -> Result<()> {
        self.lake.put(&worker_key(&status.name), &to_body(status))
    }

    /// Says that a worker is gone, as it does when it stops in order.
    pub fn forget(&self, worker: &str) -> Result<()> {
        self.lake.delete(&worker_key(worker))
    }

    fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<(T, Tag)>> {
        let Some((body, tag)) = self.lake.get(key)? else {
            return Ok(None);
        };
        let status = from_body(&self.lake, key, &body)?;
        Ok(Some((status, tag)))
    }

    fn read_all<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<T>> {
        let mut keys = Vec::new();
        self.lake.list(prefix, |object| keys.push(object.key))?;
        let all = keys.iter().filter_map(|key| {
            let read = self.read(key).transpose()?;
            Some(read.map(|(status, _)| status))
        });
        all.collect()
    }
}

impl PartitionClaim {
    /// The number of the claim.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.status.epoch
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> u16 {
        self.status.partition
    }

    /// Writes this worker's progress if it still owns the partition; `now` is in ms since 1970.
    ///
    /// An error does not tell who owns it. While the lake is away no other worker can claim it either.
    pub fn renew(&mut self, progress: ClaimProgress, now: i64) -> Result<Renewed> {
        let status = StoredClaim {
            progress,
            at: now,
            ..self.status.clone()
        };
        self.swap(status)
    }

    /// Gives the partition back, if it is still ours, so that the next owner need not wait for us to be silent.
    pub fn release(mut self, now: i64) -> Result<()> {
        let status = StoredClaim {
            owner: None,
            at: now,
            ..self.status.clone()
        };
        self.swap(status).map(drop)
    }

    fn swap(&mut self, status: StoredClaim) -> Result<Renewed> {
        let key = key(status.partition);
        for _ in 0..TRIES {
            if let SwapOutcome::Stored(tag) = self.lake.put_if(&key, &self.tag, to_body(&status))? {
                (self.tag, self.status) = (tag, status);
                return Ok(Renewed::StillOurs);
            }
            let Some((body, tag)) = self.lake.get(&key)? else {
                let epoch = self.status.epoch;
                return Ok(Renewed::LostTo { owner: None, epoch });
            };
            let found: StoredClaim = from_body(&self.lake, &key, &body)?;
            if (found.epoch, found.claim) != (status.epoch, status.claim) {
                let StoredClaim { owner, epoch, .. } = found;
                return Ok(Renewed::LostTo { owner, epoch });
            }
            // A renewal of ours that failed was done after all.
            self.tag = tag;
        }
        Err(Error::damaged(
            &self.lake,
            &key,
            "other processes keep changing it",
        ))
    }
}

fn key(partition: u16) -> String {
    format!("{PARTITIONS}p{partition:03}.json")
}

fn worker_key(name: &str) -> String {
    format!("{WORKERS}{}.json", escape(name))
}

fn to_body<T: Serialize>(status: &T) -> bytes::Bytes {
    let mut body = serde_json::to_vec(status).expect("a status is plain data");
    body.push(b'\n');
    body.into()
}

fn from_body<T: DeserializeOwned>(lake: &Lake, key: &str, body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|e| {
        let reason = format!("{e}; remove it to start with new claims");
        Error::damaged(lake, key, reason)
    })
}
