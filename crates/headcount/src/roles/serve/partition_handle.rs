//! Handles of the threads that hold the state of a partition and answer aggregates of it.
//!
//! That thread is either the follower that counts the partition or a replica of the serving store. Callers need not know
//! which.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, RwLock,
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    time::Duration,
};

use anyhow::{Result, anyhow, ensure};
use headcount_engine::{PartialAggregate, Scope, stream_time_of_all};
use tokio::sync::{oneshot, watch};

/// Requests that may wait at one partition.
const REQUESTS: usize = 64;

/// How far a partition is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct PartitionProgress {
    pub(crate) next_offset: u64,
    pub(crate) stream_time: Option<i64>,
    /// Whether everything that was in the journal when it was opened has been counted.
    pub(crate) caught_up: bool,
    /// Entries that are durable but not counted, by the latest report of the journal.
    pub(crate) behind: u64,
}

pub(crate) enum Request {
    PartialAggregate(Arc<Scope>, oneshot::Sender<PartialAggregate>),
    Stop,
}

/// The handle of a thread that answers aggregates of one partition.
#[derive(Clone)]
pub(crate) struct PartitionHandle {
    requests: SyncSender<Request>,
    progress: Arc<Mutex<PartitionProgress>>,
    /// Ends the thread's wait for entries, so that it finds a request at once.
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// The thread's end of the handle.
pub(crate) struct RequestInbox {
    requests: Receiver<Request>,
    /// A request that arrived while the thread waited for one.
    waiting: Option<Request>,
    progress: Arc<Mutex<PartitionProgress>>,
}

/// A new handle and the thread's end of it. `wake` ends the thread's wait for entries.
pub(crate) fn partition_handle(
    progress: PartitionProgress,
    wake: impl Fn() + Send + Sync + 'static,
) -> (PartitionHandle, RequestInbox) {
    let (sender, requests) = sync_channel(REQUESTS);
    let progress = Arc::new(Mutex::new(progress));
    let handle = PartitionHandle {
        requests: sender,
        progress: Arc::clone(&progress),
        wake: Arc::new(wake),
    };
    let inbox = RequestInbox {
        requests,
        waiting: None,
        progress,
    };
    (handle, inbox)
}

impl PartitionHandle {
    pub(crate) fn progress(&self) -> PartitionProgress {
        self.progress
            .lock()
            .expect("the lock is not poisoned")
            .clone()
    }

    /// Requests an aggregate; the thread answers between two batches.
    fn aggregate(&self, scope: Arc<Scope>) -> Result<oneshot::Receiver<PartialAggregate>> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .try_send(Request::PartialAggregate(scope, reply))
            .map_err(|_| anyhow!("the partition has stopped or has too much to answer"))?;
        (self.wake)();
        Ok(answer)
    }

    /// Tells the thread to stop. A thread that has failed no longer listens.
    pub(crate) fn stop(&self) {
        let _ = self.requests.send(Request::Stop);
        (self.wake)();
    }
}

impl RequestInbox {
    pub(crate) fn tell(&self, progress: PartitionProgress) {
        *self.progress.lock().expect("only this thread panics here") = progress;
    }

    /// Waits this long, or until there is a request.
    pub(crate) fn wait(&mut self, limit: Duration) {
        if self.waiting.is_none() {
            self.waiting = self.requests.recv_timeout(limit).ok();
        }
    }

    /// Answers the waiting requests; returns whether to stop.
    pub(crate) fn answer(&mut self, aggregate: impl Fn(&Scope) -> PartialAggregate) -> bool {
        loop {
            let request = self.waiting.take();
            match request.map_or_else(|| self.requests.try_recv(), Ok) {
                Ok(Request::PartialAggregate(scope, reply)) => {
                    // The client may have gone.
                    let _ = reply.send(aggregate(&scope));
                }
                Ok(Request::Stop) | Err(TryRecvError::Disconnected) => return true,
                Err(TryRecvError::Empty) => return false,
            }
        }
    }
}

/// Handles of the partitions that this process holds. Partitions may come and go.
#[derive(Clone)]
pub(crate) struct PartitionHandles {
    partitions: u16,
    held: Arc<RwLock<BTreeMap<u16, PartitionHandle>>>,
    /// Changes when a partition comes or goes.
    moved: watch::Sender<()>,
}

impl PartitionHandles {
    /// For a journal with this many partitions; none is held yet.
    pub(crate) fn new(partitions: u16) -> Self {
        Self {
            partitions,
            held: Arc::default(),
            moved: watch::Sender::new(()),
        }
    }

    pub(crate) fn insert(&self, partition: u16, handle: PartitionHandle) {
        let mut held = self.held.write().expect("the lock is not poisoned");
        held.insert(partition, handle);
        drop(held);
        self.moved.send_replace(());
    }

    pub(crate) fn remove(&self, partition: u16) {
        let mut held = self.held.write().expect("the lock is not poisoned");
        held.remove(&partition);
        drop(held);
        self.moved.send_replace(());
    }

    /// Changes when a partition comes or goes.
    pub(crate) fn moved(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }

    /// The held partitions, in order.
    pub(crate) fn held(&self) -> Vec<(u16, PartitionHandle)> {
        let held = self.held.read().expect("the lock is not poisoned");
        held.iter().map(|(at, part)| (*at, part.clone())).collect()
    }

    /// Why there are no figures of the whole journal yet, as a sentence; `None` if there are.
    pub(crate) fn missing(&self) -> Option<String> {
        let held = self.held.read().expect("the lock is not poisoned");
        let list = |wanted: &dyn Fn(u16) -> bool| {
            let found: Vec<_> = (0..self.partitions)
                .filter(|at| wanted(*at))
                .map(|at| at.to_string())
                .collect();
            match &found[..] {
                [] => None,
                [one] => Some(format!("partition {one}")),
                several => Some(format!("partitions {}", several.join(", "))),
            }
        };
        if let Some(absent) = list(&|at| !held.contains_key(&at)) {
            return Some(format!("waiting for {absent} of the journal"));
        }
        let behind = list(&|at| held.get(&at).is_some_and(|part| !part.progress().caught_up))?;
        Some(format!("counting {behind} from the journal"))
    }

    /// An aggregate of every partition under one stream time, which is set here.
    pub(crate) async fn aggregate(&self, mut scope: Scope) -> Result<Vec<PartialAggregate>> {
        let held = self.held();
        ensure!(
            held.len() == usize::from(self.partitions),
            "this process counts only {} of the journal's {} partitions; ask one that shows the whole \
             journal, started with --role serve and --serving",
            held.len(),
            self.partitions
        );
        // One stream time for all partitions, so that windows end at the same moment while counting continues.
        let times = held.iter().map(|(_, part)| part.progress().stream_time);
        scope.stream_time = stream_time_of_all(times);
        let scope = Arc::new(scope);
        let answers: Vec<_> = held
            .iter()
            .map(|(_, part)| part.aggregate(Arc::clone(&scope)))
            .collect::<Result<_>>()?;
        let mut aggregates = Vec::with_capacity(answers.len());
        for answer in answers {
            let gone = |_| anyhow!("a partition has stopped");
            aggregates.push(answer.await.map_err(gone)?);
        }
        Ok(aggregates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_missing_is_said_and_who_has_it() {
        let handles = PartitionHandles::new(4);
        let held: Vec<_> = (1..3)
            .map(|_| partition_handle(PartitionProgress::default(), || {}))
            .collect();
        for ((handle, _), at) in held.iter().zip(1..) {
            handles.insert(at, handle.clone());
        }
        let missing = handles.missing();
        assert_eq!(
            missing.as_deref(),
            Some("waiting for partitions 0, 3 of the journal")
        );
        let refused = handles.aggregate(Scope::default()).await.err();
        let said = refused.expect("two are not here").to_string();
        // Not ready, and why, was said before; a query must still be refused.
        assert!(said.contains("ask one that shows the whole"), "{said}");
    }
}
