//! The one thread that writes a partition: takes a group, puts it, answers. The next group is put when this one is
//! known to be there, so a partition has the order of its appends.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use headcount_kinesis::{Client, HashKey, Put};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::record::{self, BatchPart, RecordHead, StreamManifest};
use crate::close_on_drop::CloseOnDrop;
use crate::counters::PartitionCounters;
use crate::error::{Error, Result};
use crate::metrics::JournalBackend;
use crate::queue::{Job, Linger, Queue};
use crate::waiting::Waiting;
use headcount_clock::now_ms;

/// When every part of a batch was taken within this time by the writer's clock, it was complete within five minutes by
/// the stream's, after which readers forget it.
const PUT_WITHIN: Duration = Duration::from_secs(3 * 60);

/// A put that takes longer is one that the client tries again, for the service does not answer or does not take it.
const LONG_PUT: Duration = Duration::from_secs(5);

/// How long a put may still take when the journal is closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(60);

/// What a partition's writer shares with the journal.
pub(super) struct KinesisPartition {
    pub(super) queue: Queue,
    pub(super) counts: PartitionCounters,
    pub(super) closing: watch::Sender<bool>,
}

pub(super) struct KinesisWriter {
    pub(super) client: Client,
    pub(super) runtime: Handle,
    pub(super) manifest: StreamManifest,
    pub(super) partition: u16,
    pub(super) writer: u64,
    pub(super) seq: u64,
    pub(super) delivery_timeout: Duration,
    pub(super) shared: Arc<KinesisPartition>,
    pub(super) waiting: Arc<Waiting>,
}

/// Starts the writer of a partition. It ends when its queue is closed, or when a put fails for good.
pub(super) fn start(writer: KinesisWriter) -> std::io::Result<JoinHandle<Result<()>>> {
    std::thread::Builder::new()
        .name(format!("journal-p{:03}", writer.partition))
        .spawn(move || {
            let shared = Arc::clone(&writer.shared);
            let _closes = CloseOnDrop(move || shared.queue.fail(&Error::Closed));
            writer.run()
        })
}

impl KinesisWriter {
    fn run(mut self) -> Result<()> {
        while let Some(group) = self.shared.queue.take(Linger::default()) {
            self.commit(group)?;
        }
        Ok(())
    }

    fn commit(&mut self, group: Vec<Job>) -> Result<()> {
        let mut entries = Vec::new();
        let mut replies = Vec::with_capacity(group.len());
        for job in group {
            entries.extend(job.entries);
            replies.push(job.reply);
        }
        let began = Instant::now();
        let done = if entries.is_empty() {
            Ok(0)
        } else {
            self.put(&entries)
        };
        match done {
            Ok(bytes) => {
                let (counts, took) = (&self.shared.counts, began.elapsed());
                counts.committed(JournalBackend::Kinesis, entries.len() as u64, bytes, took);
                for reply in replies {
                    let _ = reply.send(Ok(None));
                }
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, partition = self.partition, "the journal accepts no more entries");
                // Before the answers: whoever gets one must find the queue closed.
                self.shared.queue.fail(&error);
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
                Err(error)
            }
        }
    }

    /// Puts a batch; its bytes in the stream.
    fn put(&mut self, entries: &[crate::Entry]) -> Result<u64> {
        let (payload, packed) = record::pack(entries)?;
        self.seq += 1;
        let appended_ms = now_ms();
        let began = Instant::now();
        for attempt in 0.. {
            let records = self.records(&payload, packed, entries.len(), attempt, appended_ms);
            let bytes = records.iter().map(|put| put.data.len() as u64).sum();
            let is_one = records.len() == 1;
            // One record is there or not, however long it takes; several must come close together.
            let limit = if is_one {
                self.delivery_timeout
            } else {
                PUT_WITHIN
            };
            let started = Instant::now();
            let putting = self.said_when_long(self.client.put_within(records, limit));
            let closing = closed_for_long(self.shared.closing.subscribe());
            let put = self.runtime.block_on(async {
                tokio::select! {
                    put = putting => put.map_err(Error::from),
                    error = closing => Err(error),
                }
            });
            match put {
                Ok(_) if is_one || started.elapsed() <= PUT_WITHIN => return Ok(bytes),
                Ok(_) | Err(Error::Kinesis(headcount_kinesis::Error::GaveUp { .. }))
                    if began.elapsed() < self.delivery_timeout =>
                {
                    tracing::warn!(partition = self.partition, attempt, "putting a batch again");
                }
                Ok(_) => break,
                Err(error) => return Err(error),
            }
        }
        Err(Error::Stream(format!(
            "partition {}: headcount could not put a batch within {} seconds (give the stream more shards)",
            self.partition,
            self.delivery_timeout.as_secs()
        )))
    }

    /// Says that the stream is waited for, when a put takes longer than one that succeeds.
    async fn said_when_long<T>(&self, putting: impl Future<Output = T>) -> T {
        let mut putting = std::pin::pin!(putting);
        if let Ok(put) = tokio::time::timeout(LONG_PUT, &mut putting).await {
            return put;
        }
        let reason = format!(
            "waiting for an answer to a write to {}",
            self.client.stream()
        );
        self.waiting.begin(self.partition, reason);
        let put = putting.await;
        self.waiting.end(self.partition);
        put
    }

    fn records(
        &self,
        payload: &[u8],
        packed: bool,
        entries: usize,
        attempt: u32,
        appended_ms: i64,
    ) -> Vec<Put> {
        // The middle, so that all of it goes to one shard also after the stream was split or merged.
        let hash_key = HashKey::middle_of(self.partition, self.manifest.partitions);
        let parts = record::parts(payload);
        let of = u32::try_from(parts.len()).expect("a batch has at most 32 MiB");
        let head = |index| {
            RecordHead::Part(BatchPart {
                journal: self.manifest.journal,
                partition: self.partition,
                writer: self.writer,
                seq: self.seq,
                attempt,
                index,
                of,
                entries: entries as u64,
                appended_ms,
                packed,
            })
        };
        (0..)
            .zip(parts)
            .map(|(index, part)| Put {
                data: record::record(&head(index), part),
                partition_key: format!("p{:03}", self.partition),
                hash_key,
            })
            .collect()
    }
}

/// Waits until the journal has been closing for too long.
async fn closed_for_long(mut closing: watch::Receiver<bool>) -> Error {
    // An error means that the journal is gone, which is as good.
    let _ = closing.wait_for(|closing| *closing).await;
    tokio::time::sleep(CLOSE_LIMIT).await;
    Error::Stream(format!(
        "headcount could not put a batch within {} seconds after the journal was closed; the next opening shows whether the stream has it",
        CLOSE_LIMIT.as_secs()
    ))
}
