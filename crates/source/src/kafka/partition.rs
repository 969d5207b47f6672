//! One partition of a topic while it is read.

use rdkafka::Message as _;
use rdkafka::message::BorrowedMessage;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::arena::Arena;
use super::begin::PartitionName;
use crate::envelope::{self, UnwrappedValue};
use crate::message::{Location, Message, MessageBatch, SourceItem};
use crate::position::{Position, RecordMark, ResumeState};
use headcount_clock::now_ms;

/// What was taken of a partition, and the batch that is being put together.
#[derive(Debug)]
pub(super) struct TopicPartition {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) name: PartitionName,
    /// The end of the last batch, and of the last record.
    since: u64,
    taken: u64,
    /// The hash of the last record.
    hash: Option<u64>,
    /// A record that must come again as it was.
    proof: Option<RecordMark>,
    start_ms: Option<i64>,
    items: Vec<SourceItem>,
    bytes: usize,
    arena: Arena,
    /// What was in the last payload: kept for its memory.
    opened: Vec<UnwrappedValue>,
}

impl TopicPartition {
    pub(super) fn new(topic: &str, partition: i32, name: PartitionName, taken: u64) -> Self {
        TopicPartition {
            topic: topic.to_owned(),
            partition,
            name,
            since: taken,
            taken,
            hash: None,
            proof: None,
            start_ms: None,
            items: Vec::new(),
            bytes: 0,
            arena: Arena::default(),
            opened: Vec::new(),
        }
    }

    /// The record that ends at the mark is to be the same.
    pub(super) fn with_proof(self, proof: Option<RecordMark>) -> Self {
        TopicPartition { proof, ..self }
    }

    /// When the source was started for the first time, if that is where it begins.
    pub(super) fn begun(self, start_ms: Option<i64>) -> Self {
        TopicPartition { start_ms, ..self }
    }

    pub(super) fn is(&self, topic: &str, partition: i32) -> bool {
        self.partition == partition && self.topic == topic
    }

    pub(super) fn items(&self) -> usize {
        self.items.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a record. A tombstone moves only the position.
    ///
    /// # Errors
    /// With the mark where another record stands than was read there before.
    pub(super) fn take(&mut self, record: &BorrowedMessage<'_>) -> Result<(), RecordMark> {
        // Offsets of records are never negative.
        let offset = u64::try_from(record.offset()).unwrap_or_default();
        let end = offset + 1;
        let payload = record.payload();
        let hash = hash(
            payload.unwrap_or_default(),
            record.timestamp().to_millis().unwrap_or_default(),
        );
        if let Some(proof) = self.proof.filter(|proof| end >= proof.at) {
            if end == proof.at && hash != proof.hash {
                return Err(proof);
            }
            self.proof = None;
        }
        if end <= self.taken {
            return Ok(());
        }
        self.taken = end;
        self.hash = Some(hash);
        if let Some(bytes) = payload {
            self.open(bytes, offset);
            self.bytes += bytes.len();
        }
        Ok(())
    }

    /// Puts the messages of a payload behind the others.
    fn open(&mut self, payload: &[u8], offset: u64) {
        envelope::open(&self.arena.keep(payload), &mut self.opened);
        let location = Location::Record {
            partition: self.partition,
            offset,
        };
        let message = |opened: UnwrappedValue| {
            SourceItem::Message(Message {
                bytes: opened.bytes,
                position: offset + 1,
                location,
                broken: opened.broken,
            })
        };
        self.items.extend(self.opened.drain(..).map(message));
    }

    /// What was put together since the last time; `None` if that is nothing.
    pub(super) fn batch(&mut self) -> Option<MessageBatch> {
        if self.items.is_empty() {
            return None;
        }
        let items = std::mem::take(&mut self.items);
        self.bytes = 0;
        let position = self.position();
        self.since = self.taken;
        Some(MessageBatch {
            items,
            position: Some(position),
        })
    }

    /// When the source was started for the first time, if that is where it began.
    pub(super) fn start_ms(&self) -> Option<i64> {
        self.start_ms
    }

    /// Where reading stands.
    pub(super) fn position(&self) -> Position {
        let mark = self.hash.map(|hash| RecordMark {
            at: self.taken,
            hash,
        });
        let state = ResumeState::Kafka {
            since: self.since,
            mark: mark.or(self.proof),
            start_ms: self.start_ms,
            seen_ms: now_ms(),
        };
        Position::new(self.name.of(), Some(self.taken), state)
    }
}

fn hash(payload: &[u8], timestamp_ms: i64) -> u64 {
    xxh3_64_with_seed(payload, timestamp_ms.cast_unsigned())
}
