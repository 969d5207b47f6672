//! Reading one shard in the background, for a reader that takes what all of them bring.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep};

use headcount_clock::Backoff;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::reader::StreamEvent;
use crate::shard::{Page, ShardReader};

/// An event, and the room that it takes.
pub(crate) type Delivery = (Result<StreamEvent>, Option<OwnedSemaphorePermit>);

/// Reads one shard to its end.
pub(crate) struct ShardTask {
    shard: String,
    reader: ShardReader,
    room: Arc<Semaphore>,
    sender: mpsc::Sender<Delivery>,
    backoff: Backoff,
    /// When the last look was begun, if it brought nothing and nothing was left.
    empty_at: Option<std::time::Instant>,
    /// When it was last said that everything was read.
    said_at: Option<Instant>,
}

/// Nobody reads any more.
struct ReceiverGone;

impl ShardTask {
    pub(crate) fn new(
        client: &Client,
        shard: String,
        reader: ShardReader,
        room: &Arc<Semaphore>,
        sender: &mpsc::Sender<Delivery>,
    ) -> Self {
        ShardTask {
            shard,
            reader,
            room: Arc::clone(room),
            sender: sender.clone(),
            backoff: Backoff::new(client.options().delays),
            empty_at: None,
            said_at: None,
        }
    }

    pub(crate) async fn run(mut self, client: Client) {
        while let Ok(true) = self.step(&client).await {}
    }

    /// Reads once; false at the end.
    async fn step(&mut self, client: &Client) -> Result<bool, ReceiverGone> {
        self.reader.turn().await;
        let held = Arc::clone(&self.room).acquire_owned().await;
        let held = held.map_err(|_| ReceiverGone)?;
        let asked = std::time::Instant::now();
        match self.reader.read().await {
            Ok(page) => {
                self.backoff.reset();
                self.pass_on(page, asked, held, client).await
            }
            Err(error) if error.is_transient() => {
                drop(held);
                self.send(Ok(StreamEvent::Trouble(error.to_string())), None)
                    .await?;
                sleep(self.backoff.next_delay()).await;
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
        asked: std::time::Instant,
        held: OwnedSemaphorePermit,
        client: &Client,
    ) -> Result<bool, ReceiverGone> {
        let Page {
            records,
            behind_ms,
            ended,
            lost_ms,
        } = page;
        let shard = || self.shard.clone();
        if let Some((from_ms, to_ms)) = lost_ms {
            let lost = StreamEvent::Lost {
                shard: shard(),
                from_ms,
                to_ms,
            };
            self.send(Ok(lost), None).await?;
        }
        let is_empty = records.is_empty();
        let at_tip = is_empty && behind_ms == 0 && !ended;
        let whole_at = std::mem::replace(&mut self.empty_at, at_tip.then_some(asked));
        let whole_at = whole_at.filter(|_| at_tip);
        let silent_for = client.options().tip_interval;
        let says_so =
            whole_at.is_some() && self.said_at.is_none_or(|at| at.elapsed() >= silent_for);
        if !is_empty || says_so {
            let records = StreamEvent::Records {
                shard: shard(),
                records,
                behind_ms,
                whole_at,
            };
            self.send(Ok(records), Some(held)).await?;
            self.said_at = says_so.then(Instant::now);
        }
        if ended {
            self.send(Ok(StreamEvent::Ended { shard: shard() }), None)
                .await?;
        }
        Ok(!ended)
    }

    async fn send(
        &self,
        event: Result<StreamEvent, Error>,
        held: Option<OwnedSemaphorePermit>,
    ) -> Result<(), ReceiverGone> {
        self.sender
            .send((event, held))
            .await
            .map_err(|_| ReceiverGone)
    }
}
