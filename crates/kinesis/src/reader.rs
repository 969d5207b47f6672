//! A whole stream, or what is put at one hash key: every shard after those it came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use headcount_clock::{Backoff, now_ms};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::forgotten::forgotten;
use crate::graph::{Graph, Shard};
use crate::hash_key::HashKey;
use crate::record::StreamRecord;
use crate::shard::{ShardReader, ShardStart};
use crate::task::{Delivery, ShardTask};

/// What is to be read.
#[derive(Debug, Clone)]
pub struct ReadPlan {
    /// Where shards begin of which nothing was read yet.
    pub beginning: ShardStart,
    /// Where shards go on that were read before.
    pub starts: BTreeMap<String, ShardStart>,
    /// Only the shards that hold what is put here.
    pub only: Option<HashKey>,
    /// Go on at the oldest record when what comes next is no longer kept, and say so by [`StreamEvent::Lost`].
    pub tolerates_loss: bool,
}

/// What happens while a stream is read. Events of one shard come in order, and the end of a shard before anything of
/// those that came from it.
#[derive(Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// Records of a shard, in order; none when all were read and nothing came for a while.
    Records {
        /// The id of the shard.
        shard: String,
        /// What the read brought.
        records: Vec<StreamRecord>,
        /// How far behind the tip of the shard, ms of arrival.
        behind_ms: i64,
        /// All that the stream had at this moment was read. Only said without records, and after two looks: a shard
        /// that was closed a moment ago may answer once as if it were open.
        whole_at: Option<std::time::Instant>,
    },
    /// A closed shard was read to its end.
    Ended {
        /// The id of the shard.
        shard: String,
    },
    /// What arrived between these times (ms since 1970) is no longer kept.
    Lost {
        /// The id of the shard.
        shard: String,
        /// Everything that arrived before was read.
        from_ms: i64,
        /// What arrived later is still kept.
        to_ms: i64,
    },
    /// Something did not work and is tried again: a sentence.
    Trouble(String),
}

/// Reads the shards of a stream side by side. Memory is bounded by `reads_at_once` answers of the service.
#[derive(Debug)]
pub struct StreamReader {
    client: Client,
    plan: ReadPlan,
    graph: Graph,
    /// When the shards are listed next.
    list_at: Instant,
    listed: bool,
    backoff: Backoff,
    room: Arc<Semaphore>,
    sender: mpsc::Sender<Delivery>,
    events: mpsc::Receiver<Delivery>,
    /// The room of the event that was handed out last.
    held: Option<OwnedSemaphorePermit>,
    /// Ends the tasks when the reader is dropped.
    tasks: JoinSet<()>,
}

impl StreamReader {
    /// A reader of what `plan` says. It reads nothing before [`StreamReader::next`] is first called.
    pub fn new(client: Client, plan: ReadPlan) -> Self {
        let (sender, events) = mpsc::channel(1);
        StreamReader {
            graph: Graph::default(),
            list_at: Instant::now(),
            listed: false,
            backoff: Backoff::new(client.options().delays),
            room: Arc::new(Semaphore::new(client.options().reads_at_once.max(1))),
            sender,
            events,
            held: None,
            tasks: JoinSet::new(),
            client,
            plan,
        }
    }

    /// The next event. May be called off without losing one. After an error it is of no more use.
    pub async fn next(&mut self) -> Result<StreamEvent> {
        self.held = None;
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.list_at) => {
                    if let Some(trouble) = self.list().await? {
                        return Ok(trouble);
                    }
                }
                Some((event, held)) = self.events.recv() => {
                    self.held = held;
                    let event = event?;
                    if let StreamEvent::Ended { shard } = &event {
                        self.graph.end(shard);
                        // What came from it is listed before anything else is handed out.
                        self.list_at = Instant::now();
                    }
                    return Ok(event);
                }
            }
        }
    }

    fn repeat_or_fail(&mut self, error: Error) -> Result<Option<StreamEvent>> {
        if !error.is_transient() {
            return Err(error);
        }
        self.list_at = Instant::now() + self.backoff.next_delay();
        Ok(Some(StreamEvent::Trouble(error.to_string())))
    }

    /// A shard that is listed no more has lost all it had: was it read to its end before?
    async fn check_forgotten(&self, listed: &[Shard]) -> Result<Option<StreamEvent>> {
        for (shard, sequence, whole_ms) in forgotten(&self.plan.starts, listed) {
            let retention_hours = self.client.summary().await?.retention_hours;
            let to_ms = now_ms() - i64::from(retention_hours) * 3_600_000;
            if whole_ms > to_ms {
                continue;
            }
            if self.plan.tolerates_loss {
                return Ok(Some(StreamEvent::Lost {
                    shard,
                    from_ms: whole_ms,
                    to_ms,
                }));
            }
            return Err(Error::Lost {
                stream: self.client.stream().to_owned(),
                shard,
                sequence,
                whole_ms,
                retention_hours,
            });
        }
        Ok(None)
    }

    /// Lists the shards and starts those that are due.
    async fn list(&mut self) -> Result<Option<StreamEvent>> {
        let mut shards = match self.client.shards().await {
            Ok(shards) => shards,
            Err(failure) => return self.repeat_or_fail(failure.into()),
        };
        self.backoff.reset();
        if let Some(key) = self.plan.only {
            shards.retain(|shard| key.is_in(&shard.keys));
        }
        if !self.listed {
            let lost = match self.check_forgotten(&shards).await {
                Ok(lost) => lost,
                Err(error) => return self.repeat_or_fail(error),
            };
            self.listed = true;
            if lost.is_some() {
                // It is told first; the shards are listed again at once.
                self.list_at = Instant::now();
                return Ok(lost);
            }
        }
        self.graph.learn(&shards);
        for id in self.plan.starts.keys() {
            self.graph.end_before(id);
        }
        for id in self.graph.start() {
            let start = self.plan.starts.get(&id).unwrap_or(&self.plan.beginning);
            let reader = ShardReader::new(
                self.client.clone(),
                id.clone(),
                start.clone(),
                self.plan.tolerates_loss,
            );
            let task = ShardTask::new(&self.client, id, reader, &self.room, &self.sender);
            self.tasks.spawn(task.run(self.client.clone()));
        }
        // Those that have ended are let go.
        while self.tasks.try_join_next().is_some() {}
        self.list_at = Instant::now() + self.client.options().list_interval;
        Ok(None)
    }
}
