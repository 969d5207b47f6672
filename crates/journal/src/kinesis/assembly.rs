//! From the records of a partition to its batches: a function of the log alone, so that every reader counts the same.
//!
//! * A batch stands at the place of the record that completes it.
//! * A batch that was put again, because its writer did not hear that it was taken, counts once: by its writer and
//!   number. A writer puts the next batch of a partition only when it knows the one before to be there.
//! * A batch that is not complete five minutes after its first part, by the stream's own clock, was left behind by a
//!   writer that died. It is forgotten. A living writer that needed longer puts the whole batch again under another
//!   `try`, of which nothing was forgotten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{self, BatchPart, RecordHead};
use crate::Offset;
use crate::error::{Error, Result};

/// After this time, by the stream's clock, an incomplete batch will not be completed.
const COMPLETE_WITHIN_MS: i64 = 5 * 60 * 1000;
/// How long a writer's last number is kept after its last record. What it put is there long before, or never.
const REMEMBER_MS: i64 = 60 * 60 * 1000;

/// Where a reader may begin: no batch is half read here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResumePoint {
    /// The last record that counts: in which shard, its sequence number, when it arrived (ms since 1970).
    pub(super) shard: String,
    pub(super) sequence: String,
    pub(super) arrived_ms: i64,
    /// The next entry.
    pub(super) offset: Offset,
    /// The greatest time of an entry so far.
    appended_ms: i64,
    /// The writers of the last hour, by their names.
    writers: BTreeMap<String, LastBatch>,
}

/// What a writer has delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LastBatch {
    seq: u64,
    arrived_ms: i64,
}

/// Puts the batches of one partition together.
#[derive(Debug)]
pub(super) struct Assembly {
    journal: u64,
    partition: u16,
    /// Everything read so far is in here, except for what is half read.
    now: ResumePoint,
    /// The newest place without anything half read.
    clean: ResumePoint,
    /// At most one a writer.
    half_read: BTreeMap<u64, HalfRead>,
}

#[derive(Debug)]
struct HalfRead {
    seq: u64,
    attempt: u32,
    arrived_ms: i64,
    parts: Vec<Option<Vec<u8>>>,
}

/// A complete batch, still packed.
#[derive(Debug)]
pub(super) struct PackedBatch {
    /// Of its first entry.
    pub(super) offset: Offset,
    pub(super) entries: u64,
    pub(super) appended_ms: i64,
    pub(super) packed: bool,
    pub(super) payload: Vec<u8>,
    /// From where it can be read again, and from where what follows it can be.
    pub(super) before: ResumePoint,
    pub(super) after: ResumePoint,
}

/// A record of the stream, as far as it matters here.
pub(super) struct ArrivedRecord<'a> {
    pub(super) shard: &'a str,
    pub(super) sequence: &'a str,
    pub(super) arrived_ms: i64,
    pub(super) data: &'a [u8],
}

impl Assembly {
    pub(super) fn new(journal: u64, partition: u16, from: ResumePoint) -> Self {
        Assembly {
            journal,
            partition,
            now: from.clone(),
            clean: from,
            half_read: BTreeMap::new(),
        }
    }

    /// The offset of the next entry.
    pub(super) fn end(&self) -> Offset {
        self.now.offset
    }

    /// Takes the next record of the shard; the batch that it completes, if it does.
    ///
    /// # Errors
    /// When the record is none of this journal's, or is the first and not the one that every partition begins with.
    pub(super) fn take(&mut self, record: &ArrivedRecord<'_>) -> Result<Option<PackedBatch>> {
        let (head, payload) = record::parse(record.data).ok_or_else(|| {
            foreign(
                record,
                "is not a record of a journal (give the journal a stream of its own)",
            )
        })?;
        let part = match head {
            RecordHead::Manifest(manifest) => {
                if manifest.journal == self.journal && self.now.sequence.is_empty() {
                    self.pass(record);
                }
                return Ok(None);
            }
            RecordHead::Part(part) => part,
        };
        if part.journal != self.journal {
            return Err(foreign(record, "belongs to another journal"));
        }
        if part.partition != self.partition {
            return Ok(None);
        }
        if self.now.sequence.is_empty() {
            return Err(foreign(
                record,
                "is the oldest that the stream keeps, but not the first of the journal: begin at a checkpoint, and lengthen the retention of the stream",
            ));
        }
        // The place before this record is one to begin at only if no batch is half read there.
        self.forget(record.arrived_ms);
        let before = self.clean.clone();
        let completed = self.completed(&part, payload, record.arrived_ms);
        let batch = completed.map(|payload| self.deliver(&part, payload, record, before));
        self.pass(record);
        Ok(batch.map(|batch| PackedBatch {
            after: self.clean.clone(),
            ..batch
        }))
    }

    /// The whole payload, if this part completes it.
    fn completed(&mut self, part: &BatchPart, payload: &[u8], arrived_ms: i64) -> Option<Vec<u8>> {
        // A put whose answer was lost is put again, so any part may come twice, and late.
        let delivered = self.now.writers.get(&name(part.writer));
        if delivered.is_some_and(|delivered| part.seq <= delivered.seq) {
            return None;
        }
        if part.of <= 1 {
            self.half_read.remove(&part.writer);
            return Some(payload.to_vec());
        }
        let order = (part.seq, part.attempt);
        // Parts of two attempts are never mixed: the later one has all of them.
        let half = self.half_read.get(&part.writer);
        if half.is_some_and(|half| order < (half.seq, half.attempt)) {
            return None;
        }
        if half.is_none_or(|half| order > (half.seq, half.attempt)) {
            let fresh = HalfRead {
                seq: part.seq,
                attempt: part.attempt,
                arrived_ms,
                parts: vec![None; part.of as usize],
            };
            self.half_read.insert(part.writer, fresh);
        }
        let half = self.half_read.get_mut(&part.writer)?;
        *half.parts.get_mut(part.index as usize)? = Some(payload.to_vec());
        if half.parts.iter().any(Option::is_none) {
            return None;
        }
        let half = self.half_read.remove(&part.writer)?;
        Some(half.parts.into_iter().flatten().flatten().collect())
    }

    fn deliver(
        &mut self,
        part: &BatchPart,
        payload: Vec<u8>,
        record: &ArrivedRecord<'_>,
        before: ResumePoint,
    ) -> PackedBatch {
        let offset = self.now.offset;
        self.now.offset += part.entries;
        self.now.appended_ms = self.now.appended_ms.max(part.appended_ms);
        let delivered = LastBatch {
            seq: part.seq,
            arrived_ms: record.arrived_ms,
        };
        self.now.writers.insert(name(part.writer), delivered);
        PackedBatch {
            offset,
            entries: part.entries,
            appended_ms: self.now.appended_ms,
            packed: part.packed,
            payload,
            after: before.clone(),
            before,
        }
    }

    /// Forgets what is too old at this time of arrival.
    fn forget(&mut self, arrived_ms: i64) {
        self.half_read
            .retain(|_, half| arrived_ms - half.arrived_ms <= COMPLETE_WITHIN_MS);
        self.now
            .writers
            .retain(|_, delivered| arrived_ms - delivered.arrived_ms <= REMEMBER_MS);
    }

    /// A record was read.
    fn pass(&mut self, record: &ArrivedRecord<'_>) {
        self.now.shard = record.shard.to_owned();
        self.now.sequence = record.sequence.to_owned();
        self.now.arrived_ms = record.arrived_ms;
        if self.half_read.is_empty() {
            self.clean = self.now.clone();
        }
    }
}

fn name(writer: u64) -> String {
    format!("{writer:016x}")
}

fn foreign(record: &ArrivedRecord<'_>, what: &str) -> Error {
    Error::Stream(format!(
        "{}: record {} {what}",
        record.shard, record.sequence
    ))
}

#[cfg(test)]
mod tests;
