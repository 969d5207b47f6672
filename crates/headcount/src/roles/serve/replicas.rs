//! What is served, shown by a process that does not count: a replica of every partition.

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
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle as Task,
    time::timeout,
};

use crate::{
    news::News,
    roles::serve::partition_handle::{Desk, Progress, Surveyors, surveyor},
};

/// How often it is looked for something new.
const POLL: Duration = Duration::from_millis(50);
/// How long an idle replica waits before it looks at requests again.
const LOOK: Duration = Duration::from_millis(5);
/// Steps that may wait at one replica.
const STEPS: usize = 4;

/// What one replica learns.
enum Step {
    Anew,
    Rows(Vec<Row>),
    Commit {
        offset: u64,
        book: Vec<u8>,
        pulses: Vec<Vec<u8>>,
    },
}

/// The replicas of all partitions.
pub(crate) struct Replicas {
    surveyors: Surveyors,
    dispatch: Task<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Replicas {
    /// Loads everything that is served, and follows it from then on.
    pub(crate) fn start(serving: Serving, news: News) -> Result<Self> {
        let partitions = serving.identity().partitions;
        let surveyors = Surveyors::new(partitions);
        let (mut inboxes, mut threads) = (Vec::new(), Vec::new());
        for at in 0..partitions {
            let (inbox, steps) = mpsc::channel(STEPS);
            let (handle, desk) = surveyor(Progress::default());
            surveyors.insert(at, handle);
            let mut run = Run {
                at,
                steps,
                desk,
                shown: Replica::new(),
                loading: None,
                rows: Vec::new(),
                news: news.clone(),
                runtime: Handle::current(),
            };
            let thread = thread::Builder::new()
                .name(format!("replica-{at}"))
                .spawn(move || run.run())
                .context("start a thread")?;
            inboxes.push(inbox);
            threads.push(thread);
        }
        let dispatch = tokio::spawn(dispatch(follow(serving, POLL), inboxes));
        Ok(Self {
            surveyors,
            dispatch,
            threads,
        })
    }

    pub(crate) fn surveyors(&self) -> Surveyors {
        self.surveyors.clone()
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

/// Gives every replica what is its own.
async fn dispatch(
    mut heard: Receiver<headcount_serving::ReplicaEvent>,
    inboxes: Vec<Sender<Step>>,
) {
    while let Some(news) = heard.recv().await {
        let (partition, step) = match news {
            headcount_serving::ReplicaEvent::Reset { partition } => (partition, Step::Anew),
            headcount_serving::ReplicaEvent::Rows { partition, rows } => {
                (partition, Step::Rows(rows))
            }
            headcount_serving::ReplicaEvent::Commit {
                partition,
                offset,
                book,
                pulses,
            } => {
                let commit = Step::Commit {
                    offset,
                    book,
                    pulses,
                };
                (partition, commit)
            }
            headcount_serving::ReplicaEvent::Stale { cause } => {
                tracing::warn!("what is shown grows old: {cause}; it is tried again");
                continue;
            }
            headcount_serving::ReplicaEvent::Fresh => {
                tracing::info!("what is shown is up to date again");
                continue;
            }
        };
        if let Some(inbox) = inboxes.get(usize::from(partition)) {
            // A replica that has failed has said why.
            let _ = inbox.send(step).await;
        }
    }
}

struct Run {
    at: u16,
    steps: Receiver<Step>,
    desk: Desk,
    shown: Replica,
    /// What is being loaded; until it is whole the one before is shown.
    loading: Option<Replica>,
    /// Rows of a commit that is not complete.
    rows: Vec<Row>,
    news: News,
    runtime: Handle,
}

impl Run {
    fn run(&mut self) {
        let runtime = self.runtime.clone();
        loop {
            self.desk.answer(|scope| self.shown.survey(scope));
            match runtime.block_on(async { timeout(LOOK, self.steps.recv()).await }) {
                Ok(Some(step)) => {
                    if let Err(error) = self.step(step) {
                        let error = error.context(format!("show partition {}", self.at));
                        return self.news.fail(&error);
                    }
                }
                Ok(None) => return,
                Err(_) => {}
            }
        }
    }

    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Anew => {
                self.loading = Some(Replica::new());
                self.rows.clear();
            }
            Step::Rows(rows) => match &mut self.loading {
                Some(loading) => loading.apply_rows(&rows)?,
                None => self.rows.extend(rows),
            },
            Step::Commit {
                offset,
                book,
                pulses,
            } => {
                match self.loading.take() {
                    Some(loaded) => self.shown = loaded,
                    None => self.shown.apply_rows(&std::mem::take(&mut self.rows))?,
                }
                self.shown.set_meta(&book)?;
                self.tell(offset, &pulses);
            }
        }
        Ok(())
    }

    fn tell(&self, offset: u64, pulses: &[Vec<u8>]) {
        self.desk.tell(Progress {
            next_offset: offset,
            stream_time: self.shown.stream_time(),
            caught_up: true,
            behind: 0,
        });
        for pulses in pulses {
            match serde_json::from_slice::<Vec<Pulse>>(pulses) {
                Ok(pulses) if pulses.is_empty() => {}
                // Nobody may be looking.
                Ok(pulses) => drop(self.news.pulses.send(Arc::from(pulses))),
                Err(error) => tracing::debug!("dots of the map cannot be read: {error}"),
            }
        }
        self.news.commits.send_modify(|commit| *commit += 1);
    }
}
