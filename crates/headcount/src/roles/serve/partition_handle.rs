//! Who can be asked for a survey: the threads that hold the state of a partition.
//!
//! A partition's state is held either by the follower that counts it or by a replica of what is
//! served. Whoever questions cannot tell them apart.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, RwLock,
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
};

use anyhow::{Result, anyhow, ensure};
use headcount_engine::{Filter, Scope, Survey, stream_time_of_all};
use tokio::sync::oneshot;

/// Requests that may wait at one partition.
const REQUESTS: usize = 64;

/// How far a partition has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct PartitionProgress {
    pub(crate) next_offset: u64,
    pub(crate) stream_time: Option<i64>,
    /// Whether everything that was in the journal when it was opened has been counted.
    pub(crate) caught_up: bool,
    /// Entries that are durable and not counted, as far as was known a moment ago.
    pub(crate) behind: u64,
}

pub(crate) enum Request {
    Survey(Scope, oneshot::Sender<Survey>),
    Stop,
}

/// The handle of a thread that answers surveys of one partition.
#[derive(Clone)]
pub(crate) struct PartitionHandle {
    requests: SyncSender<Request>,
    progress: Arc<Mutex<PartitionProgress>>,
}

/// The thread's end of the handle.
pub(crate) struct RequestInbox {
    requests: Receiver<Request>,
    progress: Arc<Mutex<PartitionProgress>>,
}

/// A new handle and the thread's end of it.
pub(crate) fn partition_handle(progress: PartitionProgress) -> (PartitionHandle, RequestInbox) {
    let (sender, requests) = sync_channel(REQUESTS);
    let progress = Arc::new(Mutex::new(progress));
    let handle = PartitionHandle {
        requests: sender,
        progress: Arc::clone(&progress),
    };
    (handle, RequestInbox { requests, progress })
}

impl PartitionHandle {
    pub(crate) fn progress(&self) -> PartitionProgress {
        self.progress
            .lock()
            .expect("the lock is not poisoned")
            .clone()
    }

    /// Asks for a survey; the answer comes between two steps of the thread.
    fn survey(&self, scope: Scope) -> Result<oneshot::Receiver<Survey>> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .try_send(Request::Survey(scope, reply))
            .map_err(|_| anyhow!("the partition has stopped or has too much to answer"))?;
        Ok(answer)
    }

    /// Tells the thread to stop. One that has failed does not listen any more.
    pub(crate) fn stop(&self) {
        let _ = self.requests.send(Request::Stop);
    }
}

impl RequestInbox {
    pub(crate) fn tell(&self, progress: PartitionProgress) {
        *self.progress.lock().expect("only this thread panics here") = progress;
    }

    /// Answers what was asked; whether it is time to stop.
    pub(crate) fn answer(&self, survey: impl Fn(&Scope) -> Survey) -> bool {
        loop {
            match self.requests.try_recv() {
                Ok(Request::Survey(scope, reply)) => {
                    // Nobody waits any more if the client has gone.
                    let _ = reply.send(survey(&scope));
                }
                Ok(Request::Stop) | Err(TryRecvError::Disconnected) => return true,
                Err(TryRecvError::Empty) => return false,
            }
        }
    }
}

/// The partitions of a journal that are held in this process. They may come and go.
#[derive(Clone)]
pub(crate) struct PartitionHandles {
    partitions: u16,
    held: Arc<RwLock<BTreeMap<u16, PartitionHandle>>>,
}

impl PartitionHandles {
    /// Of a journal with so many partitions; none is held yet.
    pub(crate) fn new(partitions: u16) -> Self {
        Self {
            partitions,
            held: Arc::default(),
        }
    }

    pub(crate) fn insert(&self, partition: u16, handle: PartitionHandle) {
        let mut held = self.held.write().expect("the lock is not poisoned");
        held.insert(partition, handle);
    }

    pub(crate) fn remove(&self, partition: u16) {
        let mut held = self.held.write().expect("the lock is not poisoned");
        held.remove(&partition);
    }

    /// The partitions held, in order.
    pub(crate) fn held(&self) -> Vec<(u16, PartitionHandle)> {
        let held = self.held.read().expect("the lock is not poisoned");
        held.iter().map(|(at, part)| (*at, part.clone())).collect()
    }

    /// Why no figures of the whole journal can be given yet, if so.
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

    /// A survey of every partition under one stream time.
    pub(crate) async fn survey(&self, filter: Filter, whole: bool) -> Result<Vec<Survey>> {
        let held = self.held();
        ensure!(
            held.len() == usize::from(self.partitions),
            "only {} of the journal's {} partitions are counted in this process; ask one that shows \
             the whole: one with --role serve and --serving",
            held.len(),
            self.partitions
        );
        // Once for all partitions, so that all are cut at the same moment; they go on meanwhile.
        let times = held.iter().map(|(_, part)| part.progress().stream_time);
        let stream_time = stream_time_of_all(times);
        let scope = Scope {
            filter,
            stream_time,
            whole,
        };
        let answers: Vec<_> = held
            .iter()
            .map(|(_, part)| part.survey(scope.clone()))
            .collect::<Result<_>>()?;
        let mut surveys = Vec::with_capacity(answers.len());
        for answer in answers {
            let gone = |_| anyhow!("a partition has stopped");
            surveys.push(answer.await.map_err(gone)?);
        }
        Ok(surveys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_missing_is_said_and_who_has_it() {
        let handles = PartitionHandles::new(4);
        let held: Vec<_> = (1..3)
            .map(|_| partition_handle(PartitionProgress::default()))
            .collect();
        for ((handle, _), at) in held.iter().zip(1..) {
            handles.insert(at, handle.clone());
        }
        let missing = handles.missing();
        assert_eq!(
            missing.as_deref(),
            Some("waiting for partitions 0, 3 of the journal")
        );
        let refused = handles.survey(Filter::default(), true).await.err();
        let said = refused.expect("two are not here").to_string();
        // It may have been said here already, and this process shows nothing all the same.
        assert!(said.contains("ask one that shows the whole"), "{said}");
    }
}
