//! The queue between a source and the program: bounded by count and by bytes.

use std::sync::{Arc, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::error::Stopped;
use crate::message::MessageBatch;

/// What an item weighs beyond its bytes.
const ITEM_BYTES: usize = 64;

/// How much may wait in the queue or be in the program's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkLimits {
    /// Number of batches.
    pub batches: usize,
    /// Bytes of messages, plus 64 for each item.
    pub bytes: usize,
}

impl Default for SinkLimits {
    /// 16 MiB: a quarter of what ingest may use, so that several sources fit; 1,024 batches, for they may be of one
    /// record each.
    fn default() -> Self {
        SinkLimits {
            batches: 1024,
            bytes: 16 << 20,
        }
    }
}

/// A queue of batches. Both ends may be in different tasks; dropping either end ends the other in good order.
pub fn channel(limits: SinkLimits) -> (Sink, BatchReceiver) {
    let bytes_max =
        u32::try_from(limits.bytes.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
    let room = Arc::new(Semaphore::new(bytes_max as usize));
    let (sender, receiver) = mpsc::channel(limits.batches.max(1));
    (
        Sink {
            sender,
            room: Arc::clone(&room),
            bytes_max,
        },
        BatchReceiver { receiver, room },
    )
}

/// Where a source pushes its batches. Waiting for room is the back-pressure.
#[derive(Debug, Clone)]
pub struct Sink {
    sender: mpsc::Sender<Delivery>,
    room: Arc<Semaphore>,
    bytes_max: u32,
}

impl Sink {
    /// Resolves when the batch is queued (not when it is durable).
    ///
    /// # Errors
    /// When the program accepts no more.
    pub async fn push(&mut self, batch: MessageBatch) -> Result<(), Stopped> {
        self.push_watched(batch).await.map(drop)
    }

    /// As [`Sink::push`]; tells later whether the program has let go of the batch.
    ///
    /// # Errors
    /// When the program accepts no more.
    pub async fn push_watched(&mut self, batch: MessageBatch) -> Result<BatchReceipt, Stopped> {
        let weight = batch.bytes() + batch.items.len() * ITEM_BYTES;
        // A batch heavier than the whole queue waits until it is alone.
        let permits = u32::try_from(weight)
            .unwrap_or(u32::MAX)
            .clamp(1, self.bytes_max);
        let permit = Arc::clone(&self.room)
            .acquire_many_owned(permits)
            .await
            .map_err(|_| Stopped)?;
        let watched = Arc::new(());
        let taken = BatchReceipt(Arc::downgrade(&watched));
        self.sender
            .send(Delivery {
                batch,
                permit: QueuePermit(permit, watched),
            })
            .await
            .map_err(|_| Stopped)?;
        Ok(taken)
    }
}

/// A batch with its place in the queue, which is free again when this is dropped.
#[derive(Debug)]
pub struct Delivery {
    /// What the source has pushed.
    pub batch: MessageBatch,
    permit: QueuePermit,
}

impl Delivery {
    /// Takes the batch out and keeps its place, for as long as its bytes are in memory.
    pub fn open(self) -> (MessageBatch, QueuePermit) {
        (self.batch, self.permit)
    }
}

/// A place in the queue.
#[derive(Debug)]
#[expect(dead_code, reason = "it counts by being alive")]
pub struct QueuePermit(OwnedSemaphorePermit, Arc<()>);

/// What becomes of a batch that was pushed.
#[derive(Debug, Clone)]
pub struct BatchReceipt(Weak<()>);

impl BatchReceipt {
    /// Whether the program has let go of the batch: it was appended, and is durable before anything is that is pushed
    /// from now on.
    pub fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// Where the program takes batches from.
#[derive(Debug)]
pub struct BatchReceiver {
    receiver: mpsc::Receiver<Delivery>,
    room: Arc<Semaphore>,
}

impl BatchReceiver {
    /// The next batch; `None` when all sources are gone and everything was taken.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.receiver.recv().await
    }
}

impl Drop for BatchReceiver {
    fn drop(&mut self) {
        self.room.close();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::FutureExt;

    use super::*;
    use crate::message::{Location, Message, SourceItem};

    fn batch(bytes: usize) -> MessageBatch {
        let message = Message {
            bytes: vec![b'x'; bytes].into(),
            position: 0,
            location: Location::Message(1),
            broken: None,
        };
        MessageBatch {
            items: vec![SourceItem::Message(message)],
            position: None,
        }
    }

    #[tokio::test]
    async fn it_is_bounded_by_count() {
        let (mut sink, mut inbox) = channel(SinkLimits {
            batches: 2,
            bytes: 1 << 20,
        });
        sink.push(batch(1)).await.unwrap();
        sink.push(batch(1)).await.unwrap();
        assert!(
            sink.push(batch(1)).now_or_never().is_none(),
            "a third batch must wait"
        );
        inbox.next().await.unwrap();
        sink.push(batch(1)).await.unwrap();
    }

    #[tokio::test]
    async fn it_is_bounded_by_bytes_until_the_batch_is_let_go() {
        let (mut sink, mut inbox) = channel(SinkLimits {
            batches: 10,
            bytes: 1000,
        });
        sink.push(batch(800)).await.unwrap();
        let (taken, permit) = inbox.next().await.unwrap().open();
        assert!(
            sink.push(batch(800)).now_or_never().is_none(),
            "the first is still in the program's hands"
        );
        drop((taken, permit));
        sink.push(batch(800)).await.unwrap();
        inbox.next().await.unwrap();
        // Heavier than the queue: alone, but it passes.
        sink.push(batch(5000)).await.unwrap();
        assert!(sink.push(batch(1)).now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_dropped_end_ends_the_other() {
        let (mut sink, inbox) = channel(SinkLimits {
            batches: 1,
            bytes: 100,
        });
        sink.push(batch(30)).await.unwrap();
        let mut other = sink.clone();
        let waiting = tokio::spawn(async move { other.push(batch(30)).await });
        let mut third = sink.clone();
        let waiting_for_room = tokio::spawn(async move { third.push(batch(90)).await });
        tokio::task::yield_now().await;
        drop(inbox);
        assert_eq!(waiting.await.unwrap(), Err(Stopped));
        assert_eq!(waiting_for_room.await.unwrap(), Err(Stopped));
        assert_eq!(sink.push(batch(1)).await, Err(Stopped));

        let (sink, mut inbox) = channel(SinkLimits::default());
        drop(sink);
        assert!(inbox.next().await.is_none());
    }
}
