//! Replicas of all partitions, for a process that serves but does not count.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use headcount_engine::{Pulse, Replica, Row};
use headcount_serving::{Serving, follow};
use tokio::{
    runtime::Handle,
    sync::{
        Notify,
        mpsc::{self, Receiver, Sender},
    },
    task::JoinHandle as Task,
};

use crate::{
    event_bus::EventBus,
    exit::{TEMPORARY, exit},
    roles::serve::partition_handle::{
        PartitionHandles, PartitionProgress, RequestInbox, partition_handle,
    },
};

/// How often the serving store is polled for changes.
const POLL: Duration = Duration::from_millis(50);
/// Updates that may wait at one replica.
const UPDATES: usize = 4;

/// An update of one replica.
enum ReplicaUpdate {
    Reset,
    Rows(Vec<Row>),
    Commit {
        offset: u64,
        meta: Vec<u8>,
        pulses: Vec<Vec<u8>>,
    },
}

/// The replicas of all partitions.
pub(crate) struct Replicas {
    handles: PartitionHandles,
    dispatch: Task<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Replicas {
    /// Loads the serving store and follows it from then on.
    pub(crate) fn start(serving: Serving, bus: EventBus) -> Result<Self> {
        let partitions = serving.identity().partitions;
        let handles = PartitionHandles::new(partitions);
        let (mut inboxes, mut threads) = (Vec::new(), Vec::new());
        for at in 0..partitions {
            let (inbox, updates) = mpsc::channel(UPDATES);
            let asked = Arc::new(Notify::new());
            let wake = Arc::clone(&asked);
            let (handle, requests) =
                partition_handle(PartitionProgress::default(), move || wake.notify_one());
            handles.insert(at, handle);
            let mut run = ReplicaLoop {
                at,
                updates,
                requests,
                asked,
                shown: Replica::new(),
                loading: None,
                rows: Vec::new(),
                bus: bus.clone(),
                runtime: Handle::current(),
            };
            let guard = bus.guard(format!("the thread that shows partition {at}"));
            let thread = thread::Builder::new()
                .name(format!("replica-{at}"))
                .spawn(move || {
                    let _guard = guard;
                    run.run();
                })
                .context("start a thread")?;
            inboxes.push(inbox);
            threads.push(thread);
        }
        let events = follow(serving, POLL);
        let dispatch = tokio::spawn(async move {
            dispatch(events, inboxes).await;
            // Only the end of the process ends it otherwise, and that aborts this task.
            bus.fail(&exit(
                TEMPORARY,
                "reading the serving store ended, which is a bug in headcount; start headcount again",
            ));
        });
        Ok(Self {
            handles,
            dispatch,
            threads,
        })
    }

    pub(crate) fn handles(&self) -> PartitionHandles {
        self.handles.clone()
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.dispatch.abort();
        // The inboxes go with the task, and the threads end with them.
        let _ = self.dispatch.await;
        for thread in self.threads {
            tokio::task::spawn_blocking(move || thread.join())
                .await?
                .map_err(|_| anyhow!("a replica's thread panicked"))?;
        }
        Ok(())
    }
}

/// Sends each replica the updates of its partition.
async fn dispatch(
    mut heard: Receiver<headcount_serving::ReplicaEvent>,
    inboxes: Vec<Sender<ReplicaUpdate>>,
) {
    while let Some(bus) = heard.recv().await {
        let (partition, update) = match bus {
            headcount_serving::ReplicaEvent::Reset { partition } => {
                (partition, ReplicaUpdate::Reset)
            }
            headcount_serving::ReplicaEvent::Rows { partition, rows } => {
                (partition, ReplicaUpdate::Rows(rows))
            }
            headcount_serving::ReplicaEvent::Commit {
                partition,
                offset,
                meta,
                pulses,
            } => {
                let commit = ReplicaUpdate::Commit {
                    offset,
                    meta,
                    pulses,
                };
                (partition, commit)
            }
            headcount_serving::ReplicaEvent::Stale { cause } => {
                tracing::warn!("the dashboard is out of date: {cause}; retrying");
                continue;
            }
            headcount_serving::ReplicaEvent::Fresh => {
                tracing::info!("the dashboard is up to date again");
                continue;
            }
        };
        if let Some(inbox) = inboxes.get(usize::from(partition)) {
            // A replica that has failed has logged why.
            let _ = inbox.send(update).await;
        }
    }
}

struct ReplicaLoop {
    at: u16,
    updates: Receiver<ReplicaUpdate>,
    requests: RequestInbox,
    /// Wakes the thread for a request.
    asked: Arc<Notify>,
    shown: Replica,
    /// The replica being loaded; until it is complete, the previous one is shown.
    loading: Option<Replica>,
    /// Rows of a commit that is not complete.
    rows: Vec<Row>,
    bus: EventBus,
    runtime: Handle,
}

impl ReplicaLoop {
    fn run(&mut self) {
        let runtime = self.runtime.clone();
        loop {
            self.requests.answer(|scope| self.shown.aggregate(scope));
            let update = runtime.block_on(async {
                tokio::select! {
                    update = self.updates.recv() => update.map(Some),
                    () = self.asked.notified() => Some(None),
                }
            });
            match update {
                Some(Some(update)) => {
                    if let Err(error) = self.update(update) {
                        let error = error.context(format!("show partition {}", self.at));
                        return self.bus.fail(&error);
                    }
                }
                // A request is waiting.
                Some(None) => {}
                None => return,
            }
        }
    }

    fn update(&mut self, update: ReplicaUpdate) -> Result<()> {
        match update {
            ReplicaUpdate::Reset => {
                self.loading = Some(Replica::new());
                self.rows.clear();
            }
            ReplicaUpdate::Rows(rows) => match &mut self.loading {
                Some(loading) => loading.apply_rows(&rows)?,
                None => self.rows.extend(rows),
            },
            ReplicaUpdate::Commit {
                offset,
                meta,
                pulses,
            } => {
                match self.loading.take() {
                    Some(loaded) => self.shown = loaded,
                    None => self.shown.apply_rows(&std::mem::take(&mut self.rows))?,
                }
                self.shown.set_meta(&meta)?;
                self.tell(offset, &pulses);
            }
        }
        Ok(())
    }

    fn tell(&self, offset: u64, pulses: &[Vec<u8>]) {
        self.requests.tell(PartitionProgress {
            next_offset: offset,
            stream_time: self.shown.stream_time(),
            caught_up: true,
            behind: 0,
        });
        for pulses in pulses {
            match serde_json::from_slice::<Vec<Pulse>>(pulses) {
                Ok(pulses) if pulses.is_empty() => {}
                // There may be no dashboard open.
                Ok(pulses) => drop(self.bus.pulses.send(Arc::from(pulses))),
                Err(error) => tracing::debug!("cannot decode answers for the map: {error}"),
            }
        }
        self.bus.commits.send_modify(|commit| *commit += 1);
    }
}
