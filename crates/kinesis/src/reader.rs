//! A whole stream, or what is put at one hash key: every shard after those it came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::hash_key::HashKey;
use crate::pause::Pause;
use crate::record::Record;
use crate::shard::{Page, ShardReader, Start};

/// What is to be read.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where shards begin of which nothing was read yet.
    pub beginning: Start,
    /// Where shards go on that were read before.
    pub starts: BTreeMap<String, Start>,
    /// Only the shards that hold what is put here.
    pub only: Option<HashKey>,
    /// Go on at the oldest record when what comes next is no longer kept, and say so by [`Event::Lost`].
    pub tolerates_loss: bool,
}

/// What happens while a stream is read. Events of one shard come in order, and the end of a shard before anything of
/// those that came from it.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Records of a shard, in order; none when all were read and nothing came for a while.
    Records {
        shard: String,
        records: Vec<Record>,
        /// How far behind the tip of the shard, ms of arrival.
        behind_ms: i64,
    },
    /// A closed shard was read to its end.
    Ended { shard: String },
    /// What arrived between these times (ms since 1970) is no longer kept.
    Lost {
        shard: String,
        from_ms: i64,
        to_ms: i64,
    },
    /// Something did not work and is tried again: a sentence.
    Trouble(String),
}

type Delivery = (Result<Event>, Option<OwnedSemaphorePermit>);

/// Reads the shards of a stream side by side. Memory is bounded by `reads_at_once` answers of the service.
#[derive(Debug)]
pub struct StreamReader {
    client: Client,
    plan: Plan,
    graph: Graph,
    /// When the shards are listed next.
    list_at: Instant,
    listed: bool,
    pause: Pause,
    room: Arc<Semaphore>,
    sender: mpsc::Sender<Delivery>,
    events: mpsc::Receiver<Delivery>,
    /// The room of the event that was handed out last.
    held: Option<OwnedSemaphorePermit>,
    /// Ends the tasks when the reader is dropped.
    tasks: JoinSet<()>,
}

impl StreamReader {
    pub fn new(client: Client, plan: Plan) -> Self {
        let (sender, events) = mpsc::channel(1);
        StreamReader {
            graph: Graph::default(),
            list_at: Instant::now(),
            listed: false,
            pause: Pause::new(client.options()),
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
    pub async fn next(&mut self) -> Result<Event> {
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
                    if let Event::Ended { shard } = &event {
                        self.graph.end(shard);
                        // What came from it is listed before anything else is handed out.
                        self.list_at = Instant::now();
                    }
                    return Ok(event);
                }
            }
        }
    }

    /// Lists the shards and starts those that are due.
    async fn list(&mut self) -> Result<Option<Event>> {
        let mut shards = match self.client.shards().await {
            Ok(shards) => shards,
            Err(failure) if failure.is_transient() => {
                self.list_at = Instant::now() + self.pause.grow();
                return Ok(Some(Event::Trouble(failure.to_string())));
            }
            Err(failure) => return Err(failure.into()),
        };
        self.pause.reset();
        if let Some(key) = self.plan.only {
            shards.retain(|shard| key.is_in(&shard.keys));
        }
        self.graph.learn(&shards);
        if !self.listed {
            self.listed = true;
            for id in self.plan.starts.keys() {
                self.graph.end_before(id);
            }
        }
        for id in self.graph.start() {
            let start = self.plan.starts.get(&id).unwrap_or(&self.plan.beginning);
            let reader = ShardReader::new(
                self.client.clone(),
                id.clone(),
                start.clone(),
                self.plan.tolerates_loss,
            );
            let task = Task {
                shard: id,
                reader,
                room: Arc::clone(&self.room),
                sender: self.sender.clone(),
                pause: Pause::new(self.client.options()),
                said_at: None,
            };
            self.tasks.spawn(task.run(self.client.clone()));
        }
        // Those that have ended are let go.
        while self.tasks.try_join_next().is_some() {}
        self.list_at = Instant::now() + self.client.options().list_interval;
        Ok(None)
    }
}

/// Reads one shard to its end.
struct Task {
    shard: String,
    reader: ShardReader,
    room: Arc<Semaphore>,
    sender: mpsc::Sender<Delivery>,
    pause: Pause,
    /// When it was last said that everything was read.
    said_at: Option<Instant>,
}

/// Nobody reads any more.
struct Gone;

impl Task {
    async fn run(mut self, client: Client) {
        while let Ok(true) = self.step(&client).await {}
    }

    /// Reads once; false at the end.
    async fn step(&mut self, client: &Client) -> Result<bool, Gone> {
        self.reader.turn().await;
        let held = Arc::clone(&self.room).acquire_owned().await;
        let held = held.map_err(|_| Gone)?;
        match self.reader.read().await {
            Ok(page) => {
                self.pause.reset();
                self.pass_on(page, held, client).await
            }
            Err(error) if error.is_transient() => {
                drop(held);
                self.send(Ok(Event::Trouble(error.to_string())), None)
                    .await?;
                sleep(self.pause.grow()).await;
                Ok(true)
            }
            Err(error) => {
                self.send(Err(error), Some(held)).await?;
                Ok(false)
            }
        }
    }

    async fn pass_on(
        &mut self,
        page: Page,
        held: OwnedSemaphorePermit,
        client: &Client,
    ) -> Result<bool, Gone> {
        let Page {
            records,
            behind_ms,
            ended,
            lost_ms,
        } = page;
        let shard = || self.shard.clone();
        if let Some((from_ms, to_ms)) = lost_ms {
            let lost = Event::Lost {
                shard: shard(),
                from_ms,
                to_ms,
            };
            self.send(Ok(lost), None).await?;
        }
        let at_tip = behind_ms == 0;
        let silent_for = client.options().tip_interval;
        let says_so = at_tip && self.said_at.is_none_or(|at| at.elapsed() >= silent_for);
        if !records.is_empty() || says_so {
            let records = Event::Records {
                shard: shard(),
                records,
                behind_ms,
            };
            self.send(Ok(records), Some(held)).await?;
            self.said_at = at_tip.then(Instant::now);
        }
        if ended {
            self.send(Ok(Event::Ended { shard: shard() }), None).await?;
        }
        Ok(!ended)
    }

    async fn send(
        &self,
        event: Result<Event, Error>,
        held: Option<OwnedSemaphorePermit>,
    ) -> Result<(), Gone> {
        self.sender.send((event, held)).await.map_err(|_| Gone)
    }
}
