//! Follows a store: first everything, then every change, until the receiver is dropped.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{FutureExt, StreamExt, future::try_join_all, stream};
use headcount_engine::{Row, Table};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::{Instant, sleep},
};

use super::{Result, Serving, read::READS, rows::PartitionCommit};

/// Events in flight to the receiver; with more the reader waits.
const EVENTS_MAX: usize = 8;

/// Pages of a load that are in memory at once.
const PAGES: u32 = 4;

/// Between attempts to read a store that does not answer, in addition to the retries of the store itself.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// An event for a replica. Those of one partition are in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicaEvent {
    /// Start this partition from nothing; until the next commit, keep showing the previous state.
    Reset {
        /// The partition.
        partition: u16,
    },
    /// Absolute values, to be applied together with the commit that follows.
    Rows {
        /// The partition.
        partition: u16,
        /// Rows that are new or have changed.
        rows: Vec<Row>,
    },
    /// The partition stands at this offset, with this metadata.
    Commit {
        /// The partition.
        partition: u16,
        /// The next offset: everything before it is in the rows.
        offset: u64,
        /// The metadata of the partition at this offset, as the engine encodes it.
        meta: Vec<u8>,
        /// Answers for the map as JSON, one for each commit since the last one; none after a load.
        pulses: Vec<Vec<u8>>,
    },
    /// The store cannot be read: what is shown is getting old.
    Stale {
        /// The error of the store.
        cause: String,
    },
    /// The store can be read again, and nothing is missing.
    Fresh,
}

/// Reads the whole store, then its changes every `poll`, until the receiver is dropped. It ends for no other reason. Call
/// it within a runtime.
#[must_use]
pub fn follow(serving: Serving, poll: Duration) -> Receiver<ReplicaEvent> {
    let (events, listener) = mpsc::channel(EVENTS_MAX);
    let follower = StoreFollower { serving, events };
    tokio::spawn(follower.run(poll));
    listener
}

/// How long nothing is tried after nothing has led to its latest commit: it takes many reads to find that out.
const RELOAD_INTERVAL: Duration = Duration::from_millis(500);

/// What the listener has of a partition.
#[derive(Default)]
struct FollowedPartition {
    at: Option<u64>,
    /// Whether it was reset and has not got everything since.
    is_incomplete: bool,
    /// When to retry.
    retry_at: Option<Instant>,
}

struct StoreFollower {
    serving: Serving,
    events: Sender<ReplicaEvent>,
}

impl StoreFollower {
    async fn run(self, poll: Duration) {
        let mut known = BTreeMap::new();
        let mut stale = false;
        while !self.events.is_closed() {
            let pause = match self.poll_once(&mut known).await {
                Ok(()) if stale => {
                    stale = false;
                    self.tell(ReplicaEvent::Fresh).await;
                    poll
                }
                Ok(()) => poll,
                Err(error) => {
                    if !stale {
                        let cause = error.to_string();
                        self.tell(ReplicaEvent::Stale { cause }).await;
                    }
                    stale = true;
                    RETRY_INTERVAL.max(poll)
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.events.closed() => {}
            }
        }
    }

    /// Brings every partition to its latest commit.
    async fn poll_once(&self, known: &mut BTreeMap<u16, FollowedPartition>) -> Result<()> {
        let latest = self.serving.store.latest_offsets().await?;
        let now = Instant::now();
        let behind: Vec<_> = latest
            .into_iter()
            .map(|(partition, latest)| {
                (
                    partition,
                    known.remove(&partition).unwrap_or_default(),
                    latest,
                )
            })
            .collect();
        let mut outcome = Ok(());
        let mut advances = Vec::new();
        for (partition, of, latest) in behind {
            if of.at == Some(latest) || of.retry_at.is_some_and(|at| now < at) {
                known.insert(partition, of);
            } else {
                advances.push(self.advance(partition, of).boxed());
            }
        }
        let mut advances = stream::iter(advances).buffer_unordered(READS);
        while let Some((partition, of, advanced)) = advances.next().await {
            known.insert(partition, of);
            outcome = outcome.and(advanced);
        }
        outcome
    }

    async fn advance(
        &self,
        partition: u16,
        mut known: FollowedPartition,
    ) -> (u16, FollowedPartition, Result<()>) {
        let outcome = self.catch_up(partition, &mut known).await;
        (partition, known, outcome)
    }

    async fn catch_up(&self, partition: u16, known: &mut FollowedPartition) -> Result<()> {
        let Some(latest) = self.serving.store.latest(partition).await? else {
            return Ok(());
        };
        known.retry_at = None;
        let entries = match known.at.filter(|_| !known.is_incomplete) {
            Some(at) => {
                self.serving
                    .changes_between(partition, at, latest.offset)
                    .await?
            }
            None => None,
        };
        let Some(entries) = entries else {
            return self.load(partition, known).await;
        };
        let mut pulses = Vec::new();
        for entry in entries {
            pulses.push(entry.pulses);
            self.rows(partition, entry.rows).await;
        }
        known.at = Some(latest.offset);
        self.commit(partition, latest, pulses).await;
        Ok(())
    }

    /// All rows of a partition, and what has followed, unless that is no more than is known. Rows may be of later commits
    /// than the changelog leads to: these come once more, by the changelog.
    async fn load(&self, partition: u16, known: &mut FollowedPartition) -> Result<()> {
        let store = &self.serving.store;
        let snapshot = store.snapshot(partition).await?;
        let Some(snapshot) = snapshot.filter(|snapshot| known.at < Some(snapshot.offset)) else {
            known.retry_at = Some(Instant::now() + RELOAD_INTERVAL);
            return Ok(());
        };
        known.is_incomplete = true;
        self.tell(ReplicaEvent::Reset { partition }).await;
        for table in Table::ALL {
            let mut page = 0;
            while let Some(rows) = self.pages(partition, table, page).await? {
                self.rows(partition, rows).await;
                page += PAGES;
            }
        }
        // It may have gone on meanwhile.
        let latest = store.latest(partition).await?;
        let mut end = latest.unwrap_or(snapshot.clone());
        let entries = self
            .serving
            .changes_between(partition, snapshot.offset, end.offset)
            .await?;
        match entries {
            Some(entries) => {
                for entry in entries {
                    self.rows(partition, entry.rows).await;
                }
            }
            // What the tables have is shown; later reads look whether a changelog leads on from there.
            None => {
                end = snapshot;
                known.retry_at = Some(Instant::now() + RELOAD_INTERVAL);
            }
        }
        (known.at, known.is_incomplete) = (Some(end.offset), false);
        self.commit(partition, end, Vec::new()).await;
        Ok(())
    }

    async fn commit(&self, partition: u16, commit: PartitionCommit, pulses: Vec<Vec<u8>>) {
        self.tell(ReplicaEvent::Commit {
            partition,
            offset: commit.offset,
            meta: commit.body,
            pulses,
        })
        .await;
    }

    /// Some pages at once; none after the end.
    async fn pages(&self, partition: u16, table: Table, first: u32) -> Result<Option<Vec<Row>>> {
        let reads = (first..first.saturating_add(PAGES))
            .map(|page| self.serving.rows(partition, table, page).boxed());
        let rows = try_join_all(reads).await?.concat();
        Ok((!rows.is_empty()).then_some(rows))
    }

    async fn rows(&self, partition: u16, rows: Vec<Row>) {
        if !rows.is_empty() {
            self.tell(ReplicaEvent::Rows { partition, rows }).await;
        }
    }

    async fn tell(&self, event: ReplicaEvent) {
        // A receiver that is gone needs no event; the next poll ends.
        let _ = self.events.send(event).await;
    }
}
